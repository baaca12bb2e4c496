"""What embedders share: an `Encoder` whose model takes whole videos, with nothing inside for a method to change.

Shapes: B videos, F frames a video, S pixels, N texts, E the embedding's width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from framecue.checks import check_texts
from framecue.encoder import EncoderSpec, Fingerprint
from framecue.errors import InputError, first_line
from framecue.video import FrameSampling

__all__ = ["Embedder", "usable_device"]


class Embedder(ABC):
    """Encodes videos and texts as unit vectors of one space; see `framecue.encoder.Encoder`.

    Args:
        name: the model's name on the hub, or its folder.
        revision: the hub's commit, or a hash of the folder's weights.
        dtype: what it computes in.
        num_frames: F, how many frames of a video it is given.

    Attributes:
        kind: the name of its loader in `framecue.encoder.ENCODERS`.
    """

    kind: str
    offline = True
    has_captioner = False

    def __init__(self, *, name: str, revision: str, dtype: torch.dtype, num_frames: int) -> None:
        self.name, self.revision, self.dtype = name, revision, dtype
        self.sampling = FrameSampling(num_frames)

    @property
    def method_name(self) -> str:
        """What stands where other models have a method: the kind of the embedder."""
        return self.kind

    @property
    @abstractmethod
    def embedding_dim(self) -> int:
        """The embedding's width E."""

    @property
    @abstractmethod
    def short_side(self) -> int:
        """See `Encoder.short_side`."""

    @abstractmethod
    def prepare(self, frames: np.ndarray) -> np.ndarray:
        """See `Encoder.prepare`."""

    @abstractmethod
    def _embed_videos(self, pixel_values: np.ndarray) -> Tensor:
        """Return embeddings (B, E) of any length of prepared videos (B, F, 3, S, S)."""

    @abstractmethod
    def _embed_texts(self, texts: list[str]) -> Tensor:
        """Return embeddings (N, E) of any length."""

    @torch.inference_mode()
    def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
        """Turn prepared videos float32 (B, F, 3, S, S) into embeddings float32 (B, E) of unit length."""
        return _unit(self._embed_videos(pixel_values))

    def embed_frames(self, pixel_values: np.ndarray) -> np.ndarray:
        """Turn prepared frames float32 (F, 3, S, S) of a video into unit vectors float32 (F, E), one a frame.

        The vector of a frame is that of a video in which nothing but this frame is seen, F times.
        """
        count = self.sampling.num_frames
        return np.concatenate(
            [self.embed_videos(np.repeat(frame[None, None], count, axis=1)) for frame in pixel_values]
        )

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Turn texts into embeddings float32 (N, E) of unit length.

        Raises:
            InputError: there is no text, or one has only spaces, is too long (10 000 characters) or not Unicode.
        """
        check_texts(texts)
        return _unit(self._embed_texts(list(texts)))

    def describe(self, pixel_values: np.ndarray) -> list[str]:
        """Raise: an embedder writes no captions.

        Raises:
            InputError: always.
        """
        raise InputError(f"{self.name}: a model of this kind ({self.kind}) has no captioner; leave captions out")

    def fingerprint(self) -> Fingerprint:
        """Return the identity of this model's vectors."""
        return Fingerprint(
            backbone=self.name,
            revision=self.revision,
            method=self.kind,
            sampling=self.sampling,
            embedding_dim=self.embedding_dim,
            encoder=self.kind,
        )

    def spec(self) -> EncoderSpec:
        """Return a description from which another process can load a model that makes the same vectors."""
        return EncoderSpec(
            fingerprint=self.fingerprint().with_absolute_places(), precision=str(self.dtype).removeprefix("torch.")
        )


def usable_device(module: Any, device: str | torch.device | None) -> torch.device:
    """Move a model to a device, None for a GPU if there is one, and return where it is.

    Raises:
        InputError: the device cannot be used.
    """
    wanted = ("cuda" if torch.cuda.is_available() else "cpu") if device is None else device
    try:
        module.to(wanted)
    except (RuntimeError, AssertionError) as error:  # torch raises the latter if it was built without the device
        raise InputError(f"device {wanted} cannot be used ({first_line(error)}); leave it out or say cpu") from error
    return torch.device(wanted)


def _unit(embeddings: Tensor) -> np.ndarray:
    unit: np.ndarray = functional.normalize(embeddings.to(torch.float32), dim=-1).cpu().numpy()
    return unit
