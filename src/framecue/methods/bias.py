"""Bias tuning: only the bias terms of both towers are trained; mean pooling.

The baseline `Bias` of VoP (CVPR 2023, arXiv 2211.12764), Table 1; the idea is BitFit's (arXiv 2106.10199). It adds no
parameter and starts as plain CLIP. A ViT-B/32 has 171 008 bias terms. The paper's 0.1 M would be those without the
biases of queries, keys and values (124 928), which OpenAI's CLIP keeps in one `in_proj_bias` a layer.
"""

from __future__ import annotations

from framecue.backbone import Backbone
from framecue.methods.base import Method

__all__ = ["Bias"]


class Bias(Method):
    """Mean pooling; trains every bias (of linear maps, convolutions and norms) of both towers, not the logit scale."""

    masks_frames = True
    paper = "VoP (CVPR 2023, arXiv 2211.12764), Table 1: Bias"

    def freeze(self, backbone: Backbone) -> None:
        """Train the bias terms; the logit scale, and the logit bias if there is one, are not part of a tower."""
        backbone.requires_grad_(False)
        for name, parameter in backbone.model.named_parameters():
            if "." in name and name.endswith("bias"):
                parameter.requires_grad_(True)
