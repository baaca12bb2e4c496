"""Bias tuning: only bias terms of both towers are trained; mean pooling.

The baseline `Bias` of VoP (CVPR 2023, arXiv 2211.12764), Table 1; the idea is BitFit's (arXiv 2106.10199). It adds no
parameter and starts as plain CLIP. A ViT-B/32 has 171 008 bias terms. The paper counts 0.1 M, which are those without
the biases of queries, keys and values (124 928): OpenAI's CLIP keeps these in one `in_proj_bias` a layer. All of them
was this method's only form, and is what adapters without the option `attention_inputs` hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from framecue.backbone import Backbone
from framecue.methods.base import Method, MethodConfig

__all__ = ["Bias", "BiasConfig"]

# Of queries, keys and values: each on its own, or all in one tensor.
_INPUTS = ("q_proj.bias", "k_proj.bias", "v_proj.bias", "in_proj_bias")


@dataclass(frozen=True, kw_only=True)
class BiasConfig(MethodConfig):
    """Options of bias tuning.

    Attributes:
        attention_inputs: whether the biases of queries, keys and values are trained, too.
    """

    added: ClassVar[Mapping[str, Any]] = {"attention_inputs": True}

    attention_inputs: bool = False


class Bias(Method):
    """Mean pooling; trains biases (of linear maps, convolutions and norms) of both towers, not the logit scale."""

    Config = BiasConfig
    masks_frames = True
    frames_alone = True
    paper = "VoP (CVPR 2023, arXiv 2211.12764), Table 1: Bias"
    config: BiasConfig

    def freeze(self, backbone: Backbone) -> None:
        """Train the bias terms; the logit scale, and the logit bias if there is one, are not part of a tower."""
        backbone.requires_grad_(False)
        for name, parameter in backbone.model.named_parameters():
            is_input = name.endswith(_INPUTS)
            if "." in name and name.endswith("bias") and (self.config.attention_inputs or not is_input):
                parameter.requires_grad_(True)
