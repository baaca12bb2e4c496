"""Lines that are read again and again in one video: each is one text that is shown for a while."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from framecue.words.lines import Piece

__all__ = ["ShownText", "join_lines"]

# A text that is not read in one picture, and is again in the next, was there all the time.
_MAX_MISSED = 1
# Two readings of one line differ in at most this part of their characters; shorter ones than these not at all.
_MAX_DIFFERENT = 0.1
_LEAST_CHARS = 8
# A word as short as this tells one title from another: "part I", "part V".
_SHORT_WORD = 2
_WORD = re.compile(r"\w+")


@dataclass
class ShownText:
    """A text that is shown for a while.

    Attributes:
        first: the number of the picture that it is read in first.
        last: of the one that it is read in last.
        best: its most confident reading.
        first_line: its reading in the first picture.
        last_line: its reading in the last picture.
    """

    first: int
    last: int
    best: Piece
    first_line: Piece
    last_line: Piece

    def note(self, number: int, line: Piece) -> None:
        """Note that it has been read once more."""
        self.last, self.last_line = number, line
        if line.confidence > self.best.confidence:
            self.best = line


def join_lines(pictures: Iterable[Sequence[Piece]]) -> list[ShownText]:
    """Join the lines of neighbouring pictures that are the same, also where they were read a little differently.

    Args:
        pictures: the lines of each picture, pictures in the order of time.

    Returns:
        In the order of their first pictures, then of the lines in them.
    """
    shown: list[ShownText] = []
    current: list[ShownText] = []
    for number, lines in enumerate(pictures):
        current = [text for text in current if number - text.last <= _MAX_MISSED + 1]
        new = [ShownText(number, number, line, line, line) for line in lines if not _is_noted(line, number, current)]
        shown += new
        current += new
    return shown


def _is_noted(line: Piece, number: int, current: Sequence[ShownText]) -> bool:
    """Whether a line is one of the texts that are shown, of which it is noted then."""
    same = [text for text in current if text.last < number and _is_same(text.best.text, line.text)]
    if not same:
        return False
    # Where a picture has a text twice, each goes on where it stands.
    min(same, key=lambda text: (text.best.text != line.text, _distance(text.last_line, line))).note(number, line)
    return True


def _distance(one: Piece, other: Piece) -> float:
    return abs(one.left - other.left) + abs(one.top - other.top)


def _is_same(one: str, other: str) -> bool:
    """Whether two texts are readings of one line: but for a few letters, never for a number or for a short word."""
    if one == other:
        return True
    a, b = ("".join(text.casefold().split()) for text in (one, other))
    if a == b:
        return True
    longest = max(len(a), len(b))
    if min(len(a), len(b)) < _LEAST_CHARS or abs(len(a) - len(b)) > _MAX_DIFFERENT * longest:
        return False
    if _short_words(one) != _short_words(other) or _digits(a) != _digits(b):
        return False
    blocks = difflib.SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    return longest - sum(block.size for block in blocks) <= _MAX_DIFFERENT * longest


def _short_words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.casefold()) if len(word) <= _SHORT_WORD]


def _digits(text: str) -> list[str]:
    return [char for char in text if char.isdigit()]
