"""Pieces of text that were read in a picture become lines, in the order in which a person reads them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Piece", "in_lines", "says_something"]

# Of two pieces in a row, the middles lie within this part of the lower one's height of each other.
_ROW_PART = 0.5
# And their heights differ by no more than this factor: a small remark beside a headline is none of its words.
_MOST_HIGHER = 1.6
# In a row, pieces with a gap of at most this many heights between them are words of one line.
_WORD_GAP = 1.0
# A model that has mostly read Chinese writes some signs of other texts as wide as Chinese ones.
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
# Scripts that are written without spaces, and in which a single character is a word.
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff]")
_RIGHT_TO_LEFT = ("R", "AL")


@dataclass(frozen=True)
class Piece:
    """A piece of text in a picture, or a line made of several.

    Attributes:
        text: what was read.
        confidence: of the reading, in [0, 1].
        left: where it begins, in pixels from the picture's left edge.
        top: likewise, from its upper edge.
        right: where it ends.
        bottom: likewise.
        grey: a small copy of what stands there, uint8 (H, W); None if none was made.
    """

    text: str
    confidence: float
    left: float
    top: float
    right: float
    bottom: float
    grey: np.ndarray | None = field(default=None, compare=False, repr=False)

    def of(self, pixels: np.ndarray, *, scale: float = 1.0) -> np.ndarray | None:
        """Return what stands at its place in a picture; None if the picture has no such place.

        Args:
            pixels: uint8 (H, W, 3).
            scale: of this picture, against the one that it was read in.

        Returns:
            uint8 (H', W', 3).
        """
        top, bottom, left, right = (round(scale * edge) for edge in (self.top, self.bottom, self.left, self.right))
        place = pixels[max(0, top) : bottom, max(0, left) : right]
        return place if place.size and bottom <= pixels.shape[0] and right <= pixels.shape[1] else None

    @property
    def height(self) -> float:
        """How high it is, in pixels."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """How far down its middle is, in pixels."""
        return (self.top + self.bottom) / 2


def in_lines(pieces: Iterable[Piece]) -> list[Piece]:
    """Put pieces of text together to lines.

    Args:
        pieces: in any order.

    Returns:
        Lines from top to bottom, in a row from left to right; a row that is written from right to left has its pieces
        in that order.
    """
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: (piece.middle, piece.left)):
        row = next((row for row in reversed(rows) if _is_in_row(piece, row)), None)
        if row is None:
            rows.append([piece])
        else:
            row.append(piece)
    return [line for row in rows for line in _lines_of(row)]


def _is_in_row(piece: Piece, row: Sequence[Piece]) -> bool:
    nearest = min(row, key=lambda other: max(piece.left - other.right, other.left - piece.right))
    lower, higher = sorted((piece.height, nearest.height))
    return abs(piece.middle - nearest.middle) <= _ROW_PART * lower and higher <= _MOST_HIGHER * lower


def _lines_of(row: list[Piece]) -> list[Piece]:
    row = sorted(row, key=lambda piece: piece.left)
    lines = [[row[0]]]
    for piece in row[1:]:
        before = lines[-1][-1]
        if piece.left - before.right <= _WORD_GAP * max(piece.height, before.height):
            lines[-1].append(piece)
        else:
            lines.append([piece])
    return [_joined(line) for line in lines]


def _joined(pieces: list[Piece]) -> Piece:
    texts = [piece.text for piece in pieces]
    if _is_right_to_left("".join(texts)):
        texts.reverse()
    text = texts[0]
    for more in texts[1:]:
        is_cjk = _CJK.match(text[-1:]) and _CJK.match(more[:1])
        text += more if is_cjk else f" {more}"
    num_chars = sum(len(piece.text) for piece in pieces)
    return Piece(
        _as_written(text),
        sum(piece.confidence * len(piece.text) for piece in pieces) / num_chars,
        min(piece.left for piece in pieces),
        min(piece.top for piece in pieces),
        max(piece.right for piece in pieces),
        max(piece.bottom for piece in pieces),
    )


def _is_right_to_left(text: str) -> bool:
    """Whether the first letter that has a direction is of a script that is written from right to left."""
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction == "L" or direction in _RIGHT_TO_LEFT:
            return direction != "L"
    return False


def _as_written(text: str) -> str:
    return " ".join((text if _CJK.search(text) else text.translate(_WIDE)).split())


def says_something(text: str) -> bool:
    """Whether a text is more than signs and a single letter, as which a model reads rings, rails and window frames."""
    return sum(char.isalnum() for char in text) > 1 or _CJK.search(text) is not None
