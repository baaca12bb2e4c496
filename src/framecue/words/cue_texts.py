"""Cues as words with times: what is said once is one text, however many cues repeat it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from framecue.words.cues import Cue
from framecue.words.timed_text import SAID, TimedText

__all__ = ["timed_texts"]

# Cues of which the later one begins no longer than this after the earlier one's end follow each other.
_GAP_SECONDS = 0.25


def timed_texts(cues: Iterable[Cue]) -> list[TimedText]:
    """Return the words of cues, each cue's lines as one.

    Captions that roll, where each cue begins with the lines on which the one before it ended, give each line once; a
    cue that only repeats the one before it prolongs that. Cues without a letter or a digit (♪) have no words.

    Args:
        cues: in the order of their starts.

    Returns:
        In the same order.
    """
    found: list[TimedText] = []
    # By language, as files of two languages may come mixed: the cue before, and where its words are among the found.
    before: dict[str | None, tuple[Cue, int | None]] = {}
    for cue in cues:
        lines = cue.text.splitlines()
        place: int | None = None
        if cue.language in before:
            last, last_place = before[cue.language]
            if cue.start_seconds - last.end_seconds <= _GAP_SECONDS:
                lines = lines[_num_repeated(last.text.splitlines(), lines) :]
                place = last_place
        words = " ".join(lines)
        if any(char.isalnum() for char in words):
            place = len(found)
            found.append(TimedText(cue.start_seconds, cue.end_seconds, words, SAID, cue.language))
        elif place is not None and not lines and cue.end_seconds > found[place].end_seconds:
            text = found[place]
            found[place] = TimedText(text.start_seconds, cue.end_seconds, text.text, SAID, text.language)
        before[cue.language] = cue, place
    return found


def _num_repeated(before: Sequence[str], lines: Sequence[str]) -> int:
    """Return with how many lines, at most, the one text ends and the other begins."""
    longest = min(len(before), len(lines))
    return next((count for count in range(longest, 0, -1) if before[-count:] == lines[:count]), 0)
