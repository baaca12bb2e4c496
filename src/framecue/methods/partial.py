"""Partial fine-tuning: the last layers of a CLIP are trained; mean pooling.

The baseline `Partial` of VoP (CVPR 2023, arXiv 2211.12764), Table 1. It adds no parameter and starts as plain CLIP. The
paper counts 7.7 M on a ViT-B/32 and does not say which: the image encoder's last transformer layer (7 087 872) and both
projections (655 360) are 7 743 232. The last layers of both towers, without the projections, are 7 087 872 + 3 152 384
= 10 240 256; that was this method's only form, and is what adapters without the option `trains` hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from framecue.backbone import Backbone
from framecue.methods.base import Method, MethodConfig

__all__ = ["Partial", "PartialConfig"]


@dataclass(frozen=True, kw_only=True)
class PartialConfig(MethodConfig):
    """Options of partial fine-tuning.

    Attributes:
        trains: "vision-layer" is the image encoder's last layer and both projections, the paper's count;
            "both-layers" is the last layer of both towers, without the norm and projection after it.
    """

    added: ClassVar[Mapping[str, Any]] = {"trains": "both-layers"}

    trains: Literal["vision-layer", "both-layers"] = "vision-layer"


class Partial(Method):
    """Mean pooling; trains the image encoder's last layer and the projections, or the last layers of both towers."""

    Config = PartialConfig
    masks_frames = True
    frames_alone = True
    paper = "VoP (CVPR 2023, arXiv 2211.12764), Table 1: Partial"
    config: PartialConfig

    def freeze(self, backbone: Backbone) -> None:
        """Train the last layers; the logit scale is frozen."""
        backbone.requires_grad_(False)
        vision, text = backbone.vision, backbone.text
        last = (text.layers[-1],) if self.config.trains == "both-layers" else (vision.projection, text.projection)
        for module in (vision.layers[-1], *last):
            module.requires_grad_(True)
