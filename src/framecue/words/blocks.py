"""Lines that come and go together, one under the other, are one text: a title in two lines, a caption's sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from framecue.words.joining import ShownText
from framecue.words.lines import Piece

__all__ = ["join_blocks"]

# Longer texts are left as several: what is found is to be shown in a line.
_MAX_CHARS = 200
# In heights of a line: how far apart two may be, and how differently high.
_MAX_GAP = 0.9
_MOST_HIGHER = 1.35
# How much of the narrower one stands under the other.
_MIN_SHARED = 0.5


def join_blocks(shown: Sequence[ShownText]) -> list[ShownText]:
    """Join texts that are in the same pictures, one right under the other.

    Args:
        shown: in the order of reading.

    Returns:
        In the order of their first lines; each block is where its first line is.
    """
    blocks: list[list[ShownText]] = []
    # By the pictures that they are in.
    together: dict[tuple[int, int], list[list[ShownText]]] = {}
    for text in shown:
        peers = together.setdefault((text.first, text.last), [])
        block = next((block for block in reversed(peers) if _goes_on(block, text)), None)
        if block is None:
            block = []
            peers.append(block)
            blocks.append(block)
        block.append(text)
    return [_joined(block) for block in blocks]


def _goes_on(block: Sequence[ShownText], text: ShownText) -> bool:
    upper, lower = block[-1].first_line, text.first_line
    small, large = sorted((upper.height, lower.height))
    gap = lower.top - upper.bottom
    shared = min(upper.right, lower.right) - max(upper.left, lower.left)
    narrower = min(upper.right - upper.left, lower.right - lower.left)
    num_chars = sum(len(line.best.text) + 1 for line in block) + len(text.best.text)
    return (
        large <= _MOST_HIGHER * small
        and -0.5 * small <= gap <= _MAX_GAP * small
        and shared >= _MIN_SHARED * narrower
        and num_chars <= _MAX_CHARS
    )


def _joined(block: Sequence[ShownText]) -> ShownText:
    lines: list[Piece] = [text.best for text in block]
    num_chars = sum(len(line.text) for line in lines)
    confidence = sum(line.confidence * len(line.text) for line in lines) / num_chars
    best = replace(lines[0], text=" ".join(line.text for line in lines), confidence=confidence)
    return block[0] if len(block) == 1 else replace(block[0], best=best)
