"""The losses of training: the contrastive loss, and a method's auxiliary loss."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from framecue.model import VideoTextModel

__all__ = ["contrastive_loss", "training_loss"]


def training_loss(model: VideoTextModel, outputs: dict[str, Any], *, same: Tensor | None = None) -> Tensor:
    """Return the contrastive loss of a batch, plus the method's auxiliary loss if it has one.

    Args:
        model: computes the similarities and has the temperature.
        outputs: of its forward pass.
        same: see `contrastive_loss`.
    """
    similarities = model.method.similarity(outputs["text_features"], outputs["frame_features"])
    loss = contrastive_loss(similarities, model.backbone.logit_scale, same=same)
    return loss if outputs["auxiliary_loss"] is None else loss + outputs["auxiliary_loss"]


def contrastive_loss(similarities: Tensor, logit_scale: Tensor, *, same: Tensor | None = None) -> Tensor:
    """Return the symmetric cross-entropy over a batch's similarities: text to video, video to text, and their mean.

    Args:
        similarities: (B, B), cosines; row i is text i, column i its video.
        logit_scale: scalar, log of the inverse temperature.
        same: bool (B, B), symmetric, true on the diagonal: pairs whose captions are identical. They are positives and
            share the target's weight equally; None for the diagonal alone.

    Returns:
        A scalar in float32 (float64 if the similarities are).
    """
    dtype = torch.promote_types(similarities.dtype, torch.float32)
    logits = logit_scale.to(dtype).exp() * similarities.to(dtype)
    if same is None:
        targets = torch.eye(len(logits), dtype=dtype, device=logits.device)
    else:
        targets = same.to(dtype)
        targets = targets / targets.sum(dim=1, keepdim=True)
    # Equal captions have equal rows of targets, so the targets are symmetric and serve both directions.
    return (functional.cross_entropy(logits, targets) + functional.cross_entropy(logits.T, targets)) / 2
