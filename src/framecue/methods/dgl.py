"""DGL (Yang et al., AAAI 2024, arXiv 2401.10588): prompts that see the whole video, and prompts that both towers share.

A video is one sequence: M global prompts, then for each frame its class token, K local prompts and its patches. Global
prompts attend to everything; a frame's tokens attend to their own frame and to the global prompts, so frames meet only
in these. The first global prompt after the last layer is the video's feature. Global prompts go on from layer to layer,
local ones are replaced in each. In the text encoder K prompts stand behind the first token and K behind the last, which
are replaced in each layer, too; the feature is read at end-of-text. No prompt has a position, and those of the image
encoder enter behind the norm in front of its first layer. The backbone is frozen.

A causal text encoder sees nothing behind end-of-text, so the postfix has no influence there. The released code has it
so and counts its parameters. On a ViT-B/32 there are 12 * 4 * 768 + 2 * (768 * 512 + 512) + 4 * 768 = 827 392 of them
with linear prompts. Nothing of the released code is in here, whose licence (CC BY-NC 4.0) allows no commercial use.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from framecue.backbone import Backbone, VisionTower
from framecue.methods.base import Method, MethodConfig
from framecue.methods.dgl_prompts import LinearPrompts, LocalPrompts, TransformerPrompts
from framecue.methods.frames_apart import frames_apart
from framecue.validation import AtLeastOne

__all__ = ["Dgl", "DglConfig"]


@dataclass(frozen=True, kw_only=True)
class DglConfig(MethodConfig):
    """Options of DGL, with the released sizes.

    Attributes:
        num_global_prompts: M.
        num_local_prompts: K, of each frame, in front of a text and behind it.
        local_prompts: how local prompts are made: "linear", see `LinearPrompts`, or "transformer", see
            `TransformerPrompts`.
    """

    num_global_prompts: AtLeastOne = 4
    num_local_prompts: AtLeastOne = 4
    local_prompts: Literal["linear", "transformer"] = "linear"


class Dgl(Method):
    """Global prompts attend to all frames; local ones of both towers come from one set of parameters.

    If a tower has no class token, a frame is its local prompts and its patches, and the pooling head sees the first
    global prompt alone.
    """

    Config = DglConfig
    paper = "DGL (AAAI 2024, arXiv 2401.10588)"
    config: DglConfig

    def __init__(self, config: DglConfig, backbone: Backbone) -> None:
        super().__init__(config, backbone)
        vision = backbone.vision
        spread = math.sqrt(6 / (3 * _patch_size(vision) ** 2 + vision.width))
        count = config.num_local_prompts
        self.global_prompts = nn.Parameter(
            torch.empty(config.num_global_prompts, vision.width).uniform_(-spread, spread)
        )
        self.local: LocalPrompts
        if config.local_prompts == "linear":
            self.local = LinearPrompts(backbone, num_local=count, spread=spread)
        else:
            self.local = TransformerPrompts(backbone, num_local=count, num_frames=config.num_frames)

    def freeze(self, backbone: Backbone) -> None:
        """Train the prompts and what makes them; the backbone is frozen, including the logit scale."""
        backbone.requires_grad_(False)
        self.requires_grad_(True)

    def encode_frames(self, backbone: Backbone, pixel_values: Tensor) -> Tensor:
        """Turn frames (B, F, 3, S, S), in chronological order, into one feature a video (B, 1, E), not normalised."""
        videos, frames = pixel_values.shape[:2]
        vision, num_global, classes = backbone.vision, len(self.global_prompts), backbone.vision.num_class_tokens
        own = vision.embed(pixel_values.flatten(0, 1)).unflatten(0, (videos, frames))  # (B, F, T, D)
        seen = self.global_prompts.to(own.dtype).expand(videos, -1, -1)
        local = self.local.for_frames(frames).to(own.dtype)
        mask: Tensor | None = None
        # Prompts have no place in an image, a patch that in its own frame.
        one_frame = vision.places(prompts_before=local.shape[2], device=own.device)
        places = torch.cat([one_frame.new_full((num_global,), -1), one_frame.repeat(frames)])
        for index in range(vision.num_layers):
            prompts = local[index].expand(videos, -1, -1, -1)
            tokens = torch.cat([own[:, :, :classes], prompts, own[:, :, classes:]], dim=2)
            mask = frames_apart(num_global, tokens) if mask is None else mask
            made = vision.run_layer(index, torch.cat([seen, tokens.flatten(1, 2)], dim=1), mask=mask, places=places)
            seen, tokens = made[:, :num_global], made[:, num_global:].unflatten(1, (frames, -1))
            own = torch.cat([tokens[:, :, :classes], tokens[:, :, classes + prompts.shape[2] :]], dim=2)
        return vision.finish(vision.summarise(seen[:, :1]))[:, None]

    def encode_text(self, backbone: Backbone, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Turn token ids (N, T) into features (N, E), not normalised; see `Method.encode_text`."""
        text, count = backbone.text, self.config.num_local_prompts
        words = text.embed(input_ids)
        prompts = self.local.for_texts().to(words.dtype)[:, None].expand(-1, len(words), -1, -1)
        mask = text.causal_mask(torch.cat([words, prompts[0]], dim=1))
        for index in range(text.num_layers):
            prefix, postfix = prompts[index].tensor_split([count], dim=1)
            tokens = torch.cat([words[:, :1], prefix, words[:, 1:], postfix], dim=1)
            tokens = text.run_layer(index, tokens, mask=mask)
            words = torch.cat([tokens[:, :1], tokens[:, 1 + count : -count]], dim=1)
        return text.read(words, text.end_of_text(input_ids))


def _patch_size(vision: VisionTower) -> int:
    """Return the height and width in pixels of a patch, by the number of them that an image has."""
    return vision.image_size // math.isqrt(vision.num_patches)
