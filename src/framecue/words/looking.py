"""At which moments of a video to look for what is written in it: arithmetic on its segments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

__all__ = ["looked_at", "segment_edges"]

# From one moment to the next: a title that people are to read is shown for longer.
_SECONDS_PER_LOOK = 2.0


def looked_at(segments: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    """Return the moments at which a video is looked at: one or two a segment of the usual length.

    They are evenly spaced from cut to cut, however segments overlap in between.

    Args:
        segments: (start, end) in seconds, at least one.

    Returns:
        Seconds, ascending, at least one.
    """
    edges = segment_edges(segments)
    moments = []
    for start, end in pairwise(edges):
        number = max(1, round((end - start) / _SECONDS_PER_LOOK))
        moments += [start + (place + 0.5) * (end - start) / number for place in range(number)]
    return tuple(moments) or (edges[0],)


def segment_edges(segments: Sequence[tuple[float, float]]) -> list[float]:
    """Return where the first segment begins, where others begin when all before them are over, and where the last ends.

    Args:
        segments: (start, end) in seconds, at least one.

    Returns:
        Seconds, ascending; a single one if the video lasts no time.
    """
    edges: list[float] = []
    latest = -math.inf
    for start, end in sorted(segments):
        if start >= latest:
            edges.append(start)
        latest = max(latest, end)
    return sorted({*edges, latest})
