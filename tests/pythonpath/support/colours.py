"""A small real encoder that tests can work out by hand, and real video files to feed it.

A segment's vector is its mean colour; a text's vector is the colour it names. So a search for "red" has to find the
reddest segment, and the score is the cosine of two colours. It is written without torch, against
:class:`framecue.encoder.Encoder` alone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from framecue.encoder import Encoder, EncoderSpec, Fingerprint, SharesFrames
from framecue.errors import InputError
from framecue.video import FrameSampling, write_video

__all__ = ["COLOURS", "ColourEncoder", "ColourOfEach", "ThreadedColours", "write_clip"]

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 200, 30),
    "blue": (30, 30, 220),
    "yellow": (220, 220, 30),
    "white": (240, 240, 240),
    "black": (10, 10, 10),
}


class ColourEncoder:
    """Encodes colours.

    Attributes:
        batches: how many segments each call encoded.
    """

    method_name = "mean-pool"
    has_captioner = False
    short_side = 200
    embedding_dim = 4

    def __init__(
        self, *, num_frames: int = 4, offline: bool = True, name: str = "colours", adapter: str | None = None
    ) -> None:
        self.sampling = FrameSampling(num_frames)
        self.offline = offline
        self.name, self.adapter = name, adapter
        self.batches: list[int] = []

    @property
    def num_encoded(self) -> int:
        """How many segments were encoded in all."""
        return sum(self.batches)

    def fingerprint(self) -> Fingerprint:
        """Return what tells it from encoders of another name, adapter or sampling."""
        return Fingerprint(
            backbone=self.name,
            adapter=self.adapter and f"hash of {self.adapter}",
            adapter_source=self.adapter,
            sampling=self.sampling,
            embedding_dim=self.embedding_dim,
        )

    def spec(self) -> EncoderSpec:
        """Return its description."""
        return EncoderSpec(fingerprint=self.fingerprint())

    def prepare(self, frames: np.ndarray) -> np.ndarray:
        """Turn frames into pictures of 2 x 2 pixels of their mean colour."""
        mean = (frames.reshape(len(frames), -1, 3).mean(axis=1) / 255).astype(np.float32)
        return np.broadcast_to(mean[:, :, None, None], (*mean.shape, 2, 2)).copy()

    def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
        """Return the mean colours' vectors."""
        assert pixel_values.dtype == np.float32
        assert pixel_values.shape[1:] == (self.sampling.num_frames, 3, 2, 2)
        self.batches.append(len(pixel_values))
        return self._vector(pixel_values.mean(axis=(1, 3, 4)))

    def embed_frames(self, pixel_values: np.ndarray) -> np.ndarray:
        """Return each frame's vector."""
        return self._vector(pixel_values.mean(axis=(2, 3)))

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of colours that texts name."""
        return self._vector(np.array([COLOURS[text] for text in texts], dtype=np.float32) / 255)

    def describe(self, pixel_values: np.ndarray) -> list[str]:
        """Refuse: it has no captioner."""
        raise InputError("method mean-pool has no captioner here")

    def _vector(self, colours: np.ndarray) -> np.ndarray:
        vectors = np.concatenate([colours - 0.5, np.full((len(colours), 1), 0.1)], axis=1).astype(np.float32)
        unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


class ColourOfEach(ColourEncoder):
    """Encodes frames apart from their videos as well; a mean of means is the same mean.

    Attributes:
        frames: how many frames each call encoded.
    """

    encodes_frames_alone = True

    def __init__(self, *, num_frames: int = 4) -> None:
        super().__init__(num_frames=num_frames)
        self.frames: list[int] = []

    def encode_each(self, pixel_values: np.ndarray) -> np.ndarray:
        """Return the mean colour of each frame."""
        assert pixel_values.shape[1:] == (3, 2, 2)
        self.frames.append(len(pixel_values))
        means: np.ndarray = pixel_values.mean(axis=(2, 3))
        return means

    def pool_frames(self, features: np.ndarray) -> np.ndarray:
        """Return the mean colours' vectors."""
        self.batches.append(len(features))
        return self._vector(features.mean(axis=1))


# Checked by mypy: what a library asks for is here.
_: Encoder = ColourEncoder()
__: SharesFrames = ColourOfEach()


class ThreadedColours(ColourEncoder):
    """Encodes colours in several threads at once, as an encoder may that shares the cores.

    Attributes:
        threads: the names of the threads that have encoded.
    """

    frames_per_batch = 16

    def __init__(self, *, max_threads: int, num_frames: int = 4, shape_key: str = "colours") -> None:
        super().__init__(num_frames=num_frames)
        self.max_threads, self.shape_key = max_threads, shape_key
        self.threads: set[str] = set()
        self._within = threading.local()

    @contextmanager
    def one_core(self) -> Iterator[None]:
        """Note that this thread keeps to one core."""
        self._within.it = True
        yield
        self._within.it = False

    def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
        """Return the mean colours' vectors."""
        if threading.current_thread() is not threading.main_thread():
            assert self._within.it
        self.threads.add(threading.current_thread().name)
        return super().embed_videos(pixel_values)


def write_clip(path: Path, colour: str, *, seconds: float = 1.0, seed: int = 0) -> Path:
    """Write a clip of one colour; another seed gives other bytes for nearly the same picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = np.full((48, 64, 3), COLOURS[colour], dtype=np.uint8)
    frame[:8, :8] = np.random.default_rng(seed).integers(0, 255, 3, dtype=np.uint8)
    write_video(path, [frame] * round(seconds * 8), frames_per_second=8, overwrite=True)
    return path
