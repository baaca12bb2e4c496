"""Words and when they are said or shown: what every source of words yields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["SAID", "WRITTEN", "Kind", "TimedText", "TimedWord"]

Kind = Literal["said", "written"]
SAID: Kind = "said"
WRITTEN: Kind = "written"


@dataclass(frozen=True)
class TimedWord:
    """One word, with the signs about it, and when it is said."""

    start_seconds: float
    end_seconds: float
    text: str


@dataclass(frozen=True)
class TimedText:
    """A line or a sentence of a video, and when it is said or shown.

    Attributes:
        start_seconds: when it begins, on the same clock as the video's segments.
        end_seconds: when it ends, not before it begins.
        text: one line, without markup, not empty.
        kind: "said" for speech and for subtitles of it, "written" for what is to be read in the picture.
        language: its ISO 639-1 code; None if nobody knows it.
        confidence: of the source in it, in [0, 1]; None if it was written by a person, as subtitles are.
        words: its words with their own times, in order; none where the source does not tell them.
    """

    start_seconds: float
    end_seconds: float
    text: str
    kind: Kind
    language: str | None = None
    confidence: float | None = None
    words: tuple[TimedWord, ...] = ()
