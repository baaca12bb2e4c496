"""A small real encoder that tests can work out by hand, and real video files to feed it.

A segment's vector is its mean colour; a text's vector is the colour it names. So a search for "red" has to find the
reddest segment, and the score is the cosine of two colours. It is written without torch, against
:class:`framecue.encoder.Encoder` alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from framecue.encoder import Encoder, EncoderSpec, Fingerprint, LearnsNames, SharesFrames
from framecue.errors import InputError
from framecue.names.find import find_names
from framecue.names.taught import Lesson, TaughtTokens
from framecue.video import FrameSampling, write_video

__all__ = ["COLOURS", "ColourEncoder", "ColourOfEach", "LearningColours", "ThreadedColours", "write_clip"]

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


class LearningColours(ColourEncoder):
    """Encodes colours, and learns names for them: a text with names is the sum of theirs and of the colours in it.

    Attributes:
        lessons: what it was taught.
    """

    def __init__(self, *, num_frames: int = 4, name: str = "colours") -> None:
        super().__init__(num_frames=num_frames, name=name)
        self.lessons: list[Lesson] = []

    def learn_name(self, lesson: Lesson, *, on_step: Callable[[int, int], None] | None = None) -> TaughtTokens:
        """Learn a vector that is nearer to the examples than to everything else, by some steps of gradient descent."""
        if lesson.coarse is not None and lesson.coarse not in COLOURS:
            raise InputError(f"{lesson.coarse!r} is no word that this model knows; leave it out")
        self.lessons.append(lesson)
        start = lesson.examples.mean(axis=0)
        vector = start / np.linalg.norm(start)
        against = np.concatenate([lesson.others, lesson.unlike])
        for step in range(1, 6):
            if on_step is not None:
                on_step(step, 5)
            if len(against):
                weights = np.exp(8 * (against @ vector))
                away = (weights[:, None] * against).sum(axis=0) / weights.sum()
                vector = vector + 0.05 * (lesson.examples.mean(axis=0) - away)
                vector = vector / np.linalg.norm(vector)
        tokens = np.repeat(vector[None].astype(np.float32), lesson.num_tokens or 1, axis=0)
        return TaughtTokens(lesson.name, tokens, ("qx", "zy"))

    def embed_named_texts(self, texts: Sequence[str], names: Sequence[TaughtTokens]) -> np.ndarray:
        """Return the vectors of texts, in which names stand for what was learnt."""
        return np.stack([self._of_named(text, names) for text in texts])

    def _of_named(self, text: str, names: Sequence[TaughtTokens]) -> np.ndarray:
        found = {each.name for each in find_names(text, [name.name for name in names])}
        if not found:
            vector: np.ndarray = self.embed_texts([text])[0]
            return vector
        colours = [word for word in text.lower().split() if word in COLOURS]
        total = np.sum([name.vectors.mean(axis=0) for name in names if name.name in found], axis=0)
        total = total + (self.embed_texts(colours).sum(axis=0) if colours else 0)
        unit: np.ndarray = (total / np.linalg.norm(total)).astype(np.float32)
        return unit


# Checked by mypy: what a library asks for is here.
_: Encoder = ColourEncoder()
__: SharesFrames = ColourOfEach()
___: LearnsNames = LearningColours()


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


_WRITTEN: dict[tuple[str, str, float, int], bytes] = {}


def write_clip(path: Path, colour: str, *, seconds: float = 1.0, seed: int = 0) -> Path:
    """Write a clip of one colour; another seed gives other bytes for nearly the same picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Thousands of tests want the same few.
    what = (path.suffix, colour, seconds, seed)
    if what in _WRITTEN:
        beside = path.with_name(f".{path.name}.made")
        beside.write_bytes(_WRITTEN[what])
        return beside.replace(path)  # a file that is there is replaced, as `write_video` does
    frame = np.full((48, 64, 3), COLOURS[colour], dtype=np.uint8)
    frame[:8, :8] = np.random.default_rng(seed).integers(0, 255, 3, dtype=np.uint8)
    write_video(path, [frame] * round(seconds * 8), frames_per_second=8, overwrite=True)
    _WRITTEN[what] = path.read_bytes()
    return path
