"""PE-Core (Perception Encoder, Bolya et al., 2025, arXiv 2504.13181) as a model of `transformers`.

`transformers` has no class for it, so these are its layers, named as in CLIP. The text encoder is CLIP's own. The image
encoder is a ViT with a class token (B and L; G has none), absolute positions, a 2-D rotary embedding of each patch's
place in every layer, norms before and after the layers, and a head that pools all tokens with a learned probe.

The class is registered with `AutoConfig` and `AutoModel`, so such a model is saved and loaded as any other.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    AutoConfig,
    AutoModel,
    CLIPConfig,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPVisionConfig,
    PreTrainedModel,
)
from transformers import initialization as init  # leaves alone what has come from a file

__all__ = ["PeCoreConfig", "PeCoreModel", "Rotation", "make_rotation", "why_pe_core_is_unsupported"]

Rotation = tuple[Tensor, Tensor]
"""The cosines and sines (..., T, H) by which the H channels of each token's queries and keys are turned, in pairs."""

BASE = 10_000.0


class PeCoreConfig(CLIPConfig):
    """CLIP's configuration; three more fields in `vision_config` say what PE-Core has beyond CLIP.

    They are `use_class_token` (true), `pooling_heads` (8), and `rotary_offset`, the place of the first row and column
    of patches (1 in B and L, whose class token is at 0; 0 in G).
    """

    model_type = "framecue_pe_core"


class PeCoreModel(PreTrainedModel):
    """PE-Core's two encoders, their projections and the logit scale; `framecue.backbone` runs them layer by layer."""

    config_class = PeCoreConfig
    base_model_prefix = "pe_core"

    def __init__(self, config: PeCoreConfig) -> None:
        super().__init__(config)
        vision, text = cast(CLIPVisionConfig, config.vision_config), cast(CLIPTextConfig, config.text_config)
        embedding_dim = cast(int, config.projection_dim)
        self.text_model = CLIPTextModel._from_config(text)
        self.vision_model = PeCoreVision(vision)
        # OpenCLIP's has a bias; in Meta's release there is none, which is a bias of zero.
        self.visual_projection = nn.Linear(vision.hidden_size, embedding_dim)
        self.text_projection = nn.Linear(text.hidden_size, embedding_dim, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(config.logit_scale_init_value))
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, PeCoreEmbeddings | PeCoreHead):
            for parameter in module.parameters(recurse=False):
                init.normal_(parameter, std=parameter.shape[-1] ** -0.5)
        if isinstance(module, PeCoreModel):
            init.constant_(module.logit_scale, self.config.logit_scale_init_value)


class PeCoreVision(nn.Module):
    """The image encoder, whose parts have the names that they have in `transformers.CLIPModel`."""

    def __init__(self, config: CLIPVisionConfig) -> None:
        super().__init__()
        width, eps = config.hidden_size, config.layer_norm_eps
        self.embeddings = PeCoreEmbeddings(config)
        self.pre_layrnorm = nn.LayerNorm(width, eps=eps)
        self.encoder = PeCoreEncoder(config)
        self.post_layernorm = nn.LayerNorm(width, eps=eps)
        self.head = PeCoreHead(width, heads=cast(Any, config).pooling_heads, eps=eps)


class PeCoreEmbeddings(nn.Module):
    """Patches and class token with their absolute positions."""

    def __init__(self, config: CLIPVisionConfig) -> None:
        super().__init__()
        width, patch = config.hidden_size, cast(int, config.patch_size)
        has_class = bool(cast(Any, config).use_class_token)
        self.class_embedding = nn.Parameter(torch.empty(width)) if has_class else None
        self.patch_embedding = nn.Conv2d(config.num_channels, width, patch, stride=patch, bias=False)
        self.position_embedding = nn.Embedding(has_class + (cast(int, config.image_size) // patch) ** 2, width)

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Turn images (N, 3, S, S), normalised, into class token and patches (N, T, D)."""
        tokens = self.patch_embedding(pixel_values).flatten(2).transpose(1, 2)
        if self.class_embedding is not None:
            tokens = torch.cat([self.class_embedding.expand(len(tokens), 1, -1), tokens], dim=1)
        return tokens + self.position_embedding.weight


class PeCoreEncoder(nn.Module):
    """The layers."""

    def __init__(self, config: CLIPVisionConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList([PeCoreLayer(config) for _ in range(config.num_hidden_layers)])


class PeCoreLayer(nn.Module):
    """The parts of a pre-norm layer; `Tower.run_layer` puts them together."""

    def __init__(self, config: CLIPVisionConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.layer_norm1 = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.self_attn = PeCoreAttention(width, heads=config.num_attention_heads)
        self.layer_norm2 = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.mlp = PeCoreMlp(width, config.intermediate_size)


class PeCoreAttention(nn.Module):
    """Self-attention whose queries and keys are turned by the place of each patch."""

    def __init__(self, width: int, *, heads: int) -> None:
        super().__init__()
        self.num_heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(
        self, hidden_states: Tensor, *, attention_mask: Tensor | None = None, rotation: Rotation | None = None
    ) -> tuple[Tensor, None]:
        """Return the output (N, T, D) for tokens (N, T, D), and None, where `transformers` has the weights.

        Args:
            hidden_states: the tokens.
            attention_mask: additive, broadcasts to (N, heads, T, T).
            rotation: cosines and sines, each (T, H) or (N, 1, T, H) with H channels a head; None turns nothing.
        """
        projected = (linear(hidden_states) for linear in (self.q_proj, self.k_proj, self.v_proj))
        queries, keys, values = (x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2) for x in projected)
        if rotation is not None:
            queries, keys = _turn(queries, rotation), _turn(keys, rotation)
        attended = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=attention_mask)
        return self.out_proj(attended.transpose(1, 2).flatten(2)), None


class PeCoreMlp(nn.Module):
    """Two linear maps with GELU between them."""

    def __init__(self, width: int, hidden_width: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden_width), nn.Linear(hidden_width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (..., D) to (..., D)."""
        return self.fc2(functional.gelu(self.fc1(tokens)))


class PeCoreHead(nn.Module):
    """A learned probe that attends to all tokens, and a residual MLP, four times as wide, on what it found."""

    def __init__(self, width: int, *, heads: int, eps: float) -> None:
        super().__init__()
        self.probe = nn.Parameter(torch.empty(1, 1, width))
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.layernorm = nn.LayerNorm(width, eps=eps)
        self.mlp = PeCoreMlp(width, 4 * width)


def make_rotation(grid: int, head_width: int, *, offset: int) -> Rotation:
    """Return the cosines and sines (1 + grid * grid, H), float32, of each place; the first row turns nothing.

    Half of a head's channels turn with the column, the others with the row. Channels are turned in pairs (2 i, 2 i + 1)
    of each half, by (place + offset) / 10 000 ** (4 i / H), as in RoFormer (Su et al., 2021, section 3.4.2) along each
    axis.

    Args:
        grid: patches along a side of the image.
        head_width: H, channels a head; a multiple of 4.
        offset: the place of the first row and of the first column.
    """
    quarter = head_width // 4
    # In float32 whatever the model computes in, as in the released code.
    speeds = 1.0 / BASE ** (torch.arange(quarter, dtype=torch.int64).to(torch.float32) / quarter)
    places = torch.arange(grid, dtype=torch.int64).to(torch.float32) + offset
    rows, columns = torch.meshgrid(places, places, indexing="ij")
    angles = torch.stack([columns, rows], dim=-1).flatten(0, 1)[..., None] * speeds  # (P, 2, H / 4)
    angles = torch.cat([angles.new_zeros(1, head_width // 2), angles.flatten(1)])
    return angles.cos().repeat_interleave(2, dim=-1), angles.sin().repeat_interleave(2, dim=-1)


def _turn(x: Tensor, rotation: Rotation) -> Tensor:
    """Turn each pair of channels of (N, heads, T, H)."""
    cos, sin = rotation
    crossed = torch.stack([-x[..., 1::2], x[..., ::2]], dim=-1).flatten(-2)
    return (x * cos + crossed * sin).to(x.dtype)


def why_pe_core_is_unsupported(config: Any) -> str | None:
    """Return what a configuration lacks that PE-Core's image encoder needs, or None."""
    vision = config.vision_config
    for name in ("use_class_token", "pooling_heads", "rotary_offset"):
        if not hasattr(vision, name):
            return f"vision_config has no {name}; give a folder that framecue wrote, or one in OpenCLIP's layout"
    if vision.hidden_size % vision.num_attention_heads or vision.hidden_size // vision.num_attention_heads % 4:
        return (
            f"an image encoder of {vision.hidden_size} channels in {vision.num_attention_heads} heads cannot be "
            "turned along two axes; the channels of a head must be a multiple of 4"
        )
    if vision.hidden_size % vision.pooling_heads:
        return f"its pooling head has {vision.pooling_heads} heads, which do not divide {vision.hidden_size} channels"
    return None


AutoConfig.register(PeCoreConfig.model_type, PeCoreConfig, exist_ok=True)
AutoModel.register(PeCoreConfig, PeCoreModel, exist_ok=True)
