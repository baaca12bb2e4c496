"""The loss of a training step: the method's own, and its auxiliary one."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from framecue.methods.base import TrainingFeatures
from framecue.model import VideoTextModel

__all__ = ["training_loss"]


def training_loss(model: VideoTextModel, outputs: dict[str, Any], *, same: Tensor | None = None) -> Tensor:
    """Return the method's loss of a batch, plus its auxiliary loss if it has one.

    Args:
        model: computes the similarities and has the temperature.
        outputs: of its forward pass.
        same: see `contrastive_loss`.
    """
    features = TrainingFeatures(outputs["text_features"], outputs["frame_features"], same=same)
    loss = model.method.loss(model.backbone, features)
    return loss if outputs["auxiliary_loss"] is None else loss + outputs["auxiliary_loss"]
