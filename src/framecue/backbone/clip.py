"""CLIP (`transformers.CLIPModel`) as two towers; PE-Core's text encoder is CLIP's."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from transformers import CLIPModel, CLIPTextConfig, CLIPVisionConfig

from framecue.backbone.pe_core_model import PeCoreModel
from framecue.backbone.towers import TextTower, VisionTower, attend_with_keys

__all__ = ["ClipTextTower", "ClipVisionTower"]


class ClipVisionTower(VisionTower):
    """CLIP's ViT: class token first, `pre_layrnorm` before layer 0, `post_layernorm` on the class token."""

    def __init__(self, clip: CLIPModel) -> None:
        config = cast(CLIPVisionConfig, clip.config.vision_config)
        super().__init__(
            layers=clip.vision_model.encoder.layers,
            width=config.hidden_size,
            num_heads=config.num_attention_heads,
            feed_forward_width=config.intermediate_size,
            embedding_dim=cast(int, clip.config.projection_dim),
        )
        self.image_size, self.num_class_tokens = cast(int, config.image_size), 1
        self.num_patches = (self.image_size // cast(int, config.patch_size)) ** 2
        self._model, self.projection = clip.vision_model, clip.visual_projection

    @property
    def class_position(self) -> Tensor:
        """See `VisionTower.class_position`."""
        return self._model.embeddings.position_embedding.weight[0]

    def embed(self, pixel_values: Tensor, *, prompts: Tensor | None = None) -> Tensor:
        """See `VisionTower.embed`."""
        tokens = self._model.embeddings(pixel_values)
        if prompts is not None:
            tokens = torch.cat([tokens[:, :1], prompts.to(tokens.dtype), tokens[:, 1:]], dim=1)
        return self._model.pre_layrnorm(tokens)

    def attend_and_keys(
        self, index: int, attended: Tensor, *, mask: Tensor | None = None, places: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """See `Tower.attend_and_keys`."""
        return attend_with_keys(self.layers[index].self_attn, attended, mask=mask)

    def summarise(self, tokens: Tensor, *, mask: Tensor | None = None) -> Tensor:
        """See `VisionTower.summarise`."""
        return tokens[:, 0]

    def finish(self, summary: Tensor) -> Tensor:
        """See `VisionTower.finish`."""
        return self.projection(self._model.post_layernorm(summary))


class ClipTextTower(TextTower):
    """CLIP's causal text transformer; the feature is read at end-of-text."""

    def __init__(self, clip: CLIPModel | PeCoreModel) -> None:
        config = cast(CLIPTextConfig, clip.config.text_config)
        super().__init__(
            layers=clip.text_model.encoder.layers,
            width=config.hidden_size,
            num_heads=config.num_attention_heads,
            feed_forward_width=config.intermediate_size,
            embedding_dim=cast(int, clip.config.projection_dim),
        )
        self.context_length, self.is_causal, self.pads_texts = config.max_position_embeddings, True, False
        # 2 marks older configurations with a wrong end-of-text id (OpenAI's on the hub among them). For these,
        # transformers takes the largest id as end-of-text.
        self.end_of_text_id = None if config.eos_token_id == 2 else cast(int, config.eos_token_id)
        self.token_embedding = cast(nn.Embedding, clip.text_model.get_input_embeddings())
        self.position_embedding = clip.text_model.embeddings.position_embedding
        self._model, self.projection = clip.text_model, clip.text_projection

    def embed(self, input_ids: Tensor) -> Tensor:
        """See `TextTower.embed`."""
        return self._model.embeddings(input_ids=input_ids)

    def causal_mask(self, tokens: Tensor) -> Tensor:
        """See `TextTower.causal_mask`."""
        length = tokens.shape[1]
        mask = torch.full((length, length), torch.finfo(tokens.dtype).min, dtype=tokens.dtype, device=tokens.device)
        return mask.triu(1)[None, None]

    def end_of_text(self, input_ids: Tensor) -> Tensor:
        """See `TextTower.end_of_text`."""
        if self.end_of_text_id is None:
            return input_ids.argmax(dim=-1)
        return torch.eq(input_ids, self.end_of_text_id).int().argmax(dim=-1)

    def finish(self, token: Tensor) -> Tensor:
        """See `TextTower.finish`."""
        return self.projection(self._model.final_layer_norm(token))
