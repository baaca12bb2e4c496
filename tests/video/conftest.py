"""Builders of small video files whose frames say which one they are."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

STEP = 4  # grey levels from one frame's number to the next


def grey_frame(number, *, size=(48, 64)):
    """A flat picture: its grey level is ``STEP`` times the frame's number."""
    return np.full((*size, 3), number * STEP, np.uint8)


def encode(
    path,
    pictures,
    *,
    codec="libx264",
    pix_fmt="yuv420p",
    rate=10,
    times=None,
    codec_options=None,
    gop=None,
    container_options=None,
    file_format=None,
):
    """Write pictures; ``times`` (milliseconds) makes the frame rate variable. ``path`` may be an open file."""
    target = path if hasattr(path, "write") else str(path)
    with av.open(target, "w", format=file_format, options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=codec_options or {})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pix_fmt
        time_base = Fraction(1, rate) if times is None else Fraction(1, 1000)
        stream.codec_context.time_base = time_base
        if gop is not None:
            stream.codec_context.gop_size = gop
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pix_fmt)
            frame.pts = number if times is None else times[number]
            frame.time_base = time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def numbers(pixels):
    """Which frames these are, by their grey levels; fails on a picture that is not flat."""
    middle = pixels[:, 4:-4, 4:-4].mean(axis=3)  # a codec may leave a tint, but no pattern
    assert (middle.std(axis=(1, 2)) < 1.5).all()
    return np.round(middle.mean(axis=(1, 2)) / STEP).astype(int).tolist()


def sound(path, *, seconds=1, codec="pcm_s16le", file_format=None):
    """Write a tone without pictures."""
    with av.open(str(path), "w", format=file_format) as container:
        stream = container.add_stream(codec, rate=16000, layout="mono")
        wave = (8000 * np.sin(np.arange(16000 * seconds) / 8)).astype(np.int16)[None]
        for start in range(0, wave.shape[1], 1000):
            frame = av.AudioFrame.from_ndarray(wave[:, start : start + 1000], format="s16", layout="mono")
            frame.sample_rate, frame.pts = 16000, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.fixture
def videos(tmp_path):
    """The builders, and a folder to build in."""
    return SimpleNamespace(
        folder=tmp_path, encode=encode, grey_frame=grey_frame, numbers=numbers, sound=sound, step=STEP
    )


@pytest.fixture
def real_videos():
    """The folder with real files beside the repository; tests that want it are skipped elsewhere."""
    folder = Path(__file__).parents[3] / "shared" / "videos"
    if not folder.is_dir():
        pytest.skip("no real video files here")
    return folder
