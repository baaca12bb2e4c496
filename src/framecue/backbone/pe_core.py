"""PE-Core as two towers: CLIP's text tower, and an image tower whose layers know where each patch lies."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from framecue.backbone.clip import ClipTextTower
from framecue.backbone.pe_core_model import PeCoreAttention, PeCoreModel, Rotation, make_rotation
from framecue.backbone.preprocess import Preprocess
from framecue.backbone.towers import VisionTower, attend_by_probe
from framecue.errors import InputError

__all__ = ["PeCoreTextTower", "PeCoreVisionTower", "pe_core_preprocess"]

PeCoreTextTower = ClipTextTower


class PeCoreVisionTower(VisionTower):
    """PE-Core's ViT: class token (not in G), absolute and rotary positions, and a pooling head that sees all tokens.

    The output of the head's probe is what stands for an image, also where there is a class token: the probe attends to
    it as to the patches. Prompts have neither an absolute position nor a place, so they are not turned.
    """

    def __init__(self, model: PeCoreModel) -> None:
        config = cast(Any, model.config).vision_config
        grid = config.image_size // config.patch_size
        super().__init__(
            layers=model.vision_model.encoder.layers,
            width=config.hidden_size,
            num_heads=config.num_attention_heads,
            feed_forward_width=config.intermediate_size,
            embedding_dim=cast(Any, model.config).projection_dim,
        )
        self.image_size, self.num_class_tokens, self.num_patches = (
            config.image_size,
            int(config.use_class_token),
            grid**2,
        )
        self._model, self._head = model.vision_model, model.vision_model.head
        self.projection: nn.Module = model.visual_projection
        # Not a buffer of the model: loading makes those anew, and the weights have none. On the CPU also where a model
        # without weights is being made.
        with torch.device("cpu"):
            self._table = make_rotation(grid, self.width // self.num_heads, offset=config.rotary_offset)

    @property
    def class_position(self) -> Tensor | None:
        """See `VisionTower.class_position`."""
        return self._model.embeddings.position_embedding.weight[0] if self.num_class_tokens else None

    def embed(self, pixel_values: Tensor, *, prompts: Tensor | None = None) -> Tensor:
        """See `VisionTower.embed`."""
        tokens, own = self._model.embeddings(pixel_values), self.num_class_tokens
        if prompts is not None:
            tokens = torch.cat([tokens[:, :own], prompts.to(tokens.dtype), tokens[:, own:]], dim=1)
        return self._model.pre_layrnorm(tokens)

    def attend(
        self, index: int, attended: Tensor, *, mask: Tensor | None = None, places: Tensor | None = None
    ) -> Tensor:
        """See `Tower.attend`.

        Raises:
            InputError: there are more or fewer tokens than an image's own, and `places` does not say where they lie.
        """
        attention = cast(PeCoreAttention, self.layers[index].self_attn)
        rotation = self._rotation(attended, places)
        return attention(attended, attention_mask=mask, rotation=rotation)[0]

    def _rotation(self, tokens: Tensor, places: Tensor | None) -> Rotation:
        """Return the rotation of tokens (N, T, D), (T, H) or (N, 1, T, H)."""
        if places is None:
            if tokens.shape[1] != self.num_class_tokens + self.num_patches:
                raise InputError(
                    f"this backbone's layers turn each token by its place in the image, and {tokens.shape[1]} tokens "
                    f"are not its {self.num_class_tokens + self.num_patches}; the method has to say where they lie "
                    "(run_layer(places=...), see VisionTower.places), or needs a backbone without rotary positions"
                )
            places = self.places(device=tokens.device)
        if self._table[0].device != tokens.device:
            self._table = (self._table[0].to(tokens.device), self._table[1].to(tokens.device))
        cos, sin = (part[places + 1] for part in self._table)
        return (cos, sin) if places.ndim == 1 else (cos[:, None], sin[:, None])

    def summarise(self, tokens: Tensor, *, mask: Tensor | None = None) -> Tensor:
        """See `VisionTower.summarise`."""
        tokens = self._model.post_layernorm(tokens)
        return attend_by_probe(self._head.attention, self._head.probe, tokens, mask=mask)

    def finish(self, summary: Tensor) -> Tensor:
        """See `VisionTower.finish`."""
        return self.projection(summary + self._head.mlp(self._head.layernorm(summary)))


def pe_core_preprocess(config: Any) -> Preprocess:
    """Return PE-Core's own steps: frames are squashed to (S, S), bilinear; values are -1 to 1.

    They are `get_image_transform` of facebookresearch/perception_models, core/vision_encoder/transforms.py.
    """
    return Preprocess.siglip(config.vision_config.image_size, filter="bilinear")
