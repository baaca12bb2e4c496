"""Texts of a video's pictures as texts with times: from the pictures, and from a second look at where they change."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from framecue.errors import VideoError
from framecue.video import Look
from framecue.words.edges import Change, grey_copy, likeness
from framecue.words.joining import ShownText
from framecue.words.lines import Piece
from framecue.words.looking import segment_edges
from framecue.words.timed_text import WRITTEN, TimedText

__all__ = ["Reading", "reading_of", "texts_with_times"]


@dataclass(frozen=True)
class Reading:
    """The lines of a picture, with small copies of them, when it was looked at first and last, and its width."""

    first_seconds: float
    last_seconds: float
    lines: Sequence[Piece]
    width: int


def reading_of(look: Look, lines: Sequence[Piece]) -> Reading:
    """Return the reading of a picture, with small copies of its lines.

    Args:
        look: the picture.
        lines: what was read in it.
    """
    copies = [place if place is None else grey_copy(place) for place in (line.of(look.pixels) for line in lines)]
    copied = [replace(line, grey=copy) for line, copy in zip(lines, copies, strict=True)]
    return Reading(look.first_seconds, look.last_seconds, copied, look.pixels.shape[1])


@dataclass(frozen=True)
class _Watched:
    """A place where a text comes or goes: the line as it stands there, in a picture so many pixels wide."""

    change: Change
    line: Piece
    width: int

    def likeness(self, pixels: np.ndarray) -> float | None:
        """Return how like the line it is what stands there in another picture; None if that cannot be said."""
        grey = self.line.grey
        place = self.line.of(pixels, scale=pixels.shape[1] / self.width)
        return None if place is None or grey is None else likeness(grey, grey_copy(place, num_columns=grey.shape[1]))


def texts_with_times(
    shown: Sequence[ShownText],
    readings: Sequence[Reading],
    segments: Sequence[tuple[float, float]],
    look_again: Callable[[Sequence[float]], Iterator[Look]] | None,
) -> list[TimedText]:
    """Return texts with the times at which they come and go.

    Args:
        shown: the texts.
        readings: the pictures that they were read in.
        segments: (start, end) of the file's segments, in seconds.
        look_again: gives the pictures at moments, of any size; None to tell the times from the readings alone.
    """
    if not shown:
        return []
    edges = segment_edges(segments)
    watched: list[_Watched] = []
    for text in shown:
        first, last = readings[text.first], readings[text.last]
        before = readings[text.first - 1].last_seconds if text.first else min(edges[0], first.first_seconds)
        is_last = text.last + 1 == len(readings)
        after = max(edges[-1], last.last_seconds) if is_last else readings[text.last + 1].first_seconds
        watched.append(_Watched(Change(before, first.first_seconds), text.first_line, first.width))
        watched.append(_Watched(Change(after, last.last_seconds), text.last_line, last.width))
    likenesses = [{}] * len(watched) if look_again is None else _likenesses(watched, look_again)
    times = [place.change.seconds(found, edges) for place, found in zip(watched, likenesses, strict=True)]
    return [
        TimedText(start, max(start, end), text.best.text, WRITTEN, confidence=round(text.best.confidence, 4))
        for text, start, end in zip(shown, times[::2], times[1::2], strict=True)
    ]


def _likenesses(
    watched: Sequence[_Watched], look_again: Callable[[Sequence[float]], Iterator[Look]]
) -> list[dict[float, float]]:
    """Return, for each place, how like its text it is what stands there, by moment."""
    wanted: dict[float, list[int]] = {}
    for number, place in enumerate(watched):
        for moment in place.change.moments:
            wanted.setdefault(moment, []).append(number)
    found: list[dict[float, float]] = [{} for _ in watched]
    moments = sorted(wanted)
    # The words are known by now; if the file cannot be read once more, their times are those of the readings.
    with suppress(VideoError):
        for look in look_again(moments):
            for moment in moments[bisect_left(moments, look.first_seconds) : bisect_right(moments, look.last_seconds)]:
                for number in wanted[moment]:
                    how_like = watched[number].likeness(look.pixels)
                    if how_like is not None:
                        found[number][moment] = how_like
    return found
