"""Moments become clips, and clips become vectors and captions. The worker owns no state but the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framecue.errors import InputError
from framecue.video import Moment, ReadOptions, Segmentation

if TYPE_CHECKING:
    from torch import Tensor

    from framecue.model import VideoTextModel

__all__ = ["Clip", "Worker"]

# So many frames fill a processor's cores; more only take memory.
FRAMES_PER_ENCODE = 64


@dataclass(frozen=True, eq=False)
class Clip:
    """The frames of one segment, ready for the model.

    Attributes:
        start_seconds: where the segment starts in its video.
        end_seconds: where it ends.
        pixel_values: float32 (F, 3, S, S), normalised for the backbone.
        thumbnail: its middle frame as a small WebP picture.
    """

    start_seconds: float
    end_seconds: float
    pixel_values: Tensor
    thumbnail: bytes


class Worker:
    """Encodes clips with one model.

    Args:
        model: encodes videos.
        segmentation: how videos are cut into segments.
        captions: whether to describe each clip with the model's captioner.

    Raises:
        InputError: there are to be captions, and the model has no captioner.
    """

    def __init__(
        self, model: VideoTextModel, *, segmentation: Segmentation | None = None, captions: bool = False
    ) -> None:
        if captions and not model.has_captioner:
            raise InputError(
                f"method {model.method_name} has no captioner, so it can write no captions; leave them out, "
                "or give an adapter of prompt-switch"
            )
        self.model, self.captions = model, captions
        self.clips_per_encode = max(1, FRAMES_PER_ENCODE // model.sampling.num_frames)
        self.options = ReadOptions(model.sampling, segmentation or Segmentation(), short_side=model.short_side)

    def prepare(self, moment: Moment) -> Clip:
        """Make a moment's frames ready for the model."""
        pixel_values = self.model.preprocess(moment.pixels)
        return Clip(moment.start_seconds, moment.end_seconds, pixel_values, moment.thumbnail)

    def encode(self, clips: Sequence[Clip]) -> tuple[np.ndarray, list[str | None]]:
        """Encode clips in one go.

        Returns:
            Vectors float32 (B, E), unit length, and the captions, None each where there are to be none.
        """
        import torch

        with torch.inference_mode():
            pixel_values = torch.stack([clip.pixel_values for clip in clips])
            vectors = self.model.encode_frames(pixel_values).float().cpu().numpy()
            captions = self.model.caption_frames(pixel_values) if self.captions else [None] * len(clips)
        return vectors, list(captions)
