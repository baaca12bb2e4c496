"""Whether a file is whole: its packets are all read, and frames at its beginning, middle and end are decoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from framecue.errors import VideoError
from framecue.video.read.decode import VideoInfo, VideoReader
from framecue.video.read.extent import missing_bytes
from framecue.video.read.sampling import FrameSampling

__all__ = ["Condition", "read_condition"]

_FRAMES = FrameSampling(4)
# Only whether they can be decoded matters.
_SHORT_SIDE = 16
_INSTANT_SECONDS = 1e-3
# Where almost all pictures follow each other evenly, a gap this much longer than usual, and this long, is a loss. Where
# they do not, as in a recording of slides, a picture may stay on.
_EVEN_PART = 0.95
_EVEN_RATIO = 1.5
_GAP_RATIO = 10
_GAP_SECONDS = 1.0


@dataclass(frozen=True)
class Condition:
    """What a file is and whether it is whole.

    Attributes:
        info: what it is.
        problem: what is wrong with it though frames of it can be read, such as a part that was cut off; None if nothing
            is.
    """

    info: VideoInfo
    problem: str | None


def read_condition(path: str | Path) -> Condition:
    """Return what a video is, and whether it is whole.

    Args:
        path: the file.

    Raises:
        VideoError: it is missing or empty, is no video, or cannot be decoded.
    """
    with VideoReader(path) as reader:
        info = reader.info()
        return Condition(info, reader.index.warning or _cut_off(path) or _gap(reader) or _undecodable(reader))


def _cut_off(path: str | Path) -> str | None:
    try:
        missing = missing_bytes(path)
    except OSError as error:
        raise VideoError(path, f"cannot be read ({error.strerror})") from error
    return f"its last {missing} bytes are missing: it was cut off" if missing else None


def _gap(reader: VideoReader) -> str | None:
    """Return where pictures are lost in the middle, if they are: the longest time between two of them tells."""
    times = reader.index.times_seconds
    intervals = np.diff(times)
    if not len(intervals):
        return None
    usual = float(np.median(intervals))
    if np.mean(intervals <= usual * _EVEN_RATIO) < _EVEN_PART:
        return None
    longest = int(intervals.argmax())
    if intervals[longest] < max(_GAP_SECONDS, usual * _GAP_RATIO):
        return None
    return f"it has no pictures from {times[longest]:.1f} to {times[longest + 1]:.1f} seconds: a part of it is damaged"


def _undecodable(reader: VideoReader) -> str | None:
    """Return what is wrong with its frames, which are decoded here and there, and at the very end."""
    frames = reader.read_frames(_FRAMES, short_side=_SHORT_SIDE)
    if frames.num_replaced:
        return f"{frames.num_replaced} of {_FRAMES.num_frames} frames across it cannot be decoded: it is damaged"
    last = float(reader.index.times_seconds[-1])
    end = max(reader.index.pictures_end_seconds, last + _INSTANT_SECONDS)
    try:
        # Apart from the others: where most can be decoded, one that cannot is replaced.
        reader.read_frames(FrameSampling(1), start_seconds=last, end_seconds=end, short_side=_SHORT_SIDE)
    except VideoError as error:
        return f"its last frame cannot be decoded ({error.reason}): it is damaged or was cut off"
    return None
