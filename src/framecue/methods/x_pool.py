"""X-Pool (Gorti et al., CVPR 2022, arXiv 2203.15086): each text attends to a video's frames and pools them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods.absent import is_absent
from framecue.methods.base import Method, MethodConfig
from framecue.methods.fusion import blockwise, directions
from framecue.validation import AtLeastOne

__all__ = ["XPool", "XPoolConfig"]


@dataclass(frozen=True, kw_only=True)
class XPoolConfig(MethodConfig):
    """Options of X-Pool, with the released values.

    Attributes:
        num_heads: heads of the cross-attention.
        dropout: share of the values that are dropped after the linear map in training.
    """

    num_heads: AtLeastOne = 1
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3


class XPool(Method):
    """One cross-attention block: the text is the query, the frames are keys and values.

    The maps start as the identity, so at the start a pooled video is nearly an attention-weighted mean of its frames.
    The names of the parameters are those of the released code.
    """

    Config = XPoolConfig
    masks_frames = True
    frames_alone = True
    offline = False
    paper = "X-Pool (CVPR 2022, arXiv 2203.15086)"
    config: XPoolConfig

    def __init__(self, config: XPoolConfig, backbone: Backbone) -> None:
        super().__init__(config, backbone)
        width = backbone.vision.embedding_dim
        if width % config.num_heads:
            raise InputError(f"num_heads must divide the embedding's width ({width}), got {config.num_heads}")
        self.pool_frames = _Pool(width, num_heads=config.num_heads, dropout=config.dropout)

    def similarity(self, text_features: Tensor, frame_features: Tensor) -> Tensor:
        """Return the cosine of each text and the frames as it pools them; see `Method.similarity`."""
        dtype = torch.promote_types(text_features.dtype, torch.float32)
        texts, frames = text_features.to(dtype), frame_features.to(dtype)
        # Attention, the two norms and the linear map each hold (B, N, E).
        return blockwise(self._pairs, texts, frames, numbers_per_pair=6 * texts.shape[-1])

    def _pairs(self, texts: Tensor, frames: Tensor) -> Tensor:
        # In the precision of the features, which is higher than that of a model in half precision.
        parameters = {name: parameter.to(texts.dtype) for name, parameter in self.pool_frames.named_parameters()}
        pooled = functional_call(self.pool_frames, parameters, (texts, frames))
        return (directions(texts) * directions(pooled)).sum(dim=-1).T


class _Attention(nn.Module):
    """Multi-head attention from every text to every video's frames."""

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (_identity(width) for _ in range(4))

    def forward(self, texts: Tensor, frames: Tensor, absent: Tensor) -> Tensor:
        """Return the attention output (B, N, E) of texts (N, E) and frames (B, F, E), those that are not absent."""
        query = self.q_proj(texts).unflatten(-1, (self.num_heads, -1)).transpose(0, 1)  # (heads, N, head)
        key, value = (
            project(frames).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)  # (B, heads, F, head)
            for project in (self.k_proj, self.v_proj)
        )
        scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5  # (B, heads, N, F)
        weights = scores.masked_fill(absent[:, None, None], -torch.inf).softmax(dim=-1)
        return self.out_proj((weights @ value).transpose(1, 2).flatten(-2))


class _Pool(nn.Module):
    def __init__(self, width: int, *, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.cross_attn = _Attention(width, num_heads)
        self.linear_proj = _identity(width)
        self.layer_norm1, self.layer_norm2, self.layer_norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.dropout = dropout

    def forward(self, texts: Tensor, frames: Tensor) -> Tensor:
        """Return pooled frames (B, N, E) of texts (N, E) and frames (B, F, E); none are normalised."""
        # One norm for both sides, and no residual from either, as released.
        crossed = self.cross_attn(self.layer_norm1(texts), self.layer_norm1(frames), is_absent(frames))
        attended = self.layer_norm2(crossed)
        mapped = functional.dropout(self.linear_proj(attended), self.dropout, training=self.training)
        return self.layer_norm3(attended + mapped)


def _identity(width: int) -> nn.Linear:
    linear = nn.Linear(width, width)
    nn.init.eye_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear
