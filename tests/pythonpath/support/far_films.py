"""Films that lie in a bucket: large enough that a part of them is a part."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

__all__ = ["make_long_film"]

_RATE = 5
_SOUND_RATE = 16_000


def make_long_film(path: Path, *, seconds: int = 60, options: dict[str, str] | None = None) -> Path:
    """Write noise with a tone, some megabytes, with a keyframe each second.

    Args:
        path: the file.
        seconds: how long it is.
        options: of the muxer.
    """
    rng = np.random.default_rng(0)
    with av.open(str(path), "w", options=options or {}) as container:
        stream: Any = container.add_stream("libx264", rate=_RATE, options={"preset": "ultrafast", "qp": "16"})
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.codec_context.gop_size = _RATE
        track: Any = container.add_stream("aac", rate=_SOUND_RATE, layout="mono")
        for number in range(seconds * _RATE):
            picture = rng.integers(0, 160, (96, 160, 3), dtype=np.uint8) + np.uint8(number % 90)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, _RATE)
            container.mux(stream.encode(frame))
            length = _SOUND_RATE // _RATE
            at = (number * length + np.arange(length)) / _SOUND_RATE
            tone = 0.3 * np.sin(2 * np.pi * 440 * at)[None].astype(np.float32)
            piece = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            piece.sample_rate, piece.pts, piece.time_base = _SOUND_RATE, number * length, Fraction(1, _SOUND_RATE)
            container.mux(track.encode(piece))
        container.mux(stream.encode(None))
        container.mux(track.encode(None))
    return path
