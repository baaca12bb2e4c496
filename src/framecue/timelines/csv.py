"""A table (.csv): a line a hit, for spreadsheets and programs, with times in seconds and as timecodes.

It begins with the mark of UTF-8, without which Excel takes it for something else. A cell of text that a spreadsheet
would take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io

from framecue.timelines.assembly import Assembly
from framecue.timelines.pick import Pick, Remark
from framecue.video import format_hit

__all__ = ["COLUMNS", "write_csv"]

COLUMNS = (
    *("query", "rank", "confidence", "score", "name", "start_seconds", "end_seconds", "start_timecode", "end_timecode"),
    *("frames_per_second", "kind", "words", "parts", "path", "hit", "video_id"),
)
"""The columns, in their order. Timecodes and rates are empty where a file cannot be read, and times of a picture."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Excel and LibreOffice also look behind these.
_PASSED_OVER = " \u00a0\ufeff"


def write_csv(assembly: Assembly) -> bytes:
    """Return an assembly as the content of a .csv file: UTF-8, as RFC 4180 has it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for pick in assembly.picks:
        writer.writerow([_cell(value) for value in _row(assembly, pick)])
    # The bytes of a name that is not UTF-8 would make the whole file none.
    return out.getvalue().encode("utf-8-sig", "backslashreplace")


def _row(assembly: Assembly, pick: Pick) -> list[str | float | int | None]:
    span = assembly.span(pick) if assembly.media[pick.path].is_known and not pick.is_picture else None
    times = (None, None) if pick.is_picture else (round(pick.start_seconds, 3), round(pick.end_seconds, 3))
    return [
        pick.query,
        pick.rank,
        None if pick.confidence is None else round(pick.confidence, 4),
        None if pick.score is None else round(pick.score, 6),
        pick.name,
        *times,
        None if span is None else span.start_timecode,
        None if span is None else span.end_timecode,
        None if span is None else str(span.rate),
        pick.kind,
        "; ".join(map(str, pick.words)),
        "; ".join(_timed(part) for part in pick.parts),
        pick.path,
        format_hit(pick.path, pick.start_seconds, pick.end_seconds),
        pick.video_id,
    ]


def _timed(part: Remark) -> str:
    return f"{part.start_seconds:.3f}-{part.end_seconds:.3f} {part.text}" if part.end_seconds is not None else part.text


def _cell(value: str | float | int | None) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    return f"'{value}" if value.lstrip(_PASSED_OVER).startswith(_FORMULA_STARTS) else value
