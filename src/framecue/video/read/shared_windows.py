"""Where windows of a long shot lie if overlapping ones are to look at the same frames.

A sampling takes a frame in the middle of each of a window's intervals. Windows that lie anywhere have frames of their
own, a few hundredths of a second apart, each of which a model has to encode. Here all intervals have as many frames,
and a window begins where an interval of the one before begins: what they share is the same frame.
"""

from __future__ import annotations

import numpy as np

from framecue.video.read.grid import EDGE_SECONDS
from framecue.video.read.sampling import FrameSampling
from framecue.video.read.segments import Segmentation

__all__ = ["SharedWindows"]

_ROUNDING = 1e-9
# Frames that last longer or shorter than this, of the usual time, are of a variable rate, where intervals of as many
# frames are not as long.
_MOST_UNEVEN = 0.5
# How far the length of a window may be from the wanted one, in parts of the distance of two windows.
_MOST_OFF = 0.25


class SharedWindows:
    """Cuts shots into windows that share frames.

    Args:
        times_seconds: float64 (N,), ascending; when the video's frames are shown.
        sampling: which frames of each window are taken.
        segmentation: how long windows are, and how much of one the next one shares.
    """

    def __init__(self, times_seconds: np.ndarray, sampling: FrameSampling, segmentation: Segmentation) -> None:
        self._times = times_seconds
        self._num_frames = sampling.num_frames
        self._window_seconds = segmentation.segment_seconds
        self._step_seconds = segmentation.segment_seconds - segmentation.overlap_seconds
        self._frames_end: dict[tuple[float, float], float] = {}

    def __call__(self, start: float, end: float) -> list[tuple[float, float]] | None:
        """Return the windows of a shot: (start, end) in seconds, by start.

        The last one goes on to the shot's end, by less than the distance of two of its frames, but its frames are those
        of a whole window; see :meth:`looked_at`.

        Args:
            start: when the shot's first frame is shown, in seconds.
            end: when the next shot's is.

        Returns:
            At least one window; None where none would share frames: the rate varies or is too low, or the windows
            overlap too little.
        """
        first, last = np.searchsorted(self._times, [start - EDGE_SECONDS, end - EDGE_SECONDS]).tolist()
        times = self._times[first:last]
        if len(times) < 2 or abs(times[0] - start) > EDGE_SECONDS:
            return None
        # With that of the last frame, which may stay on the screen while the sound goes on.
        lengths = np.diff(times, append=end)
        usual = float(lengths.mean())
        if np.abs(lengths - usual).max() > _MOST_UNEVEN * usual:
            return None
        interval = round(self._window_seconds / self._num_frames / usual)  # frames
        step = int(self._num_frames * self._step_seconds / self._window_seconds + _ROUNDING)  # intervals
        window = self._num_frames * interval  # frames
        off_seconds = abs(window * usual - self._window_seconds)
        if not 0 < step < self._num_frames or off_seconds > _MOST_OFF * self._step_seconds or window > len(times):
            return None
        last_start = (len(times) - window) // interval
        starts = [*range(0, last_start, step), last_start]
        edges = np.append(times, end)
        windows = [
            (float(edges[number * interval]), float(edges[number * interval + window])) for number in starts[:-1]
        ]
        final = (float(edges[last_start * interval]), end)
        self._frames_end[final] = float(edges[last_start * interval + window])
        return [*windows, final]

    def looked_at(self, segment: tuple[float, float]) -> tuple[float, float]:
        """Return the part of a segment of which its frames are taken: all of it, but for the last window of a shot."""
        return segment[0], self._frames_end.get(segment, segment[1])
