"""Counting the parameters that a method trains on a backbone, without loading or changing either."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from framecue.backbone import Backbone
from framecue.backbone.meta import twin_without_weights
from framecue.methods.base import Method
from framecue.methods.registry import build_method

__all__ = ["ParameterCount", "count_parameters"]


@dataclass(frozen=True)
class ParameterCount:
    """How many parameters a method trains.

    Attributes:
        trainable: parameters that training changes.
        new: those of them that the backbone does not have by itself.
        backbone: all parameters of the backbone.
    """

    trainable: int
    new: int
    backbone: int

    @property
    def share(self) -> float:
        """Trainable parameters as a share of the backbone's; above 1 if the whole backbone is trained and more."""
        return self.trainable / self.backbone


def count_parameters(method: str, backbone: Backbone, options: dict[str, Any] | None = None) -> ParameterCount:
    """Return the count, made on a copy of the backbone's shapes; neither its weights nor `requires_grad` are touched.

    Args:
        method: a name of the registry.
        backbone: any backbone, even one without weights.
        options: fields of the method's config.

    Raises:
        UnknownNameError: there is no such method.
        InputError: the method does not have an option, or it does not fit the backbone.
    """
    twin = twin_without_weights(backbone)
    own = set(twin.parameters())  # noted now, to recognise what a method puts into the backbone (LoRA)
    try:
        made = _build(method, options, twin, device="meta")
    except RuntimeError:  # it looks at values, of which the meta device has none
        twin = twin_without_weights(backbone).to_empty(device="cpu")
        own = set(twin.parameters())
        made = _build(method, options, twin, device="cpu")
    trained = {p for module in (twin, made) for p in module.parameters() if p.requires_grad}
    return ParameterCount(
        trainable=sum(p.numel() for p in trained),
        new=sum(p.numel() for p in trained - own),
        backbone=sum(p.numel() for p in own),
    )


def _build(method: str, options: dict[str, Any] | None, backbone: Backbone, *, device: str) -> Method:
    with torch.random.fork_rng(devices=[]), torch.device(device):
        made = build_method(method, options or {}, backbone)
    made.freeze(backbone)
    return made
