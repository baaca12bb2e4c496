"""Adapters: a small bottleneck in parallel to each attention, or to each feed-forward network, of both towers.

The baselines `Adapter-ATTN` and `Adapter-FFN` of VoP (CVPR 2023, arXiv 2211.12764), Table 1. The parallel form is that
of He et al. (ICLR 2022, arXiv 2110.04366): a down-projection, ReLU and an up-projection are applied to the input of the
sublayer beside it, and the result is added to the same residual. The up-projection starts at zero, so training starts
from plain CLIP. With a bottleneck of 64, a ViT-B/32 gets 1 982 976 parameters: the paper's 2.0 M.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn
from torch.nn import functional

from framecue.backbone import Backbone
from framecue.backbone.towers import Tower
from framecue.methods.base import Method, MethodConfig
from framecue.validation import AtLeastOne

__all__ = ["AdapterAttn", "AdapterFfn", "ParallelAdapterConfig"]


@dataclass(frozen=True, kw_only=True)
class ParallelAdapterConfig(MethodConfig):
    """Options of the adapters.

    Attributes:
        bottleneck: hidden width of an adapter.
    """

    bottleneck: AtLeastOne = 64


class _Bottleneck(nn.Module):
    """Down-projection, ReLU, up-projection: (N, T, D) to (N, T, D), zero at the start."""

    def __init__(self, width: int, bottleneck: int) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(width, bottleneck), nn.Linear(bottleneck, width)
        for parameter in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(parameter)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.up(functional.relu(self.down(tokens)))


class _ParallelAdapter(Method):
    """One adapter in each layer of both towers; only the adapters are trained."""

    Config = ParallelAdapterConfig
    masks_frames = True
    frames_alone = True
    beside: ClassVar[Literal["attention", "mlp"]]

    def __init__(self, config: ParallelAdapterConfig, backbone: Backbone) -> None:
        super().__init__(config, backbone)
        self.vision, self.text = (
            nn.ModuleList(_Bottleneck(tower.width, config.bottleneck) for _ in range(tower.num_layers))
            for tower in (backbone.vision, backbone.text)
        )

    def encode_frames(self, backbone: Backbone, pixel_values: Tensor) -> Tensor:
        """Turn frames (B, F, 3, S, S) into features (B, F, E) with the image encoder and its adapters."""
        videos, frames = pixel_values.shape[:2]
        vision = backbone.vision
        tokens = self._run(vision, self.vision, vision.embed(pixel_values.flatten(0, 1)))
        return vision.finish(vision.summarise(tokens)).unflatten(0, (videos, frames))

    def encode_text(self, backbone: Backbone, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Turn token ids (N, T) into features (N, E) with the text tower and its adapters."""
        text = backbone.text
        tokens = text.embed(input_ids)
        tokens = self._run(text, self.text, tokens, mask=text.causal_mask(tokens))
        return text.read(tokens, text.end_of_text(input_ids))

    def _run(self, tower: Tower, adapters: nn.ModuleList, tokens: Tensor, *, mask: Tensor | None = None) -> Tensor:
        for index, adapter in enumerate(adapters):
            tokens = tower.run_layer(
                index,
                tokens,
                mask=mask,
                attention_branch=adapter if self.beside == "attention" else None,
                mlp_branch=adapter if self.beside == "mlp" else None,
            )
        return tokens

    def freeze(self, backbone: Backbone) -> None:
        """Train the adapters; the whole backbone is frozen, including the logit scale."""
        backbone.requires_grad_(False)
        self.requires_grad_(True)


class AdapterAttn(_ParallelAdapter):
    """Adapters in parallel to self-attention, on its normalised input."""

    beside = "attention"
    paper = "VoP (CVPR 2023, arXiv 2211.12764), Table 1: Adapter-ATTN"


class AdapterFfn(_ParallelAdapter):
    """Adapters in parallel to the feed-forward network, on its normalised input."""

    beside = "mlp"
    paper = "VoP (CVPR 2023, arXiv 2211.12764), Table 1: Adapter-FFN"
