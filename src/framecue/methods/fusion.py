"""The shared parts of text-conditioned fusions: similarities of pairs, block by block, and cosines of weighted frames.

Shapes: N texts, B videos, F frames a video, E the joint embedding's width.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["NUMBERS_IN_HAND", "blockwise", "directions", "frame_cosines", "weighted_cosine"]

# The most numbers that a block of pairs may hold at a time: 64 MB in float32.
NUMBERS_IN_HAND = 1 << 24

Pairs = Callable[[Tensor, Tensor], Tensor]


def blockwise(pairs: Pairs, text_features: Tensor, frame_features: Tensor, *, numbers_per_pair: int) -> Tensor:
    """Return the similarities of all pairs, computed in blocks so that memory stays bounded whatever N and B.

    Args:
        pairs: returns similarities (n, b) for n rows of `text_features` and b rows of `frame_features`.
        text_features: (N, ...).
        frame_features: (B, ...).
        numbers_per_pair: how many numbers `pairs` holds in memory for each pair.

    Returns:
        (N, B).
    """
    num_pairs = max(1, NUMBERS_IN_HAND // numbers_per_pair)
    # As square as possible: whatever depends on the text or the video alone is computed once for each block.
    num_texts = min(len(text_features), math.isqrt(num_pairs))
    num_videos = num_pairs // num_texts
    return torch.cat(
        [
            torch.cat([pairs(texts, videos) for videos in frame_features.split(num_videos)], dim=1)
            for texts in text_features.split(num_texts)
        ]
    )


def directions(features: Tensor) -> Tensor:
    """Return unit vectors in at least float32: half precision would round away the differences that rank videos."""
    return functional.normalize(features.to(torch.promote_types(features.dtype, torch.float32)), dim=-1)


def frame_cosines(texts: Tensor, frames: Tensor) -> Tensor:
    """Return the cosine of each text (N, E) and each frame (B, F, E), all of unit length: (N, B, F)."""
    return (texts @ frames.flatten(0, 1).T).unflatten(1, frames.shape[:2])


def weighted_cosine(weights: Tensor, cosines: Tensor, frames: Tensor) -> Tensor:
    """Return the cosine of each text and each video's weighted sum of frames, without computing a sum for each pair.

    As text . sum(w_f frame_f) = sum(w_f cosine_f), and the sum's length follows from the frames' inner products, no
    tensor (N, B, F, E) is made.

    Args:
        weights: (N, B, F); their scale does not matter.
        cosines: (N, B, F), see `frame_cosines`.
        frames: (B, F, E), unit length.

    Returns:
        (N, B).
    """
    inner = frames @ frames.transpose(1, 2)
    by_video = weights.transpose(0, 1)
    squared = ((by_video @ inner) * by_video).sum(dim=-1).T
    return (weights * cosines).sum(dim=-1) / squared.clamp_min(1e-12).sqrt()
