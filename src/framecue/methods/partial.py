"""Partial fine-tuning: only the last layer of each tower is trained; mean pooling.

The baseline `Partial` of VoP (CVPR 2023, arXiv 2211.12764), Table 1. It adds no parameter and starts as plain CLIP. On
a ViT-B/32 the two layers hold 7 087 872 (image) and 3 152 384 (text) parameters, 10 240 256 in all. The paper says
7.7 M, but not what it trains: the image encoder's last layer with the two projections would be 7 743 232.
"""

from __future__ import annotations

from framecue.backbone import Backbone
from framecue.methods.base import Method

__all__ = ["Partial"]


class Partial(Method):
    """Mean pooling; trains the last transformer layer of both towers, without the norm and projection after it."""

    masks_frames = True
    paper = "VoP (CVPR 2023, arXiv 2211.12764), Table 1: Partial"

    def freeze(self, backbone: Backbone) -> None:
        """Train the last layers; the logit scale is frozen."""
        backbone.requires_grad_(False)
        for tower in (backbone.vision, backbone.text):
            tower.layers[-1].requires_grad_(True)
