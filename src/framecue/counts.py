"""Numbers of things in words."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number of things: 1 video, 2 videos.

    Args:
        number: how many.
        one: what one of them is called.
        many: what several are called; by default with an s.
    """
    return f"{number} {one if number == 1 else many or one + 's'}"
