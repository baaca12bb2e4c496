"""From when to when a clip lasts."""

from __future__ import annotations

from fractions import Fraction

from framecue.video.read.packets import PacketIndex

__all__ = ["shown_span"]

# A last frame that lasts no longer is shown to its end.
_FRAME_SECONDS = 1


def shown_span(index: PacketIndex, places: tuple[int, int], wanted_end: Fraction) -> tuple[Fraction, Fraction]:
    """Return when a moment begins and ends, in seconds of the file's own clock.

    It ends with its last frame, unless that one is shown for long: before a gap in a recording it may be for hours.

    Args:
        index: the video's index.
        places: the first and the last frame.
        wanted_end: the end that was asked for.
    """
    start, end = index.span(*places)
    last_start, _ = index.span(places[1], places[1])
    return start, min(end, max(wanted_end, last_start + _FRAME_SECONDS))
