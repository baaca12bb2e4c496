"""Top-k frame pooling: for each text, a video is the mean of the frames that are most similar to the text."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from framecue.methods.absent import is_absent
from framecue.methods.base import Method, MethodConfig
from framecue.methods.fusion import blockwise, directions, frame_cosines, weighted_cosine
from framecue.validation import AtLeastOne

__all__ = ["TopK", "TopKConfig"]


@dataclass(frozen=True, kw_only=True)
class TopKConfig(MethodConfig):
    """Options of top-k pooling.

    Attributes:
        num_top_frames: k; if a video has fewer frames, all are taken.
    """

    num_top_frames: AtLeastOne = 3


class TopK(Method):
    """One of X-Pool's text-conditioned baselines: no parameters of its own, the backbone is trained."""

    Config = TopKConfig
    masks_frames = True
    frames_alone = True
    offline = False
    paper = "X-Pool (CVPR 2022, arXiv 2203.15086), top-k baseline"
    config: TopKConfig

    def similarity(self, text_features: Tensor, frame_features: Tensor) -> Tensor:
        """Return the cosine of each text and the mean of its k nearest frames' directions; see `Method.similarity`."""
        texts, frames = directions(text_features), directions(frame_features)
        num_frames = frames.shape[1]
        return blockwise(self._pairs, texts, frames, numbers_per_pair=4 * num_frames)

    def _pairs(self, texts: Tensor, frames: Tensor) -> Tensor:
        cosines = frame_cosines(texts, frames)
        # An absent frame is taken last, and adds nothing to the sum.
        best = (
            cosines.masked_fill(is_absent(frames), -torch.inf)
            .topk(min(self.config.num_top_frames, frames.shape[1]), dim=-1)
            .indices
        )
        chosen = torch.zeros_like(cosines).scatter(-1, best, 1.0)
        return weighted_cosine(chosen, cosines, frames)
