"""SigLIP (`transformers.SiglipModel`) as two towers; SigLIP 2 of a fixed size (`siglip2-base-patch16-224`) is one."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from framecue.backbone.preprocess import Preprocess
from framecue.backbone.towers import TextTower, VisionTower, attend_by_probe, attend_with_keys

__all__ = ["SiglipTextTower", "SiglipVisionTower", "siglip_preprocess", "why_siglip_is_unsupported"]


class SiglipVisionTower(VisionTower):
    """SigLIP's ViT: only patches, no pre-norm; after `post_layernorm` a learned probe attends to them.

    The output of the probe's attention takes the class token's place, and the pooling head's residual MLP turns it into
    the feature.
    """

    def __init__(self, siglip: Any, *, image_size: int | None = None) -> None:
        config = siglip.config.vision_config
        super().__init__(
            layers=siglip.vision_model.encoder.layers,
            width=config.hidden_size,
            num_heads=config.num_attention_heads,
            feed_forward_width=config.intermediate_size,
            embedding_dim=config.hidden_size,
        )
        self.image_size, self.num_class_tokens = config.image_size if image_size is None else image_size, 0
        self.num_patches = (self.image_size // config.patch_size) ** 2
        self._model, self._head = siglip.vision_model, siglip.vision_model.head
        self.projection = cast(nn.Module, self._head.mlp)

    def embed(self, pixel_values: Tensor, *, prompts: Tensor | None = None) -> Tensor:
        """See `VisionTower.embed`."""
        patches = self.embed_patches(pixel_values)
        return patches if prompts is None else torch.cat([prompts.to(patches.dtype), patches], dim=1)

    def embed_patches(self, pixel_values: Tensor) -> Tensor:
        """Turn images (N, 3, S, S), normalised, into patches with their positions (N, T, D)."""
        return self._model.embeddings(pixel_values)

    def attend_and_keys(
        self, index: int, attended: Tensor, *, mask: Tensor | None = None, places: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """See `Tower.attend_and_keys`."""
        return attend_with_keys(self.layers[index].self_attn, attended, mask=mask)

    def summarise(self, tokens: Tensor, *, mask: Tensor | None = None) -> Tensor:
        """See `VisionTower.summarise`."""
        tokens = self._model.post_layernorm(tokens)
        return attend_by_probe(self._head.attention, self._head.probe, tokens, mask=mask)

    def finish(self, summary: Tensor) -> Tensor:
        """See `VisionTower.finish`."""
        return summary + self.projection(self._head.layernorm(summary))


class SiglipTextTower(TextTower):
    """SigLIP's text transformer, the same in SigLIP 2: it attends in both directions; its feature is the last token's.

    It was trained on texts padded to the context length and saw the padding, so texts are run that way.
    """

    def __init__(self, siglip: Any) -> None:
        config = siglip.config.text_config
        super().__init__(
            layers=siglip.text_model.encoder.layers,
            width=config.hidden_size,
            num_heads=config.num_attention_heads,
            feed_forward_width=config.intermediate_size,
            embedding_dim=config.projection_size,
        )
        self.context_length, self.pads_texts = config.max_position_embeddings, True
        self.is_causal, self.end_of_text_id = False, None
        self._model, self.projection = siglip.text_model, siglip.text_model.head
        self.token_embedding = self._model.embeddings.token_embedding
        self.position_embedding = self._model.embeddings.position_embedding

    def embed(self, input_ids: Tensor) -> Tensor:
        """See `TextTower.embed`."""
        return self._model.embeddings(input_ids=input_ids)

    def causal_mask(self, tokens: Tensor) -> None:
        """Return None: every token sees all others; see `TextTower.causal_mask`."""

    def end_of_text(self, input_ids: Tensor) -> Tensor:
        """Return the last position, whatever the token there; see `TextTower.end_of_text`."""
        return torch.full((len(input_ids),), input_ids.shape[1] - 1, device=input_ids.device)

    def finish(self, token: Tensor) -> Tensor:
        """See `TextTower.finish`."""
        return self.projection(self._model.final_layer_norm(token))


def siglip_preprocess(config: Any) -> Preprocess:
    """Return SigLIP's own steps for a configuration of `SiglipModel`, for a folder that does not define any."""
    return Preprocess.siglip(config.vision_config.image_size)


def why_siglip_is_unsupported(config: Any) -> str | None:
    """Return what a configuration of SigLIP or SigLIP 2 lacks for comparable image and text features, or None."""
    vision, text = config.vision_config, config.text_config
    if not vision.vision_use_head:
        return "it has no pooling head (vision_use_head is false), which makes image features; give a model with one"
    if text.projection_size != vision.hidden_size:
        return (
            f"its text features are {text.projection_size} wide (projection_size) and its image features "
            f"{vision.hidden_size} (hidden_size of vision_config); they cannot be compared"
        )
    return None
