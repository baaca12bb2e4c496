"""Comparing videos with few texts, in one way for models that encode a video alone and for fusions."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from framecue.encoder import Encoder
from framecue.errors import InputError, NotOfflineError, VideoError
from framecue.evaluation.encoding import encode_pixels, encode_texts, similarity_matrix
from framecue.model import VideoTextModel
from framecue.uses.places import VideoPlace
from framecue.uses.reading import read_batches, read_frames_of
from framecue.validation import shown
from framecue.video import VideoSource

__all__ = ["CLIP_TEMPERATURE", "Comparer", "comparer_of", "encode_places", "probabilities", "temperature_of"]

CLIP_TEMPERATURE = 0.01
"""What CLIP's temperature is bounded by from below, and reaches (arXiv 2103.00020, 2.5): for models that name none."""

BATCH_TEXTS = 256
# How many numbers of text features are kept for a fusion, which compares each phrasing on its own: 2 GB of float32.
KEPT_NUMBERS = 2**29

# What two encodings of one text differ by at most, where it stood in another batch; relative to the largest number.
ROUNDING = 2e-6

Texts = TypeVar("Texts")
Videos = TypeVar("Videos")
Progress = Callable[[int, int], object]


class Comparer(ABC, Generic[Texts, Videos]):
    """Encodes candidates and videos, and compares them.

    A candidate is a label or an answer. It has P phrasings, the same number for each; P is the number of templates.
    """

    @abstractmethod
    def candidates(self, phrasings: Sequence[Sequence[str]], *, progress: Progress | None = None) -> Texts:
        """Encode L candidates with P phrasings each.

        Args:
            phrasings: the texts of each.
            progress: called with (texts done, texts in all).

        Raises:
            InputError: a text has no finite encoding, or they are too many for a fusion.
        """

    @abstractmethod
    def alike(self, candidates: Texts) -> tuple[int, int] | None:
        """Return two candidates that the model cannot tell apart, the first such two; None if there are none.

        A model reads "Run" and "run" as the same text, or two long texts with the same beginning, where it has no room
        for the rest; no video is nearer to one of them.
        """

    @abstractmethod
    def videos(self, pixel_values: np.ndarray) -> Videos:
        """Encode videos from pixel values float32 (B, F, 3, S, S)."""

    @abstractmethod
    def one_by_one(self, videos: Videos) -> list[Videos]:
        """Return the encodings of B videos as B encodings of one video each."""

    @abstractmethod
    def cosines(self, candidates: Texts, videos: Videos) -> np.ndarray:
        """Return the cosines, float64 (B, L); NaN where a video has no finite encoding."""


class OfflineComparer(Comparer[np.ndarray, np.ndarray]):
    """For models that encode a video alone.

    A candidate is the mean of its phrasings' unit embeddings, made a unit vector again (CLIP, arXiv 2103.00020, 3.1.4).

    Args:
        model: encodes videos and texts.
    """

    def __init__(self, model: Encoder) -> None:
        self._model = model

    def candidates(self, phrasings: Sequence[Sequence[str]], *, progress: Progress | None = None) -> np.ndarray:
        """Return the candidates' vectors, float64 (L, E), unit length; one batch of texts is in memory at a time."""
        each = len(phrasings[0])
        sums: np.ndarray | None = None
        total = len(phrasings) * each
        for start in range(0, total, BATCH_TEXTS):
            numbers = range(start, min(start + BATCH_TEXTS, total))
            texts = [phrasings[number // each][number % each] for number in numbers]
            vectors = np.asarray(self._model.embed_texts(texts), dtype=np.float64)
            _check_finite(vectors, texts)
            if sums is None:
                sums = np.zeros((len(phrasings), vectors.shape[1]))
            np.add.at(sums, np.array(numbers) // each, vectors)
            if progress is not None:
                progress(numbers.stop, total)
        assert sums is not None
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        if not lengths.all():
            raise InputError(f"the phrasings of {shown(phrasings[int(lengths.argmin())][0])} cancel each other out")
        unit: np.ndarray = sums / lengths
        return unit

    def alike(self, candidates: np.ndarray) -> tuple[int, int] | None:
        """Return two candidates of one vector."""
        return _equal_rows(candidates)

    def videos(self, pixel_values: np.ndarray) -> np.ndarray:
        """Return the videos' embeddings, float64 (B, E)."""
        return np.asarray(self._model.embed_videos(pixel_values), dtype=np.float64)

    def one_by_one(self, videos: np.ndarray) -> list[np.ndarray]:
        """Return the rows, each (1, E)."""
        return np.split(videos, len(videos))

    def cosines(self, candidates: np.ndarray, videos: np.ndarray) -> np.ndarray:
        """Return the inner products."""
        products: np.ndarray = videos @ candidates.T
        return products


class FusionComparer(Comparer[tuple[Tensor, int], Tensor]):
    """For methods that look at the text while they pool a video's frames.

    A fusion compares a video with each phrasing on its own, and a candidate's cosine is the mean over its phrasings, as
    it has no vector that could be averaged beforehand.

    Args:
        model: compares frame features with text features.
    """

    def __init__(self, model: VideoTextModel) -> None:
        self._model = model

    def candidates(self, phrasings: Sequence[Sequence[str]], *, progress: Progress | None = None) -> tuple[Tensor, int]:
        """Return the phrasings' features (L * P, ...), and P."""
        texts = [text for some in phrasings for text in some]
        first = encode_texts(self._model, texts[:1])
        if first.numel() * len(texts) > KEPT_NUMBERS:
            raise InputError(
                f"{len(phrasings)} labels with {len(phrasings[0])} templates are more than method "
                f"{self._model.method_name} can compare, as it keeps the features of each text; give fewer templates"
            )
        features = encode_texts(self._model, texts)
        _check_finite(features.flatten(1).numpy(), texts)
        if progress is not None:
            progress(len(texts), len(texts))
        return features, len(phrasings[0])

    def alike(self, candidates: tuple[Tensor, int]) -> tuple[int, int] | None:
        """Return two candidates whose phrasings all have the same features."""
        features, each = candidates
        return _equal_rows(features.reshape(len(features) // each, -1).numpy())

    def videos(self, pixel_values: np.ndarray) -> Tensor:
        """Return the frames' features, (B, F', E)."""
        return encode_pixels(self._model, torch.from_numpy(pixel_values))

    def one_by_one(self, videos: Tensor) -> list[Tensor]:
        """Return the features of each video, (1, F', E)."""
        return list(videos.split(1))

    def cosines(self, candidates: tuple[Tensor, int], videos: Tensor) -> np.ndarray:
        """Return the means over the phrasings of the method's own similarity."""
        features, each = candidates
        found = similarity_matrix(self._model, features, videos).astype(np.float64)
        means: np.ndarray = found.reshape(-1, each, len(videos)).mean(axis=1).T
        return means


def comparer_of(model: VideoTextModel | Encoder) -> OfflineComparer | FusionComparer:
    """Return what compares a model's videos and texts.

    Raises:
        NotOfflineError: it is a fusion of another package, of which framecue knows no way to compare.
    """
    if model.offline:
        return OfflineComparer(model)
    if isinstance(model, VideoTextModel):
        return FusionComparer(model)
    raise NotOfflineError(
        f"method {model.method_name} needs the text to encode a video, which framecue knows of its own models alone; "
        "give an encoder that encodes videos on their own"
    )


def encode_places(
    model: VideoTextModel | Encoder,
    comparer: Comparer[Any, Videos],
    places: Sequence[VideoPlace],
    *,
    source: VideoSource | None,
    batch_size: int,
) -> Iterator[tuple[VideoPlace, Videos | VideoError]]:
    """Yield each video with its encoding, as one of one video, or why there is none; later ones are read meanwhile.

    Args:
        model: says which frames are read, and prepares them.
        comparer: encodes them.
        places: the videos.
        source: reads the files; None decodes them in other processes.
        batch_size: how many videos are encoded at once.
    """

    def read(place: VideoPlace, reader: VideoSource) -> np.ndarray:
        return model.prepare(read_frames_of(model, place, reader).pixels)

    for batch in read_batches(places, read, source=source, batch_size=batch_size):
        pixels = [one for _, one in batch if not isinstance(one, VideoError)]
        encoded = iter(comparer.one_by_one(comparer.videos(np.stack(pixels))) if pixels else ())
        for place, one in batch:
            yield place, one if isinstance(one, VideoError) else next(encoded)


def temperature_of(model: VideoTextModel | Encoder) -> float:
    """Return the temperature by which a model's cosines are divided before a softmax: its own, or CLIP's."""
    if isinstance(model, VideoTextModel):
        return math.exp(-float(model.backbone.logit_scale.detach().item()))
    return CLIP_TEMPERATURE


def probabilities(cosines: np.ndarray, temperature: float) -> np.ndarray:
    """Return the softmax over the last axis of cosines (..., L) divided by a temperature, float64; rows add up to 1."""
    logits = np.asarray(cosines, dtype=np.float64) / temperature
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def _equal_rows(rows: np.ndarray) -> tuple[int, int] | None:
    """Return the first two rows (L, D) that are equal up to the rounding of float32 numbers; None if all differ."""
    # Equal rows are neighbours in the order of any one number that is made of them.
    directions = np.cos(np.arange(rows.shape[1], dtype=np.float64))
    numbers = rows @ directions
    order = np.argsort(numbers, kind="stable").tolist()
    scale = float(np.abs(rows).max())
    within = ROUNDING * scale * np.abs(directions).sum()
    found = []
    for place, one in enumerate(order):
        for other in order[place + 1 :]:
            if numbers[other] - numbers[one] > within:
                break
            if np.abs(rows[one] - rows[other]).max() <= ROUNDING * scale:
                found.append((min(one, other), max(one, other)))
                break
    return min(found, default=None)


def _check_finite(vectors: np.ndarray, texts: Sequence[str]) -> None:
    bad = ~np.isfinite(vectors).all(axis=1)
    if bad.any():
        raise InputError(f"the model gives no finite vector for the text {shown(texts[int(bad.argmax())])}")
