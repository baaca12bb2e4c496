"""The contrastive loss of a batch of texts and videos."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["contrastive_loss"]


def contrastive_loss(similarities: Tensor, logit_scale: Tensor, *, same: Tensor | None = None) -> Tensor:
    """Return the symmetric cross-entropy over a batch's similarities: text to video, video to text, and their mean.

    Args:
        similarities: (B, B), cosines; row i is text i, column i its video.
        logit_scale: scalar, log of the inverse temperature.
        same: bool (B, B), symmetric, true on the diagonal: pairs whose captions are identical. They are positives and
            share the target's weight equally; None for the diagonal alone. Where equal captions have equal features, as
            without dropout, the loss is that of the diagonal alone, the one of the released codes.

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
