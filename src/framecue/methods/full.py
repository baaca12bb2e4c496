"""Full fine-tuning: every parameter of the backbone is trained, the logit scale included; mean pooling.

The baseline `Full` of VoP (CVPR 2023, arXiv 2211.12764), Table 1. It adds no parameter, so its adapter is a whole
backbone. A ViT-B/32 has 151 277 313 parameters; the paper's 119.8 M counts fewer (not the token embedding, for one).
"""

from __future__ import annotations

from framecue.methods.base import Method

__all__ = ["Full"]


class Full(Method):
    """The hooks of `Method`, unchanged: its `freeze` trains everything."""

    masks_frames = True
    frames_alone = True
    paper = "VoP (CVPR 2023, arXiv 2211.12764), Table 1: Full"
