"""TempMe (Shen et al., ICLR 2025, arXiv 2409.01156): tokens are merged inside frames, then across neighbouring frames.

Low-rank updates of queries, keys and values are trained, and the image encoder has fewer and fewer tokens. In its
first layers r patches of each frame are merged between self-attention and MLP. Then neighbouring frames are joined into
clips, and these into longer ones: their class tokens stand in front, a learned position of the clip is added, and a
share of the clip's tokens is merged before self-attention and another behind it. So there is less to compute, and
frames meet inside the encoder. Each class token is the feature of its frame, and they are pooled as in `mean-pool`.

Attention counts a token of size s as s tokens: log s is added to its logits. As in the released code, the three
low-rank updates of a layer share their A, and no factor scales them; tokens are compared by their keys' mean over
heads, or before a join's attention by themselves. On a ViT-B/32 with 12 frames the updates have
12 * 4 * 8 * (768 + 512) parameters and the clips' positions (12 + 6 + 3) * 768: 507 648 in all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from framecue.backbone import Backbone
from framecue.methods.base import MethodConfig
from framecue.methods.frame_positions import nearest_positions
from framecue.methods.lora import LowRankMethod
from framecue.methods.token_merging import merge_tokens, size_bias
from framecue.validation import AtLeastOne, AtLeastZero

__all__ = ["TempMe", "TempMeConfig", "clips_joined", "layer_of_join"]

Share = Annotated[float, Field(ge=0, le=0.5)]


@dataclass(frozen=True, kw_only=True)
class TempMeConfig(MethodConfig):
    """Options of TempMe, with the released values for a ViT-B/32.

    Attributes:
        rank: of the low-rank updates.
        merged_per_layer: r, the patches of each frame that are merged in each layer before the first join.
        joins: how many neighbouring clips become one, at each join.
        merged_at_joins: the share of a joined clip's tokens that is merged before self-attention.
        merged_after_joins: the share that is merged behind self-attention, from the first join on.
        clip_positions: whether a learned position of the clip is added at a join.
    """

    rank: AtLeastOne = 8
    merged_per_layer: AtLeastZero = 2
    joins: tuple[AtLeastOne, ...] = (2, 2, 3)
    merged_at_joins: Share = 0.3
    merged_after_joins: Share = 0.1
    clip_positions: bool = True


def layer_of_join(join: int, *, num_joins: int, num_layers: int) -> int:
    """Return the layer, from 0, in front of which a join is done.

    The released ones are at layers 8, 9 and 10 of 12: evenly over the fourth quarter of the first 11 twelfths. A tower
    of another depth has them at the same parts of it, so in a shallow one several may fall on one layer.
    """
    return num_layers * (8 * num_joins + 3 * join) // (12 * num_joins)


def clips_joined(num_frames: int, joins: tuple[int, ...]) -> list[int]:
    """Return how many neighbours each join really joins, for a number of frames.

    It is the largest number, up to the one that is asked for, that divides the number of clips: no clip is left over.
    """
    made, clips = [], num_frames
    for wanted in joins:
        made.append(max(size for size in range(1, min(wanted, clips) + 1) if clips % size == 0))
        clips //= made[-1]
    return made


@dataclass(frozen=True)
class _Clips:
    """The clips of some videos, all of one length.

    Attributes:
        tokens: (N, T, D), class tokens first.
        sizes: (N, T), float32.
        places: where each token lies in its image, (N, T); see `VisionTower.places`.
        num_classes: class tokens of a clip.
        per_video: clips of a video.
    """

    tokens: Tensor
    sizes: Tensor
    places: Tensor
    num_classes: int
    per_video: int

    def joined(self, size: int, positions: Tensor | None) -> tuple[_Clips, Tensor]:
        """Return longer clips of `size` neighbours each; and what their tokens were before positions were added.

        Args:
            size: how many neighbours become one.
            positions: added to all tokens of each clip as it was, (clips a video, D); None adds nothing.
        """
        placed = self.tokens
        if positions is not None:
            videos = len(placed) // self.per_video
            placed = placed + positions.to(placed.dtype).repeat(videos, 1)[:, None]
        values = (placed, self.sizes, self.places, self.tokens)
        tokens, sizes, places, before = (self._side_by_side(each, size) for each in values)
        return _Clips(tokens, sizes, places, self.num_classes * size, self.per_video // size), before

    def _side_by_side(self, values: Tensor, size: int) -> Tensor:
        """Return (N, T, ...) as (N / size, size * T, ...), all class tokens in front."""
        values = values.unflatten(0, (-1, size))
        classes, patches = values[:, :, : self.num_classes], values[:, :, self.num_classes :]
        return torch.cat([classes.flatten(1, 2), patches.flatten(1, 2)], dim=1)

    def merged(self, likeness: Tensor, num_merged: int) -> _Clips:
        """Return the clips with the most alike tokens merged; see `merge_tokens`."""
        tokens, sizes, places = merge_tokens(
            self.tokens, self.sizes, self.places, likeness, num_merged=num_merged, num_classes=self.num_classes
        )
        return replace(self, tokens=tokens, sizes=sizes, places=places)


class _Shared(nn.Module):
    """Computes what another module's linear map computes, and owns no parameter: those keep one name."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self._linear = (linear,)  # in a tuple it is not a submodule

    @property
    def weight(self) -> Tensor:
        """The linear map's weight."""
        return self._linear[0].weight

    def forward(self, values: Tensor) -> Tensor:
        """Run the linear map."""
        return self._linear[0](values)


class TempMe(LowRankMethod):
    """Low-rank updates of queries, keys and values, and an image encoder that merges tokens and joins frames.

    If a tower has no class token, a clip's feature is what the pooling head makes of its tokens, with log s in the
    logits of its attention: as many features as clips are left.

    Raises:
        InputError: as for `LowRankMethod`.
    """

    Config = TempMeConfig
    exports = False  # graphs have no sorting that keeps the order of equal ones
    paper = "TempMe (ICLR 2025, arXiv 2409.01156)"
    config: TempMeConfig

    def __init__(self, config: TempMeConfig, backbone: Backbone) -> None:
        targets = ["q_proj", "k_proj", "v_proj"]
        super().__init__(config, backbone, name="tempme", rank=config.rank, alpha=config.rank, targets=targets)
        for place in range(0, len(self._worn), len(targets)):
            first, *others = (layer for _, layer in self._worn[place : place + len(targets)])
            for other in others:
                other.lora_A["default"] = _Shared(first.lora_A["default"])
        # A join that joins nothing in training has no positions.
        clips, rows = config.num_frames, []
        for size in clips_joined(config.num_frames, config.joins):
            rows.append(clips if size > 1 and config.clip_positions else 0)
            clips //= size
        width = backbone.vision.width
        self.positions = nn.ParameterDict(
            {str(join): nn.Parameter(torch.zeros(count, width)) for join, count in enumerate(rows) if count}
        )

    def encode_frames(self, backbone: Backbone, pixel_values: Tensor) -> Tensor:
        """Turn frames (B, F, 3, S, S), in chronological order, into features (B, F, E), not normalised.

        Without class tokens they are (B, clips, E).
        """
        videos, frames = pixel_values.shape[:2]
        vision, config = backbone.vision, self.config
        tokens = vision.embed(pixel_values.flatten(0, 1))
        sizes = torch.ones(tokens.shape[:2], device=tokens.device)
        places = vision.places(device=tokens.device).expand(len(tokens), -1)
        clips = _Clips(tokens, sizes, places, vision.num_class_tokens, frames)
        joined = clips_joined(frames, config.joins)
        layers = [
            layer_of_join(join, num_joins=len(joined), num_layers=vision.num_layers) for join in range(len(joined))
        ]
        for index in range(vision.num_layers):
            for join, size in enumerate(joined):
                if layers[join] == index and size > 1:
                    clips = self._join(clips, join, size)
            if not layers or index < min(layers):
                num_merged = config.merged_per_layer
            else:
                num_merged = int(clips.tokens.shape[1] * config.merged_after_joins)
            clips = _run_layer(backbone, index, clips, num_merged)
        return _features(backbone, clips).unflatten(0, (videos, -1))

    def _join(self, clips: _Clips, join: int, size: int) -> _Clips:
        """Join neighbouring clips, and merge a share of their tokens by what these were before positions came."""
        positions = None
        if str(join) in self.positions:
            table = self.positions[str(join)]
            rows = nearest_positions(clips.per_video, len(table))
            positions = table[torch.tensor(rows, device=table.device)]
        made, before = clips.joined(size, positions)
        return made.merged(before, int(made.tokens.shape[1] * self.config.merged_at_joins))


def _run_layer(backbone: Backbone, index: int, clips: _Clips, num_merged: int) -> _Clips:
    """Run one layer of the image encoder, with some tokens merged between self-attention and MLP."""
    vision = backbone.vision
    after = clips

    def between(tokens: Tensor, keys: Tensor) -> Tensor:
        nonlocal after
        mean_key = keys.unflatten(-1, (vision.num_heads, -1)).mean(dim=2)
        after = replace(clips, tokens=tokens).merged(mean_key, num_merged)
        return after.tokens

    mask = size_bias(clips.sizes, clips.tokens.dtype)
    tokens = vision.run_layer(
        index, clips.tokens, mask=mask, between=between if num_merged else None, places=clips.places
    )
    return replace(after, tokens=tokens)


def _features(backbone: Backbone, clips: _Clips) -> Tensor:
    """Return the features (N, E) of all frames in order, or of the clips where there are no class tokens."""
    vision, count, bias = backbone.vision, clips.num_classes, clips.sizes.log()
    if not count:
        return vision.finish(vision.summarise(clips.tokens, mask=bias))

    def by_class(values: Tensor) -> Tensor:
        """Return (N, T, ...) as (N * classes, 1 + patches, ...): each class token in front of its clip's patches."""
        patches = values[:, None, count:].expand(-1, count, *values[:, count:].shape[1:])
        return torch.cat([values[:, :count, None], patches], dim=2).flatten(0, 1)

    return vision.finish(vision.summarise(by_class(clips.tokens), mask=by_class(bias)))
