"""Cues: texts with their times, as subtitle files and subtitle tracks hold them, without their markup.

What is parsed is whatever lies on people's disks, so everything here has a bound, and each step takes time in
proportion to a text's length. The patterns by which pysubs2 removes markup do not, so the markup is removed first.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

__all__ = ["Cue", "parse_cues", "plain_dialogue", "tidy"]

# Two readable lines take 80 characters.
_MAX_CUE_CHARS = 1000

# HTML's tags, WebVTT's tags with classes and times, SubStation's overrides; each within one line.
_MARKUP = re.compile(r"</?(?:[a-zA-Z]|\d+:\d)[^<>\n]*>|\{\\[^{}\n]*\}")
# A cue's two times, of which hours and the fraction of a second may be missing, and lines of digits may be any length.
# A shift may have made one of them negative.
_TIME = r"(-?)(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,9}))?"
_TIMES = re.compile(rf"^[ \t]*{_TIME}[ \t]*-{{1,2}}>[ \t]*{_TIME}(?![\d:])", re.MULTILINE)
# A time before which hours are divided off that are not there: pysubs2 takes nothing for a number.
_NO_HOURS = re.compile(r"(?<!\d):(?=\d{2}:\d{2}\.\d{2})")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
# What a line of SubStation is made of, besides text: signs that stand for others, and what stands between braces.
_DIALOGUE = re.compile(r"\\([Nnh{}])|\{([^{}]*)\}")
_SIGNS = {"N": "\n", "n": "\n", "h": " ", "{": "{", "}": "}"}
# Whether what follows is a drawing, of which the text says the lines: "p" with a scale, 0 for text again.
_DRAWING = re.compile(r"\\p(\d{1,4})")


@dataclass(frozen=True)
class Cue:
    """A text and when it is shown; ``end_seconds`` is never before ``start_seconds``.

    Attributes:
        language: ISO 639-1 code of its language, None where nothing says it.
        is_mended: whether its times were told otherwise, and were none.
        file_name: of the file that it was read from, None where that does not matter.
    """

    start_seconds: float
    end_seconds: float
    text: str
    language: str | None = None
    is_mended: bool = field(default=False, compare=False)
    file_name: str | None = field(default=None, compare=False)


def parse_cues(text: str, format_name: str) -> list[Cue]:
    """Return the cues in the text of a subtitle file, in the order of their starts.

    Args:
        text: with lines that end in a line feed alone.
        format_name: ``srt`` or ``vtt``.

    Returns:
        The cues that have a text, without markup; none if the text is not of this format.
    """
    import pysubs2

    negative: set[str] = set()

    def full_times(found: re.Match[str]) -> str:
        times = _full_times(found)
        if found[1] or found[6]:
            negative.add(times)
        return times

    plain = _TIMES.sub(full_times, re.sub(r"\n{3,}", "\n\n", _MARKUP.sub("", text)))
    plain = _NO_HOURS.sub(": ", plain)
    cues = []
    # Whatever still looks like markup is text (or an attack on the patterns of pysubs2).
    for event in pysubs2.SSAFile.from_string(plain, format_=format_name, keep_html_tags=True):
        words = event.text[:_MAX_CUE_CHARS].replace("\\N", "\n")
        if format_name == "vtt":
            # A comment or the next cue's name may follow the empty line that ends a cue.
            words = words.partition("\n\n")[0]
        if words := tidy(html.unescape(words)):
            start_seconds, end_seconds = event.start / 1000, event.end / 1000
            times = " --> ".join(_full_time(milliseconds) for milliseconds in (event.start, event.end))
            is_mended = end_seconds < start_seconds or times in negative
            cues.append(Cue(start_seconds, max(start_seconds, end_seconds), words, is_mended=is_mended))
    return sorted(cues, key=lambda cue: cue.start_seconds)


def _full_times(found: re.Match[str]) -> str:
    """Return a cue's times with hours and milliseconds, as pysubs2 wants them of each format; none before 0."""
    times = []
    for sign, *told in (found.groups()[:5], found.groups()[5:]):
        hours, minutes, seconds, fraction = told if not sign else (None, "0", "0", None)
        times.append(f"{int(hours or 0):02}:{int(minutes):02}:{int(seconds):02}.{(fraction or '0')[:3]:<03}")
    return " --> ".join(times)


def _full_time(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"


def plain_dialogue(dialogue: str) -> str:
    """Return the text of a line of SubStation (ASS) without its markup; drawings have none.

    Args:
        dialogue: the last field of the line, as it is stored, or as ffmpeg gives it for subtitles of any kind.

    Returns:
        Lines; empty if nothing is to be read.
    """
    parts: list[str] = []
    is_drawing = False
    end = 0
    for found in _DIALOGUE.finditer(dialogue):
        if not is_drawing:
            parts.append(dialogue[end : found.start()])
            parts.append(_SIGNS.get(found[1] or "", ""))
        for scale in _DRAWING.findall(found[2] or ""):
            is_drawing = int(scale) > 0
        end = found.end()
    if not is_drawing:
        parts.append(dialogue[end:])
    return tidy(html.unescape(_MARKUP.sub("", "".join(parts))))[:_MAX_CUE_CHARS].rstrip()


def tidy(text: str) -> str:
    """Return a text without empty lines, control characters and needless spaces."""
    lines = (" ".join(line.split()) for line in _CONTROLS.sub(" ", text).splitlines())
    return "\n".join(filter(None, lines))
