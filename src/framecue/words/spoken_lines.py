"""Words with times put together to lines: sentences, or what is said between two pauses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from framecue.words.timed_text import SAID, TimedText, TimedWord

__all__ = ["HeardWord", "spoken_lines"]

# What ends a sentence, in the scripts that have other signs for it too, and what may stand behind it.
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟", "۔")  # noqa: RUF001 (they are meant)
_CLOSING = "\"'”’»)]」』"  # noqa: RUF001 (they are meant)
_CLAUSE_ENDS = (",", ";", ":", "，", "、", "；", "：", "،")  # noqa: RUF001 (they are meant)
# A pause of this length ends a line, whether or not the sentence does.
_PAUSE_SECONDS = 1.0
# A line that is shorter than this takes the next sentence too: an initial, "Mr.", "Yes."
_MIN_SECONDS = 1.0
# A longer one ends at the next comma, and at the latest after as much again.
_LONG_SECONDS = 8.0


@dataclass(frozen=True)
class HeardWord:
    """A word as a recogniser gives it.

    Attributes:
        start_seconds: when it begins.
        end_seconds: when it ends.
        text: with the signs about it, and with the space before it in languages that have spaces.
        probability: that it was said, in [0, 1].
    """

    start_seconds: float
    end_seconds: float
    text: str
    probability: float


def spoken_lines(words: Iterable[HeardWord], language: str | None) -> Iterator[TimedText]:
    """Yield words as lines.

    Args:
        words: in the order of their beginnings.
        language: what they are in, by its code.

    Yields:
        Each line, with its words and the mean of their probabilities.
    """
    line: list[HeardWord] = []
    for word in words:
        if line and _ends(line, word):
            yield from _text_of(line, language)
            line = []
        line.append(word)
    yield from _text_of(line, language)


def _ends(line: list[HeardWord], following: HeardWord) -> bool:
    """Whether a line ends before a word."""
    last = line[-1]
    length = last.end_seconds - line[0].start_seconds
    if following.start_seconds - last.end_seconds >= _PAUSE_SECONDS or length >= 2 * _LONG_SECONDS:
        return True
    text = last.text.strip().rstrip(_CLOSING)
    return (length >= _MIN_SECONDS and text.endswith(_SENTENCE_ENDS)) or (
        length >= _LONG_SECONDS and text.endswith(_CLAUSE_ENDS)
    )


def _text_of(line: list[HeardWord], language: str | None) -> Iterator[TimedText]:
    text = " ".join("".join(word.text for word in line).split())
    if text:
        words = tuple(
            TimedWord(word.start_seconds, word.end_seconds, word.text.strip()) for word in line if word.text.strip()
        )
        confidence = sum(word.probability for word in line) / len(line)
        yield TimedText(
            line[0].start_seconds, line[-1].end_seconds, text, SAID, language, min(1.0, max(0.0, confidence)), words
        )
