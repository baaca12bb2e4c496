"""The part of a text that is shown: one line around what was found in it."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Spans", "snippet"]

Spans = tuple[tuple[int, int], ...]
LONGEST = 160


def snippet(text: str, spans: Sequence[tuple[int, int]], *, longest: int = LONGEST) -> tuple[str, Spans]:
    """Return a text in one line, cut around the first of some spans where it is long, and the spans in it.

    Args:
        text: of any length.
        spans: (start, end) in characters, in order; those that are cut off are left out.
        longest: how many characters are kept, besides an ellipsis at either end.
    """
    # Printable, it has no other space than the plain one.
    flat = text if text.isprintable() else "".join(" " if char.isspace() else char for char in text)
    if len(flat) <= longest:
        return flat, tuple(spans)
    first = spans[0][0] if spans else 0
    start = max(0, min(first - longest // 3, len(flat) - longest))
    end = min(len(flat), start + longest)
    head, tail = "\u2026" if start else "", "\u2026" if end < len(flat) else ""
    moved = len(head) - start
    inside = tuple((low + moved, high + moved) for low, high in spans if low >= start and high <= end)
    return f"{head}{flat[start:end]}{tail}", inside
