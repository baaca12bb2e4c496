"""From when to when a clip lasts."""

from __future__ import annotations

from fractions import Fraction

from framecue.video.read.packets import PacketIndex

__all__ = ["is_within_still", "shown_span"]

# A frame that lasts no longer is shown as a whole.
_FRAME_SECONDS = 1


def shown_span(
    index: PacketIndex, places: tuple[int, int], wanted_end: Fraction, *, wanted_start: Fraction | None = None
) -> tuple[Fraction, Fraction]:
    """Return when a moment begins and ends, in seconds of the file's own clock.

    It begins with its first frame and ends with its last one, unless these are shown for long: before a gap in a
    recording it may be for hours.

    Args:
        index: the video's index.
        places: the first and the last frame.
        wanted_end: the end that was asked for.
        wanted_start: the start that was asked for; None where the first frame's own start counts.
    """
    start, end = index.span(*places)
    if wanted_start is not None and is_within_still(index, places[0], wanted_start):
        start = wanted_start
    last_start, _ = index.span(places[1], places[1])
    return start, min(end, max(wanted_end, last_start + _FRAME_SECONDS))


def is_within_still(index: PacketIndex, place: int, wanted_start: Fraction) -> bool:
    """Whether a frame has been shown for long when a moment begins, so that the moment is not to begin with it."""
    start, _ = index.span(place, place)
    return wanted_start - start > _FRAME_SECONDS
