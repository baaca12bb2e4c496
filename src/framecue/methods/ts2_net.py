"""TS2-Net (Liu et al., ECCV 2022, arXiv 2207.07852): patch tokens move between frames; the best ones are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods.base import Method, MethodConfig
from framecue.methods.fusion import blockwise, directions, frame_cosines
from framecue.methods.temporal import TemporalEncoder
from framecue.validation import AtLeastOne, AtLeastZero, PositiveNumber

__all__ = ["Ts2Net", "Ts2NetConfig", "perturbed_top_k", "shift_tokens"]


@dataclass(frozen=True, kw_only=True)
class Ts2NetConfig(MethodConfig):
    """Options of TS2-Net, with the released values.

    Attributes:
        shift_layers: how many of the image encoder's last layers shift tokens.
        shift_stride: in each run of this many patches, one comes from the previous frame and one, in the middle of the
            run, from the next. None takes, as the released code does, a seventh of a frame's tokens (7 on a grid of 7 x
            7, where both are the same; 28 on one of 14 x 14), and for the next frame the third place after the first.
        num_patches: M, the patch tokens that are kept for each frame, beside the frame's own token.
        num_samples: the noisy selections over which training averages.
        noise: standard deviation of that noise; a patch's score is between -1 and 1.
        temporal_layers: layers of the temporal encoder, which are copied from the text tower; at most as many as that
            has.
        sharpness: multiplies the frames' similarities, as a unit vector, before the softmax that gives their weights.
    """

    shift_layers: AtLeastZero = 2
    shift_stride: Annotated[int, Field(ge=2)] | None = None
    num_patches: AtLeastOne = 3
    num_samples: AtLeastOne = 500
    noise: PositiveNumber = 0.05
    temporal_layers: AtLeastOne = 4
    sharpness: PositiveNumber = 4.0


class Ts2Net(Method):
    """Token shift in the image encoder, selection of patches, a temporal encoder, frames weighed by the text.

    1. In the input of self-attention in the last layers, some patches of each frame are replaced by those at the same
       place in the previous frame, and some by those in the next: whole tokens, and nowhere else.
    2. Every token is finished as if it were the frame's own. A small network scores each patch from itself and from the
       frame's token; the frame's token and the M best patches stand for the frame. In training the selection is noisy,
       and its mean has a gradient (`perturbed_top_k`).
    3. A Transformer runs over the tokens of all frames; only the frames' own tokens are compared with a text.
    4. The similarity is the frames' mean, weighted by the softmax of their similarities to the text.

    As released, the frame's own token is always kept. The released code adds noise at test too; here the best patches
    are taken, so that a video always has the same features.
    """

    Config = Ts2NetConfig
    offline = False
    paper = "TS2-Net (ECCV 2022, arXiv 2207.07852)"
    config: Ts2NetConfig

    def __init__(self, config: Ts2NetConfig, backbone: Backbone) -> None:
        super().__init__(config, backbone)
        self.scorer = _PatchScorer(backbone.vision.embedding_dim, std=backbone.initializer_range)
        self.temporal = TemporalEncoder(
            backbone,
            num_layers=config.temporal_layers,
            num_frames=config.num_frames,
            tokens_per_frame=1 + config.num_patches,
        )

    def encode_frames(self, backbone: Backbone, pixel_values: Tensor) -> Tensor:
        """Turn frames (B, F, 3, S, S) into features (B, F, E), not normalised.

        Raises:
            InputError: a frame has fewer patches than should be kept.
        """
        videos, num_frames = pixel_values.shape[:2]
        vision = backbone.vision
        tokens = vision.embed(pixel_values.flatten(0, 1))
        num_patches = tokens.shape[1] - vision.num_class_tokens
        if num_patches < self.config.num_patches:
            raise InputError(
                f"num_patches must be at most the {num_patches} patches of an image of {backbone.name}, "
                f"got {self.config.num_patches}"
            )
        stride, offset = self._stride(1 + num_patches)
        shift = partial(
            shift_tokens, num_frames=num_frames, first=vision.num_class_tokens, stride=stride, offset=offset
        )
        for index in range(vision.num_layers):
            shifts = index >= vision.num_layers - self.config.shift_layers
            tokens = vision.run_layer(index, tokens, attention_input=shift if shifts else None)
        frames = vision.finish(vision.summarise(tokens))  # (B * F, E)
        # Each patch as an image of that one token, so that a tower that pools can finish it too.
        single = tokens[:, vision.num_class_tokens :].flatten(0, 1)[:, None]
        patches = vision.finish(vision.summarise(single)).unflatten(0, (len(frames), num_patches))
        kept = torch.cat([frames[:, None], self._select(frames, patches)], dim=1)
        mixed = self.temporal(kept.unflatten(0, (videos, num_frames)).flatten(1, 2))
        return mixed[:, :: kept.shape[1]]

    def _stride(self, num_tokens: int) -> tuple[int, int]:
        """Return after how many patches the shift repeats, and how far the next frame's is from the previous frame's.

        Args:
            num_tokens: of a frame, with its class token.
        """
        stride = self.config.shift_stride
        # A frame of fewer than 14 tokens has no seventh that leaves a patch in its place.
        return (max(num_tokens // 7, 2), 3) if stride is None else (stride, stride // 2)

    def _select(self, frames: Tensor, patches: Tensor) -> Tensor:
        """Return the M patches (R, M, E) with the best scores of (R, P, E), in the order of their places."""
        scores, size = self.scorer(frames, patches), self.config.num_patches
        if self.training:
            share = perturbed_top_k(scores, size, num_samples=self.config.num_samples, noise=self.config.noise)
            return share.to(patches.dtype) @ patches
        best = scores.topk(size, dim=-1).indices.sort(dim=-1).values
        return patches.take_along_dim(best[..., None], dim=1)

    def similarity(self, text_features: Tensor, frame_features: Tensor) -> Tensor:
        """Return the weighted mean of the frames' cosines with each text; see `Method.similarity`."""
        texts, frames = directions(text_features), directions(frame_features)
        return blockwise(self._pairs, texts, frames, numbers_per_pair=4 * frames.shape[1])

    def _pairs(self, texts: Tensor, frames: Tensor) -> Tensor:
        cosines = frame_cosines(texts, frames)
        weights = (self.config.sharpness * functional.normalize(cosines, dim=-1)).softmax(dim=-1)
        return (weights * cosines).sum(dim=-1)


class _PatchScorer(nn.Module):
    """Scores how informative each patch is, from itself and from its frame's token."""

    def __init__(self, width: int, *, std: float) -> None:
        super().__init__()
        half = (width + 1) // 2
        self.norm = nn.LayerNorm(width)
        self.enter = nn.Linear(width, half, bias=False)
        self.join = nn.Linear(2 * half, half, bias=False)
        self.score = nn.Linear(half, 1, bias=False)
        for linear in (self.enter, self.join, self.score):
            nn.init.normal_(linear.weight, std=std)

    def forward(self, frames: Tensor, patches: Tensor) -> Tensor:
        """Return scores (R, P) between -1 and 1 of the patches (R, P, E) of frames (R, E)."""
        activate: Callable[[Tensor], Tensor] = functional.gelu
        of_frame, of_patch = (activate(self.enter(self.norm(tokens))) for tokens in (frames[:, None], patches))
        joined = torch.cat([of_patch, of_frame.expand_as(of_patch)], dim=-1)
        return self.score(activate(self.join(joined)))[..., 0].tanh()


def shift_tokens(tokens: Tensor, *, num_frames: int, first: int, stride: int, offset: int) -> Tensor:
    """Replace some patches of each frame by those of the previous frame, and some by those of the next.

    Every `stride` patches one comes from the previous frame, from the first patch on, and one from the next frame,
    `offset` patches later, each from the same place; a place that is both is the next frame's. At the first and the
    last frame, a patch without such a neighbour stays.

    Args:
        tokens: (B * F, T, D).
        num_frames: F.
        first: the index of the first patch.
        stride: at least 2.
        offset: at least 1.

    Returns:
        (B * F, T, D).
    """
    videos = tokens.unflatten(0, (-1, num_frames))
    shifted = videos.clone()
    before, after = slice(first, None, stride), slice(first + offset, None, stride)
    shifted[:, 1:, before] = videos[:, :-1, before]
    shifted[:, :-1, after] = videos[:, 1:, after]
    return shifted.flatten(0, 1)


def perturbed_top_k(scores: Tensor, k: int, *, num_samples: int, noise: float) -> Tensor:
    """Return how often each candidate is the i-th, by place, of the k with the best scores if noise is added to them.

    The gradient is that of the expectation (perturbed optimisers, Berthet et al., arXiv 2002.08676, as used by
    Cordonnier et al., arXiv 2104.03059), estimated from the same draws. The whole Jacobian is estimated, while the
    released code keeps only its diagonal.

    Args:
        scores: (R, P).
        k: at most P.
        num_samples: draws for each row.
        noise: standard deviation of the noise.

    Returns:
        (R, k, P); each of the k rows sums to 1.
    """
    draws = torch.randn(len(scores), num_samples, scores.shape[1], dtype=scores.dtype, device=scores.device)
    chosen = (scores.detach()[:, None] + noise * draws).topk(k, dim=-1, sorted=False).indices.sort(dim=-1).values
    # Each draw counts once, and its weight has the gradient of the draw's log-probability. The draws' mean is
    # subtracted: a constant in the average changes only the variance of the estimate.
    slopes = ((draws - draws.mean(dim=1, keepdim=True)) / noise * scores[:, None]).sum(dim=-1)  # (R, samples)
    weights = (1 + slopes - slopes.detach()) / num_samples
    counts = torch.zeros(len(scores), k, scores.shape[1], dtype=scores.dtype, device=scores.device)
    return counts.scatter_add(2, chosen.transpose(1, 2), weights[:, None].expand(-1, k, -1))
