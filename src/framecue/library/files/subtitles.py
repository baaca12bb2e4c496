"""Reading subtitle and text files: bytes in an unknown encoding become cues, texts with their times.

The files are whatever lies on people's disks, so everything here has a bound, and each step takes time in proportion
to a file's length. The patterns by which pysubs2 removes markup do not, so the markup is removed first.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass

from framecue.library.files.interface import Files
from framecue.library.files.text_encoding import decode_text
from framecue.library.results import Skipped

__all__ = ["MAX_TEXT_BYTES", "Cue", "parse_cues", "read_text", "tidy"]

# The subtitles of a film take 0.1 MB.
MAX_TEXT_BYTES = 5 << 20
# Two readable lines take 80 characters.
_MAX_CUE_CHARS = 1000

# HTML's tags, WebVTT's tags with classes and times, SubStation's overrides; each within one line.
_MARKUP = re.compile(r"</?(?:[a-zA-Z]|\d+:\d)[^<>\n]*>|\{\\[^{}\n]*\}")
# A cue's two times, of which hours and the fraction of a second may be missing, and lines of digits may be any length.
_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,9}))?"
_TIMES = re.compile(rf"^[ \t]*{_TIME}[ \t]*-{{1,2}}>[ \t]*{_TIME}(?![\d:])", re.MULTILINE)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")


@dataclass(frozen=True)
class Cue:
    """A text and when it is shown; ``end_seconds`` is never before ``start_seconds``."""

    start_seconds: float
    end_seconds: float
    text: str


def read_text(files: Files, path: str, *, languages: Iterable[str] = ()) -> str | Skipped:
    """Return the content of a text file in whatever encoding, or why there is none.

    Args:
        files: where it lies.
        path: the file.
        languages: the codes of languages that its name gives, see :func:`decode_text`.
    """
    try:
        with files.open(path) as file:
            data = file.read(MAX_TEXT_BYTES + 1)
    except OSError as error:
        return Skipped(path, f"cannot be read ({error.strerror})")
    if len(data) > MAX_TEXT_BYTES:
        return Skipped(path, f"larger than {MAX_TEXT_BYTES >> 20} MB, which no subtitles are")
    text = decode_text(data, languages)
    if text is None:
        return Skipped(path, "its text is in no encoding that could be told; save it as UTF-8")
    if "\0" in text:
        return Skipped(path, "not a text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse_cues(text: str, format_name: str) -> list[Cue]:
    """Return the cues in the text of a subtitle file, in the order of their starts.

    Args:
        text: with lines that end in a line feed alone.
        format_name: ``srt`` or ``vtt``.

    Returns:
        The cues that have a text, without markup; none if the text is not of this format.
    """
    import pysubs2

    plain = _TIMES.sub(_full_times, re.sub(r"\n{3,}", "\n\n", _MARKUP.sub("", text)))
    cues = []
    # Whatever still looks like markup is text (or an attack on the patterns of pysubs2).
    for event in pysubs2.SSAFile.from_string(plain, format_=format_name, keep_html_tags=True):
        words = event.text[:_MAX_CUE_CHARS].replace("\\N", "\n")
        if format_name == "vtt":
            # A comment or the next cue's name may follow the empty line that ends a cue.
            words = words.partition("\n\n")[0]
        if words := tidy(html.unescape(words)):
            start_seconds = event.start / 1000
            cues.append(Cue(start_seconds, max(start_seconds, event.end / 1000), words))
    return sorted(cues, key=lambda cue: cue.start_seconds)


def _full_times(found: re.Match[str]) -> str:
    """Return a cue's times with hours and milliseconds, as pysubs2 wants them of each format."""
    times = []
    for hours, minutes, seconds, fraction in (found.groups()[:4], found.groups()[4:]):
        times.append(f"{int(hours or 0):02}:{int(minutes):02}:{int(seconds):02}.{(fraction or '0')[:3]:<03}")
    return " --> ".join(times)


def tidy(text: str) -> str:
    """Return a text without empty lines, control characters and needless spaces."""
    lines = (" ".join(line.split()) for line in _CONTROLS.sub(" ", text).splitlines())
    return "\n".join(filter(None, lines))
