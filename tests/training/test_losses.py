"""The loss of a step."""

from __future__ import annotations

from collections.abc import Callable

import torch

from framecue.backbone import Backbone
from framecue.methods import build_method
from framecue.methods.contrastive import contrastive_loss
from framecue.model import VideoTextModel
from framecue.training.losses import training_loss


def test_it_is_the_methods_loss_and_its_auxiliary_one(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone()
    model = VideoTextModel(backbone, build_method("mean-pool", {}, backbone))
    generator = torch.Generator().manual_seed(0)
    texts, frames = torch.randn(3, 24, generator=generator), torch.randn(3, 2, 24, generator=generator)
    outputs = {"text_features": texts, "frame_features": frames, "auxiliary_loss": None}
    expected = contrastive_loss(model.similarity(texts, frames), backbone.logit_scale)
    torch.testing.assert_close(training_loss(model, outputs), expected)
    torch.testing.assert_close(training_loss(model, {**outputs, "auxiliary_loss": torch.tensor(2.0)}), expected + 2)
