"""What stands for a model, and hands on to it all that it does not do itself.

Shapes: B videos, F frames a video, S pixels, N texts, E the embedding's width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import numpy as np

from framecue.encoder import Encoder, EncoderSpec, Fingerprint, known_share_of, learner_of
from framecue.names.taught import Lesson, TaughtTokens
from framecue.video.read.sampling import FrameSampling

__all__ = ["StandIn"]


class StandIn(ABC):
    """An `Encoder` that is its model's, but for what a subclass does in its place."""

    @property
    @abstractmethod
    def model(self) -> Encoder:
        """The model itself."""

    @property
    def method_name(self) -> str:
        """See `Encoder.method_name`."""
        return self.model.method_name

    @property
    def offline(self) -> bool:
        """See `Encoder.offline`."""
        return self.model.offline

    @property
    def has_captioner(self) -> bool:
        """See `Encoder.has_captioner`."""
        return self.model.has_captioner

    @property
    def sampling(self) -> FrameSampling:
        """See `Encoder.sampling`."""
        return self.model.sampling

    @property
    def short_side(self) -> int:
        """See `Encoder.short_side`."""
        return self.model.short_side

    def fingerprint(self) -> Fingerprint:
        """See `Encoder.fingerprint`."""
        return self.model.fingerprint()

    def spec(self) -> EncoderSpec:
        """See `Encoder.spec`."""
        return self.model.spec()

    def prepare(self, frames: np.ndarray) -> np.ndarray:
        """See `Encoder.prepare`."""
        return self.model.prepare(frames)

    def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
        """See `Encoder.embed_videos`."""
        return self.model.embed_videos(pixel_values)

    def embed_frames(self, pixel_values: np.ndarray) -> np.ndarray:
        """See `Encoder.embed_frames`."""
        return self.model.embed_frames(pixel_values)

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """See `Encoder.embed_texts`."""
        return self.model.embed_texts(texts)

    def known_share(self, texts: Sequence[str]) -> np.ndarray:
        """See `KnowsWords.known_share`; 1 for a model that cannot tell."""
        return known_share_of(self.model, texts)

    def learn_name(self, lesson: Lesson, *, on_step: Callable[[int, int], None] | None = None) -> TaughtTokens:
        """See `LearnsNames.learn_name`.

        Raises:
            ModelError: the model has no text tower that takes token embeddings; as `LearnsNames.learn_name` raises it.
        """
        return learner_of(self.model).learn_name(lesson, on_step=on_step)

    def embed_named_texts(self, texts: Sequence[str], names: Sequence[TaughtTokens]) -> np.ndarray:
        """See `LearnsNames.embed_named_texts`.

        Raises:
            ModelError: as `learn_name` raises it.
        """
        return learner_of(self.model).embed_named_texts(texts, names)

    def describe(self, pixel_values: np.ndarray) -> list[str]:
        """See `Encoder.describe`."""
        return self.model.describe(pixel_values)
