"""Small videos at a rate, or at times of their own, with a start timecode."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

__all__ = ["write_timed"]

_SIZE = 32
_MILLISECOND = Fraction(1, 1000)


def write_timed(
    path: Path,
    rate: Fraction | int,
    *,
    num_frames: int = 40,
    timecode: str | None = None,
    reel: str | None = None,
    times_ms: Sequence[int] | None = None,
) -> Path:
    """Write a video of grey frames.

    Args:
        path: the file; its suffix says which container.
        rate: frames a second.
        num_frames: how many, if no times are given.
        timecode: of its first frame; None for a file without.
        reel: the name of its tape; a timecode track carries it.
        times_ms: when each frame is shown, for a variable rate.
    """
    num_frames = num_frames if times_ms is None else len(times_ms)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4" if times_ms is None else "mjpeg", rate=rate)
        stream.width = stream.height = _SIZE
        stream.pix_fmt = "yuv420p" if times_ms is None else "yuvj420p"
        if times_ms is not None:
            stream.codec_context.time_base = _MILLISECOND
        if timecode is not None:
            stream.metadata["timecode"] = timecode
        if reel is not None:
            stream.metadata["reel_name"] = reel
        for number in range(num_frames):
            frame = av.VideoFrame.from_ndarray(np.full((_SIZE, _SIZE, 3), number % 256, np.uint8))
            frame.pts = number if times_ms is None else times_ms[number]
            frame.time_base = 1 / Fraction(rate) if times_ms is None else _MILLISECOND
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
