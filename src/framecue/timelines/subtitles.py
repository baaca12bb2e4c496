"""Subtitles (.vtt, .srt): a cue for each hit of one video, with what was searched for and what was found there."""

from __future__ import annotations

from framecue.timelines.assembly import Assembly
from framecue.timelines.pick import Pick, Remark
from framecue.words.timed_text import SAID, TimedText
from framecue.words.write import format_words

__all__ = ["write_srt", "write_vtt"]


def write_srt(assembly: Assembly) -> bytes:
    """Return an assembly of one video as the content of an .srt file."""
    return _subtitles(assembly, "srt")


def write_vtt(assembly: Assembly) -> bytes:
    """Return an assembly of one video as the content of a .vtt file."""
    return _subtitles(assembly, "vtt")


def _subtitles(assembly: Assembly, format_name: str) -> bytes:
    cues = [cue for pick in assembly.picks for cue in _cues(pick)]
    return format_words(cues, format_name).encode("utf-8")


def _cues(pick: Pick) -> list[TimedText]:
    """Return the cues of a pick: one, or one for each of its parts."""
    parts = pick.parts or (Remark("", pick.query or pick.name),)
    said = [] if pick.parts else [str(word) for word in pick.words]
    return [
        TimedText(
            pick.start_seconds if part.start_seconds is None else part.start_seconds,
            pick.end_seconds if part.end_seconds is None else part.end_seconds,
            "\n".join([part.text, pick.facts, *said]),
            SAID,
        )
        for part in parts
    ]
