"""Attention pooling: for each text, a video is the mean of its frames, weighted by their similarity to the text."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from framecue.methods.absent import is_absent
from framecue.methods.base import Method, MethodConfig
from framecue.methods.fusion import blockwise, directions, frame_cosines, weighted_cosine
from framecue.validation import PositiveNumber

__all__ = ["AttentionPool", "AttentionPoolConfig"]


@dataclass(frozen=True, kw_only=True)
class AttentionPoolConfig(MethodConfig):
    """Options of attention pooling.

    Attributes:
        temperature: divides the cosines before the softmax over frames; a small one looks only at the best frame, a
            large one is mean pooling.
    """

    temperature: PositiveNumber = 0.01


class AttentionPool(Method):
    """One of X-Pool's text-conditioned baselines: no parameters of its own, the backbone is trained."""

    Config = AttentionPoolConfig
    masks_frames = True
    frames_alone = True
    offline = False
    paper = "X-Pool (CVPR 2022, arXiv 2203.15086), attention baseline"
    config: AttentionPoolConfig

    def similarity(self, text_features: Tensor, frame_features: Tensor) -> Tensor:
        """Return the cosine of each text and its weighted mean of the frames' directions; see `Method.similarity`."""
        texts, frames = directions(text_features), directions(frame_features)
        return blockwise(self._pairs, texts, frames, numbers_per_pair=4 * frames.shape[1])

    def _pairs(self, texts: Tensor, frames: Tensor) -> Tensor:
        cosines = frame_cosines(texts, frames)
        scores = (cosines / self.config.temperature).masked_fill(is_absent(frames), -torch.inf)
        return weighted_cosine(scores.softmax(dim=-1), cosines, frames)
