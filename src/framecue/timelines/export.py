"""Exporting hits: from what a search found to files that editing programs, players and spreadsheets open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from framecue.counts import counted
from framecue.errors import InputError, VideoError
from framecue.library.results import Hit, SearchResult
from framecue.outputs import check_output, written_beside
from framecue.timelines.assembly import assemble
from framecue.timelines.formats import TimelineFormat, format_for
from framecue.timelines.pick import Pick, picks_of
from framecue.timelines.plain_text import plain, plain_stem
from framecue.timelines.timecode import FrameRate
from framecue.video import IsolatedReader, VideoTimebase

if TYPE_CHECKING:
    import opentimelineio

__all__ = ["Exported", "Made", "make_files", "timeline_of", "title_of", "write_hits", "write_picks"]

Kept = Callable[[], Iterable[str | Path]]
# A name of the output's own, a video's and a suffix, which a file system takes.
_LONGEST_STEM_BYTES = 120
_USUAL_TITLE = "framecue"


@dataclass(frozen=True)
class Made:
    """The content of an export.

    Attributes:
        files: the content of each file by what stands between the output's name and its suffix: nothing, or of several
            videos each one's name.
        remarks: what there is to say of it, a line each, such as a file that could not be read.
    """

    files: Mapping[str, bytes]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        paths: the files.
        remarks: what there is to say of them, a line each.
    """

    paths: tuple[Path, ...]
    remarks: tuple[str, ...] = ()


def write_hits(
    hits: Sequence[Hit],
    path: str | Path,
    *,
    query: str = "",
    overwrite: bool = False,
    kept: Kept | None = None,
) -> Exported:
    """Write hits to a file that another program opens: a timeline, a list of cuts, a table, a playlist, subtitles.

    Args:
        hits: of one search, in the order in which they are to stand.
        path: the file; its suffix says what it becomes: .otio, .edl, .csv, .m3u, .vtt or .srt. Subtitles are of one
            video each; of several, `hits.srt` becomes `hits.NAME.srt` for each.
        query: what was searched for, for titles and markers.
        overwrite: whether files that exist may be replaced.
        kept: files that are never replaced; see :func:`framecue.outputs.check_output`.

    Returns:
        What was written, and what there is to say of it.

    Raises:
        InputError: there are no hits, or none that can be in such a file; the suffix is unknown, or what writes it is
            not installed; or a file exists.
        OutputError: it cannot be written.
    """
    return write_picks(picks_of([SearchResult(query, hits)]), path, overwrite=overwrite, kept=kept)


def timeline_of(hits: Sequence[Hit], *, query: str = "") -> opentimelineio.schema.Timeline:
    """Return hits as a timeline of OpenTimelineIO, to be changed or written by its adapters.

    Args:
        hits: of one search, in the order in which they are to stand.
        query: what was searched for.

    Raises:
        InputError: there are no hits, or OpenTimelineIO is not installed.
    """
    format_for("otio")
    from framecue.timelines.otio import timeline_from

    picks = picks_of([SearchResult(query, hits)])
    _check_some(picks)
    return timeline_from(assemble(picks, read_timebases(picks), title=title_of(picks)))


def write_picks(
    picks: Sequence[Pick], path: str | Path, *, overwrite: bool = False, kept: Kept | None = None
) -> Exported:
    """Write picks to a file, as :func:`write_hits` does."""
    path = Path(path)
    chosen = format_for(path)
    # Most often it is this one, so nothing is read for a file that may not be written.
    if not chosen.is_of_one_video:
        check_output(path, overwrite=overwrite, kept=kept)
    made = make_files(picks, chosen, title=title_of(picks))
    targets = {name: path.with_name(f"{path.stem}.{name}{path.suffix}") if name else path for name in made.files}
    for target in targets.values():  # all of them, before the first is written
        check_output(target, overwrite=overwrite, kept=kept)
    for name, content in made.files.items():
        with written_beside(targets[name], overwrite=overwrite, kept=kept) as partial:
            partial.write_bytes(content)
    return Exported(tuple(targets.values()), made.remarks)


def make_files(
    picks: Sequence[Pick], chosen: TimelineFormat, *, title: str, reader: IsolatedReader | None = None
) -> Made:
    """Return the content of an export.

    Args:
        picks: in their order.
        chosen: the format.
        title: of the whole.
        reader: reads the videos' rates; None for one of its own.

    Raises:
        InputError: there are no picks, or none that can be in such a file.
    """
    _check_some(picks)
    remarks = []
    taken = [pick for pick in picks if chosen.has_pictures or not pick.is_picture]
    if len(taken) < len(picks):
        left_out = counted(len(picks) - len(taken), "result")
        remarks.append(f"{left_out} left out: a picture has no times")
    if not taken:
        raise InputError(f"all results are pictures, which have no times, and {chosen.title} cannot have them")
    timebases = read_timebases(taken, reader) if chosen.reads_files else {}
    remarks += _about_rates(timebases)
    if not chosen.is_of_one_video:
        return Made({"": chosen.write(assemble(taken, timebases, title=title))}, tuple(remarks))
    by_path: dict[str, list[Pick]] = {}
    for pick in taken:
        by_path.setdefault(pick.path, []).append(pick)
    names = _stems(by_path) if len(by_path) > 1 else [""]
    if len(by_path) > 1:
        remarks.append(f"{chosen.title} are of one video each, so there is a file for each of {len(by_path)}")
    made = {
        name: chosen.write(assemble(some, timebases, title=title))
        for name, some in zip(names, by_path.values(), strict=True)
    }
    return Made(made, tuple(remarks))


def read_timebases(
    picks: Iterable[Pick], reader: IsolatedReader | None = None
) -> dict[str, VideoTimebase | VideoError]:
    """Return how the frames of the picks' videos are counted, or why that cannot be told, by their paths."""
    found: dict[str, VideoTimebase | VideoError] = {}
    with ExitStack() as stack:
        for path in dict.fromkeys(pick.path for pick in picks if not pick.is_picture):
            reader = reader or stack.enter_context(IsolatedReader())
            try:
                found[path] = reader.timebase(path)
            except VideoError as error:
                found[path] = error
    return found


def _about_rates(timebases: Mapping[str, VideoTimebase | VideoError]) -> Iterator[str]:
    """Yield what a person should know of how the frames of files are counted."""
    for path, found in timebases.items():
        if isinstance(found, VideoError):
            yield f"{found}; its frames are counted at the timeline's rate"
        elif found.is_variable:
            rate = FrameRate(found.rate)
            yield f"{path}: its frame rate varies; it is counted at {rate} frames a second, the nearest usual rate"


def title_of(picks: Sequence[Pick]) -> str:
    """Return a title for picks: what was searched for, if that is one thing."""
    queries = dict.fromkeys(pick.query for pick in picks if pick.query)
    if len(queries) > 1:
        return f"{_USUAL_TITLE}: {counted(len(queries), 'search', 'searches')}"
    return plain(next(iter(queries), "")) or _USUAL_TITLE


def _check_some(picks: Sequence[Pick]) -> None:
    if not picks:
        raise InputError("there are no results to export")


def _stems(paths: Iterable[str]) -> list[str]:
    """Return a name for each file, no two alike, also where case says nothing."""
    names: list[str] = []
    taken: set[str] = set()
    for path in paths:
        stem = plain_stem(PurePath(path).stem, longest_bytes=_LONGEST_STEM_BYTES)
        name, number = stem, 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.lower())
        names.append(name)
    return names
