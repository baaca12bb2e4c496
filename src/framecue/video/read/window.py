"""What can be said of a window and a size before any file is opened."""

from __future__ import annotations

from framecue.errors import InputError

__all__ = ["check_short_side", "check_window"]


def check_window(start_seconds: float | None, end_seconds: float | None) -> None:
    """Refuse a window that no video has.

    Args:
        start_seconds: where it starts; ``None`` for the video's beginning.
        end_seconds: where it ends; ``None`` for the video's end.

    Raises:
        InputError: it starts before 0, or ends before it starts.
    """
    start = 0.0 if start_seconds is None else start_seconds
    # Put so that a number that is none (NaN) is refused as well.
    if not start >= 0 or (end_seconds is not None and not end_seconds > start):
        raise InputError(f"no window runs from {start} to {end_seconds} seconds: give 0 <= start < end")


def check_short_side(short_side: int | None) -> None:
    """Refuse a size that no picture has; ``None`` stands for full size.

    Raises:
        InputError: it is below 1.
    """
    if short_side is not None and short_side < 1:
        raise InputError(f"short_side is {short_side}; it must be at least 1 pixel")
