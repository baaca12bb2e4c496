"""Projection tuning: only the last projection of both towers is trained; mean pooling.

The baseline `Proj` of VoP (CVPR 2023, arXiv 2211.12764), Table 1. It adds no parameter and starts as plain CLIP. On a
ViT-B/32 the two projections, 768 to 512 and 512 to 512, hold 655 360 parameters: the paper's 0.7 M.
"""

from __future__ import annotations

from framecue.backbone import Backbone
from framecue.methods.base import Method

__all__ = ["Proj"]


class Proj(Method):
    """Mean pooling; trains `tower.projection` of both towers, not the logit scale."""

    masks_frames = True
    frames_alone = True
    paper = "VoP (CVPR 2023, arXiv 2211.12764), Table 1: Proj"

    def freeze(self, backbone: Backbone) -> None:
        """Train the maps from each tower's width to that of the joint embedding."""
        backbone.requires_grad_(False)
        for tower in (backbone.vision, backbone.text):
            tower.projection.requires_grad_(True)
