"""MV-Adapter (Jin et al., CVPR 2024, arXiv 2301.07868): adapters behind each MLP that mix a video's frames or a text.

An adapter gets the MLP's output and adds a tenth of its own to it. In the image encoder it takes all tokens down, mixes
a summary token, the frames' class tokens and the means of their patches in one small Transformer layer, and takes
everything up again; the weights of the way up are calibrated for each frame (temporal adaptation). In the text encoder
the words are mixed. In the last layers of both towers the ways down are weighed by factors that the towers share
(cross-modality tying). The ways up start at zero, so training starts from plain CLIP. Frames are pooled as in
`mean-pool`.

Computed as in the released code, in its configuration for MSR-VTT. There the backbone's biases are trained, too, at
their own, smaller rate; its other parameters and the logit scale are frozen. On a ViT-B/32 with 12 frames the adapters
have 3 325 696 parameters, and the backbone has 171 008 biases.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods.base import Method, MethodConfig
from framecue.methods.mv_adapter_parts import TextAdapter, VideoAdapter
from framecue.validation import AtLeastOne, AtLeastZero

__all__ = ["MvAdapter", "MvAdapterConfig"]


@dataclass(frozen=True, kw_only=True)
class MvAdapterConfig(MethodConfig):
    """Options of MV-Adapter, with the released values.

    Attributes:
        bottleneck: M, the adapters' width.
        num_heads: of the mixing blocks.
        calibrate: whose way up has calibrated weights, "class", "patches" or "both"; without a class token it is the
            patches'.
        tied_layers: in how many last layers the towers share factors.
        factor_width: of a layer's factor.
        max_words: longer texts are cut to this many tokens, including the special ones; a tower that was trained on
            texts of one length keeps that length.
        train_biases: whether the backbone's biases are trained, too.
    """

    bottleneck: AtLeastOne = 64
    num_heads: AtLeastOne = 2
    calibrate: Literal["class", "patches", "both"] = "class"
    tied_layers: AtLeastZero = 2
    factor_width: AtLeastOne = 32
    max_words: Annotated[int, Field(ge=3)] = 32
    train_biases: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bottleneck % self.num_heads:
            raise InputError(f"bottleneck must be a multiple of num_heads ({self.num_heads}), got {self.bottleneck}")


class MvAdapter(Method):
    """Adapters in both towers, and mean pooling."""

    Config = MvAdapterConfig
    paper = "MV-Adapter (CVPR 2024, arXiv 2301.07868)"
    config: MvAdapterConfig

    def __init__(self, config: MvAdapterConfig, backbone: Backbone) -> None:
        super().__init__(config, backbone)
        vision, text = backbone.vision, backbone.text
        classes, tied = vision.num_class_tokens, min(config.tied_layers, vision.num_layers, text.num_layers)
        self.factors = nn.Parameter(torch.zeros(tied, config.factor_width)) if tied else None
        self._video_factor = _from_the_end(vision.num_layers, tied)
        self._text_factor = _from_the_end(text.num_layers, tied)
        self.video = nn.ModuleList(
            VideoAdapter(
                vision.width,
                config.bottleneck,
                num_heads=config.num_heads,
                num_frames=config.num_frames,
                num_classes=classes,
                calibrate_class=bool(classes) and config.calibrate != "patches",
                calibrate_patches=not classes or config.calibrate != "class",
                factor_width=None if factor is None else config.factor_width,
            )
            for factor in self._video_factor
        )
        self.text = nn.ModuleList(
            TextAdapter(
                text.width,
                config.bottleneck,
                num_heads=config.num_heads,
                num_tokens=self.max_text_tokens(backbone),
                factor_width=None if factor is None else config.factor_width,
            )
            for factor in self._text_factor
        )

    def max_text_tokens(self, backbone: Backbone) -> int:
        """See `Method.max_text_tokens`."""
        text = backbone.text
        return text.context_length if text.pads_texts else min(self.config.max_words, text.context_length)

    def freeze(self, backbone: Backbone) -> None:
        """Train the adapters, and the backbone's biases where the option says so; the logit scale is frozen."""
        backbone.requires_grad_(False)
        self.requires_grad_(True)
        if self.config.train_biases:
            for name, parameter in backbone.model.named_parameters():  # SigLIP's logit bias is no part of a tower
                parameter.requires_grad_("." in name and name.endswith("bias"))

    def encode_frames(self, backbone: Backbone, pixel_values: Tensor) -> Tensor:
        """Turn frames (B, F, 3, S, S), in chronological order, into features (B, F, E), not normalised."""
        shape = pixel_values.shape[:2]
        vision = backbone.vision
        tokens = vision.embed(pixel_values.flatten(0, 1))
        for index, (adapter, row) in enumerate(zip(self.video, self._video_factor, strict=True)):
            after = partial(_adapt_frames, adapter, shape, self._factor(row))
            tokens = vision.run_layer(index, tokens, after_mlp=after)
        return vision.finish(vision.summarise(tokens)).unflatten(0, shape)

    def encode_text(self, backbone: Backbone, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Turn token ids (N, T) into features (N, E), not normalised; see `Method.encode_text`."""
        text = backbone.text
        tokens = text.embed(input_ids)
        mask = text.causal_mask(tokens)
        square = None if mask is None else mask[0, 0]
        for index, (adapter, row) in enumerate(zip(self.text, self._text_factor, strict=True)):
            after = partial(adapter, mask=square, factor=self._factor(row))
            tokens = text.run_layer(index, tokens, mask=mask, after_mlp=after)
        return text.read(tokens, text.end_of_text(input_ids))

    def _factor(self, row: int | None) -> Tensor | None:
        """Return a layer's shared factor, (factor_width,)."""
        return None if row is None or self.factors is None else self.factors[row]


def _adapt_frames(adapter: nn.Module, shape: torch.Size, factor: Tensor | None, added: Tensor) -> Tensor:
    """Run an adapter on what an MLP gives for the frames of videos, (B * F, T, D) with shape (B, F)."""
    return adapter(added.unflatten(0, shape), factor).flatten(0, 1)


def _from_the_end(num_layers: int, tied: int) -> list[int | None]:
    """Return for each layer the row of its factor: the last layer has the last, and so on; None where there is none."""
    return [None if layer < num_layers - tied else layer - (num_layers - tied) for layer in range(num_layers)]
