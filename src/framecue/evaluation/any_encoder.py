"""Evaluating an `Encoder` that is no `VideoTextModel`: an embedder, or one of another package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from framecue.encoder import Encoder
from framecue.errors import NotOfflineError
from framecue.model import VideoTextModel
from framecue.video import FrameSampling, FrameSource

__all__ = ["EncoderModel", "as_evaluated"]


class EncoderModel:
    """An encoder in NumPy with those functions of `VideoTextModel` that evaluation calls for offline methods.

    Args:
        encoder: the encoder; it must be able to encode a video without a query.

    Raises:
        NotOfflineError: it cannot.
    """

    offline = True

    def __init__(self, encoder: Encoder) -> None:
        if not encoder.offline:
            raise NotOfflineError(
                f"method {encoder.method_name} needs the query to encode a video, which framecue knows of its own "
                "models alone; evaluate an encoder that encodes videos on their own"
            )
        self.encoder = encoder

    @property
    def sampling(self) -> FrameSampling:
        """Which frames of a video are encoded."""
        return self.encoder.sampling

    def encode_frames(self, pixel_values: Tensor) -> Tensor:
        """Return the embeddings (B, E) of prepared videos (B, F, 3, S, S)."""
        return torch.from_numpy(self.encoder.embed_videos(pixel_values.numpy()))

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """Return the embeddings (N, E) of texts."""
        return torch.from_numpy(self.encoder.embed_texts(list(texts)))

    def read_video(
        self,
        path: str | Path,
        *,
        source: FrameSource,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
    ) -> Tensor:
        """Return the prepared frames (F, 3, S, S) of a video file, or of a window of it."""
        read = source.read_frames(
            path,
            self.encoder.sampling,
            short_side=self.encoder.short_side,
            start_seconds=start_seconds,
            end_seconds=end_seconds,
        )
        return torch.from_numpy(self.encoder.prepare(read.pixels))


def as_evaluated(model: VideoTextModel | Encoder) -> VideoTextModel:
    """Return a model as evaluation calls it; an encoder of another kind is wrapped.

    Raises:
        NotOfflineError: it is of another kind and needs the query to encode a video.
    """
    # By what it has, not by its class: an evaluation may be given a model that behaves like one.
    if hasattr(model, "encode_frames"):
        return cast(VideoTextModel, model)
    # It has what evaluation calls of a model that encodes videos on their own, and is that alone.
    return cast(VideoTextModel, EncoderModel(model))
