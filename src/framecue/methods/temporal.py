"""A Transformer over the features of a video's frames, like CLIP4Clip's sequential one (arXiv 2104.08860)."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional

from framecue.backbone import Backbone, Tower
from framecue.methods.absent import is_absent
from framecue.methods.frame_positions import nearest_positions

__all__ = ["TemporalEncoder"]


class TemporalEncoder(nn.Module):
    """Adds the output of full attention over all tokens of a video to each of them.

    It starts, as released, from a copy of the text tower's first layers and of its position embeddings, which are
    stretched if a video has more tokens than a text.

    Args:
        backbone: has the layers from which it starts. If the joint embedding has another width than the text tower, one
            linear map leads in and one out.
        num_layers: layers, at most as many as the text tower has.
        num_frames: frames a video in training; other numbers of frames take the nearest relative positions.
        tokens_per_frame: K, tokens for each frame, one after the other.
    """

    def __init__(self, backbone: Backbone, *, num_layers: int, num_frames: int, tokens_per_frame: int = 1) -> None:
        super().__init__()
        text, width = backbone.text, backbone.vision.embedding_dim
        self.layers = nn.ModuleList(deepcopy(layer) for layer in text.layers[:num_layers])
        self._tower = Tower(
            layers=self.layers,
            width=text.width,
            num_heads=text.num_heads,
            feed_forward_width=text.feed_forward_width,
            embedding_dim=width,
        )
        same = width == text.width
        self.enter = nn.Identity() if same else nn.Linear(width, text.width)
        self.leave = nn.Identity() if same else nn.Linear(text.width, width)
        positions = text.position_embedding.weight.detach().float()
        num_tokens = num_frames * tokens_per_frame
        if num_tokens > len(positions):
            stretched = functional.interpolate(positions.T[None], size=num_tokens, mode="linear", align_corners=True)
            positions = stretched[0].T
        # In the order of its memory, as files of weights have it: stretched ones are not.
        self.position_embedding = nn.Parameter(
            positions[:num_tokens]
            .reshape(num_frames, tokens_per_frame, text.width)
            .clone(memory_format=torch.contiguous_format)
        )

    def forward(self, features: Tensor, absent: Tensor | None = None) -> Tensor:
        """Turn the tokens of B videos (B, F * K, E), not normalised, into as many new ones.

        No other token attends to those of absent frames, and these become zeros. Absent are the frames that `absent`,
        bool (B, F), names; without it, those whose tokens are zeros.
        """
        num_frames, tokens_per_frame, _ = self.position_embedding.shape
        rows = nearest_positions(features.shape[1] // tokens_per_frame, num_frames)
        positions = self.position_embedding[torch.tensor(rows, device=features.device)].flatten(0, 1)
        tokens = self.enter(features) + positions
        unseen = is_absent(features) if absent is None else absent.repeat_interleave(tokens_per_frame, dim=1)
        mask = None
        if bool(unseen.any()):  # without a mask the attention is faster
            lowest = torch.finfo(tokens.dtype).min
            mask = torch.zeros_like(unseen, dtype=tokens.dtype).masked_fill(unseen, lowest)[:, None, None]
        for index in range(self._tower.num_layers):
            tokens = self._tower.run_layer(index, tokens, mask=mask)
        return (features + self.leave(tokens)).masked_fill(unseen[..., None], 0)
