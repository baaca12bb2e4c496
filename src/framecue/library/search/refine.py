"""Better edges of a moment: where the frames around it begin and end to match a query.

A segment is as long as the library's windows are, and what is looked for begins and ends somewhere near. The frames of
the moment and of its neighbourhood are scored one by one, and the scores are taken to have three levels: one before,
one within, and one after. The edges are where three levels fit them best.

Shapes: N frames, E the embedding's width.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from framecue.encoder import Encoder
from framecue.errors import VideoError
from framecue.library.search.found import Found, span_of
from framecue.video.read.sampling import FrameSampling

if TYPE_CHECKING:
    from framecue.video import FrameSource

__all__ = ["best_edges", "refined", "refined_moment"]

FRAMES_A_SECOND = 4
# A moment of a video that was not cut may be hours long; its frames are then further apart.
MOST_FRAMES = 240
MOST_MARGIN_SECONDS = 6.0
_LEAST_FRAMES = 2
# The share of the scores' variance that the three levels have to explain: of scores at random they explain a fifth.
LEAST_EXPLAINED = 0.3
_ROUNDING = 1e-9


def refined(model: Encoder, whole: np.ndarray, parts: Sequence[np.ndarray], found: Found, source: FrameSource) -> Found:
    """Return what was found with better edges, each part by itself if it has parts.

    What has its times from words keeps them, and so does what is in a file that cannot be read any more.

    Args:
        model: fits the library.
        whole: float32 (E,), unit length, what is looked for.
        parts: float32 (E,) each, of what happens one after another.
        found: the moment.
        source: reads the file.
    """
    if not found.parts:
        return _with_edges(model, whole, found, source)
    moments = tuple(
        _with_edges(model, vector, moment, source) for vector, moment in zip(parts, found.parts, strict=True)
    )
    return replace(found, parts=moments, own_seconds=span_of(moments))


def _with_edges(model: Encoder, vector: np.ndarray, found: Found, source: FrameSource) -> Found:
    if found.own_seconds is not None:
        return found
    with suppress(VideoError):
        match = found.match
        times = match.path, match.start_seconds, match.end_seconds, match.duration_seconds
        return replace(found, own_seconds=refined_moment(model, vector, *times, source))
    return found


def refined_moment(
    model: Encoder,
    vector: np.ndarray,
    path: str,
    start_seconds: float,
    end_seconds: float,
    duration_seconds: float,
    source: FrameSource,
) -> tuple[float, float]:
    """Return where in a video a moment begins and ends, as its frames tell; a picture is as it is.

    Args:
        model: fits the library.
        vector: float32 (E,), unit length, what is looked for.
        path: the video.
        start_seconds: where the moment starts.
        end_seconds: where it ends.
        duration_seconds: the whole video's duration.
        source: reads the file.

    Raises:
        VideoError: the file cannot be read any more.
    """
    seconds = end_seconds - start_seconds
    if seconds <= 0:
        return start_seconds, end_seconds
    margin = min(seconds, MOST_MARGIN_SECONDS)
    start, end = max(0.0, start_seconds - margin), min(duration_seconds, end_seconds + margin)
    # A method that looks at several frames together takes as many at once as it has learnt.
    at_once = model.sampling.num_frames
    wanted = min(FRAMES_A_SECOND * (end - start), MOST_FRAMES)
    sampling = FrameSampling(max(1, round(wanted / at_once)) * at_once)
    frames = source.read_frames(path, sampling, start_seconds=start, end_seconds=end, short_side=model.short_side)
    if len(frames.pixels) < len(frames.times_seconds) or len(frames.pixels) < at_once:
        raise VideoError(path, f"has too few frames from {start:g} to {end:g} s")
    scores = [
        model.embed_frames(model.prepare(frames.pixels[first : first + at_once])) @ vector
        for first in range(0, len(frames.pixels), at_once)
    ]
    times = np.asarray(frames.times_seconds, dtype=np.float64)
    return best_edges(times, np.concatenate(scores), start_seconds, end_seconds)


def best_edges(
    times_seconds: np.ndarray, scores: np.ndarray, start_seconds: float, end_seconds: float
) -> tuple[float, float]:
    """Return the edges of the stretch of frames about a moment's middle that stands out most.

    The stretch has at least two frames, one of which is next to the moment's middle, and a higher level than what comes
    before it and after it. Three levels are fitted by least squares.

    Args:
        times_seconds: float64 (N,), when the frames are shown, rising.
        scores: float (N,), how well each matches.
        start_seconds: where the moment starts.
        end_seconds: where it ends.

    Returns:
        (start, end) in seconds, halfway between two frames; the moment's own edges where nothing stands out.
    """
    num = len(times_seconds)
    if num <= _LEAST_FRAMES:
        return start_seconds, end_seconds
    total = np.concatenate([[0.0], np.cumsum(scores, dtype=np.float64)])
    first, stop = np.arange(num)[:, None], np.arange(1, num + 1)[None, :]
    inside, before, after = stop - first, first, num - stop
    # Means of all stretches at once; where a side is empty, it has nothing to say.
    with np.errstate(divide="ignore", invalid="ignore"):
        level = (total[stop] - total[first]) / inside
        level_before = np.where(before > 0, total[first] / before, -np.inf)
        level_after = np.where(after > 0, (total[num] - total[stop]) / after, -np.inf)
    middle = int(np.abs(times_seconds - (start_seconds + end_seconds) / 2).argmin())
    is_possible = (first <= middle) & (stop > middle) & (inside >= _LEAST_FRAMES)
    is_possible &= (level > level_before) & (level > level_after) & (inside < num)
    if not is_possible.any():
        return start_seconds, end_seconds
    gain = inside * level**2 + np.where(before > 0, total[first] ** 2 / np.maximum(before, 1), 0.0)
    gain = gain + np.where(after > 0, (total[num] - total[stop]) ** 2 / np.maximum(after, 1), 0.0)
    best = int(np.where(is_possible, gain, -np.inf).argmax())
    flat = total[num] ** 2 / num
    if gain.flat[best] - flat <= LEAST_EXPLAINED * (np.square(scores, dtype=np.float64).sum() - flat) + _ROUNDING:
        return start_seconds, end_seconds
    begin, end = best // num, best % num + 1
    edges = np.concatenate([[times_seconds[0]], (times_seconds[1:] + times_seconds[:-1]) / 2, [times_seconds[-1]]])
    # Where the stretch goes on to the last frame that was looked at, the moment's own edge is as good.
    start = min(start_seconds, edges[0]) if begin == 0 else edges[begin]
    return float(start), float(max(end_seconds, edges[num]) if end == num else edges[end])
