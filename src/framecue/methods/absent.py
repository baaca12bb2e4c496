"""Frames that a short video does not have: how they travel in pixel values and in features.

Shapes: B videos, F frames a video, S pixels, E the joint embedding's width.

An absent frame's pixel values are NaN, which no real frame's are, whatever a model's mean and deviation. Its features
are all zeros: a mean of directions is then that over the real frames, and what weighs frames gives it no weight.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["absent_frames", "filled", "is_absent", "mark_absent", "with_absent"]


def with_absent(frames: Tensor, num_frames: int) -> Tensor:
    """Return a video's frames (F', 3, S, S) with as many behind them, all zeros, as make them `num_frames`."""
    missing = num_frames - len(frames)
    return frames if missing <= 0 else functional.pad(frames, (0, 0) * 3 + (0, missing))


def mark_absent(pixel_values: Tensor, num_real: Tensor) -> Tensor:
    """Return pixel values (B, F, 3, S, S) in which only the first `num_real`, (B,), frames of each video are there."""
    places = torch.arange(pixel_values.shape[1], device=pixel_values.device)
    absent = places >= num_real.to(places.device)[:, None]
    return pixel_values.masked_fill(absent[..., None, None, None], torch.nan)


def absent_frames(pixel_values: Tensor) -> Tensor:
    """Return which frames of pixel values (B, F, 3, S, S) are absent: bool (B, F)."""
    return pixel_values[:, :, 0, 0, 0].isnan()


def filled(pixel_values: Tensor, absent: Tensor) -> Tensor:
    """Return pixel values (B, F, 3, S, S) with something harmless in the absent frames, (B, F): an encoder takes it."""
    return pixel_values.masked_fill(absent[..., None, None, None], 0.0)


def is_absent(frame_features: Tensor) -> Tensor:
    """Return which frames of features (B, F, E) are absent, those of all zeros: bool (B, F)."""
    # Not by `any`: the exporter of graphs makes whole numbers of what it asks, so that 0.5 would be nothing.
    return (frame_features == 0).all(dim=-1)
