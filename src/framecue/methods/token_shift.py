"""Token Shift (Zhang et al., ACM MM 2021, arXiv 2108.02432): some channels of a token come from neighbouring frames.

Before a layer, the first quarter of the class token's channels comes from the next frame and the second quarter from
the previous one; beyond the first and the last frame there are zeros. As in the paper's released code, the residual
stream is shifted, before the norm: the layer's attention sees the shifted token, and its output is added to it. The
released code shifts once more between attention and feed-forward network; here a layer shifts once. There are no new
parameters; the whole backbone is trained. As the stream is shifted, training does not start from plain CLIP.

If a tower has no class token, the paper's choice does not exist, and all tokens are shifted. TS2-Net (ECCV 2022, arXiv
2207.07852) shifts patch tokens too, but with all their channels; see `ts2-net`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import pad

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods.base import Method, MethodConfig
from framecue.validation import AtLeastZero

__all__ = ["TokenShift", "TokenShiftConfig"]


@dataclass(frozen=True, kw_only=True)
class TokenShiftConfig(MethodConfig):
    """Options of Token Shift, with the paper's values.

    Attributes:
        share: the share of channels that come from the previous frame; as many come from the next.
        all_tokens: whether every token is shifted, with those at its place in the neighbouring frames, or only the
            class token.
        first_layer: the first layer, from 0, with a shift in front.
        last_layer: the last layer with a shift in front; None is the tower's last.
    """

    share: Annotated[float, Field(gt=0, le=0.5)] = 0.25
    all_tokens: bool = False
    first_layer: AtLeastZero = 0
    last_layer: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.last_layer is not None and self.last_layer < self.first_layer:
            raise InputError(f"last_layer must be at least first_layer ({self.first_layer}), got {self.last_layer}")


class TokenShift(Method):
    """Mean pooling over frames whose tokens are shifted between neighbours before layers."""

    Config = TokenShiftConfig
    paper = "Token Shift Transformer (ACM MM 2021, arXiv 2108.02432)"
    config: TokenShiftConfig

    def __init__(self, config: TokenShiftConfig, backbone: Backbone) -> None:
        super().__init__(config, backbone)
        vision = backbone.vision
        last = vision.num_layers - 1
        for name, layer in (("first_layer", config.first_layer), ("last_layer", config.last_layer)):
            if layer is not None and layer > last:
                raise InputError(f"{name} must be at most {last} for {backbone.name}, got {layer}")
        if int(config.share * vision.width) < 1:
            least = 1 / vision.width
            raise InputError(f"share must be at least {least:.3g} for {backbone.name}, got {config.share}")

    def encode_frames(self, backbone: Backbone, pixel_values: Tensor) -> Tensor:
        """Turn frames (B, F, 3, S, S), in chronological order, into features (B, F, E), not normalised."""
        videos, frames = pixel_values.shape[:2]
        vision, last = backbone.vision, self.config.last_layer
        tokens = vision.embed(pixel_values.flatten(0, 1))
        for index in range(vision.num_layers):
            if index >= self.config.first_layer and (last is None or index <= last):
                tokens = self._shift(tokens, frames, 0 if self.config.all_tokens else vision.num_class_tokens)
            tokens = vision.run_layer(index, tokens)
        return vision.finish(vision.summarise(tokens)).unflatten(0, (videos, frames))

    def _shift(self, tokens: Tensor, frames: int, count: int) -> Tensor:
        """Shift the first `count` tokens of each frame, or all if it is 0: (B * F, T, D) to (B * F, T, D)."""
        count, size = count or tokens.shape[1], int(self.config.share * tokens.shape[2])
        moved = tokens[:, :count].unflatten(0, (-1, frames))
        shifted = torch.cat(
            [
                pad(moved[:, 1:, :, :size], (0, 0, 0, 0, 0, 1)),  # from the next frame
                pad(moved[:, :-1, :, size : 2 * size], (0, 0, 0, 0, 1, 0)),  # from the previous frame
                moved[..., 2 * size :],
            ],
            dim=-1,
        )
        return torch.cat([shifted.flatten(0, 1), tokens[:, count:]], dim=1)
