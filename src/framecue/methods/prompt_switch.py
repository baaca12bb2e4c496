"""Prompt Switch (Deng et al., ICCV 2023, arXiv 2308.07648)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods.base import Method, MethodConfig
from framecue.methods.captioner import Captioner
from framecue.validation import AtLeastOne, AtLeastZero, PositiveNumber

__all__ = ["PromptSwitch", "PromptSwitchConfig"]


Aggregation = Literal["group", "chunk", "video", "none"]


@dataclass(frozen=True, kw_only=True)
class PromptSwitchConfig(MethodConfig):
    """Options of Prompt Switch, with the released values.

    Attributes:
        num_prompts: P; the Prompt Cube is (P, P, D), and a chunk is P frames.
        prompts_per_frame: M, for a rectangular cube (P, M, D): every two frames of a chunk exchange M / P prompts. None
            takes P, the paper's square cube.
        switch_every: prompts are switched in every layer of this step, from the first: 1 as in the paper, 2 for every
            second; 0 leaves the switch out (the ablation: frames meet only in the aggregation).
        aggregation: to which prompts a frame's class token attends after the last layer: those of its "group" (see
            `frames_per_group`), of its "chunk", of the whole "video", or "none" (only the cube).
        frames_per_group: frames whose prompts are aggregated together. None takes `num_frames`, as the released code
            does: if it is trained on 6 and tested on 12 frames, a video is two groups that meet only in mean pooling.
        captioner: whether to train with the auxiliary captioning loss.
        captioner_layers: layers of the captioner.
        caption_loss_weight: multiplies the captioning loss before it is added.
        frequent_word_weight: weight of function words and special tokens in the captioning loss.
    """

    num_frames: int = 6
    num_test_frames: int = 12
    num_prompts: AtLeastOne = 6
    prompts_per_frame: AtLeastOne | None = None
    switch_every: AtLeastZero = 1
    aggregation: Aggregation = "group"
    frames_per_group: AtLeastOne | None = None
    captioner: bool = True
    captioner_layers: AtLeastOne = 2
    caption_loss_weight: PositiveNumber = 0.5
    frequent_word_weight: PositiveNumber = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.frames_per_group is not None and self.aggregation != "group":
            raise InputError(
                f"frames_per_group ({self.frames_per_group}) goes with aggregation group, not {self.aggregation}"
            )
        if self.cube_width % self.num_prompts:
            raise InputError(
                f"prompts_per_frame must be a multiple of num_prompts ({self.num_prompts}), got {self.cube_width}"
            )
        if self.group % self.num_prompts:
            name = "num_frames" if self.frames_per_group is None else "frames_per_group"
            raise InputError(f"{name} must be a multiple of num_prompts ({self.num_prompts}), got {self.group}")
        for field in ("num_frames", "num_test_frames"):
            if getattr(self, field) % self.group:
                name = "frames_per_group" if self.aggregation == "group" else "num_prompts"
                raise InputError(f"{field} must be a multiple of {name} ({self.group}), got {getattr(self, field)}")

    @property
    def cube_width(self) -> int:
        """M, the number of prompts of a frame."""
        return self.num_prompts if self.prompts_per_frame is None else self.prompts_per_frame

    @property
    def group(self) -> int:
        """The size of an aggregation group, or of a chunk; a video's number of frames must be a multiple of it."""
        if self.aggregation != "group":
            return self.num_prompts
        return self.num_frames if self.frames_per_group is None else self.frames_per_group


class PromptSwitch(Method):
    """A Prompt Cube in the image encoder, transposed between frames in every layer and aggregated by class tokens."""

    Config = PromptSwitchConfig
    paper = "Prompt Switch (ICCV 2023, arXiv 2308.07648)"
    config: PromptSwitchConfig

    def __init__(self, config: PromptSwitchConfig, backbone: Backbone) -> None:
        super().__init__(config, backbone)
        prompts, width = config.num_prompts, backbone.vision.width
        std = width**-0.5 * backbone.initializer_range
        self.prompt_cube = nn.Parameter(torch.randn(prompts, config.cube_width, width) * std)
        self.aggregation = None
        if config.aggregation != "none":
            self.aggregation = nn.MultiheadAttention(width, backbone.vision.num_heads, batch_first=True)
            # At zero, so that training starts from plain CLIP.
            nn.init.zeros_(self.aggregation.out_proj.weight)
            nn.init.zeros_(self.aggregation.out_proj.bias)
        self.captioner = (
            Captioner(backbone, num_layers=config.captioner_layers, frequent_word_weight=config.frequent_word_weight)
            if config.captioner
            else None
        )

    @property
    def chunk_frames(self) -> int:
        """P, the number of frames in a chunk; each chunk spans the whole video (section 3.2)."""
        return self.config.num_prompts

    def encode_frames(self, backbone: Backbone, pixel_values: Tensor) -> Tensor:
        """Turn frames (B, F, 3, S, S) into features (B, F, E), not normalised (sections 3.2, 3.3).

        Raises:
            InputError: F is not a multiple of the aggregation group (or of the chunk, if chunks are aggregated).
        """
        videos, frames = pixel_values.shape[:2]
        if frames % self.config.group:
            raise InputError(
                f"prompt-switch with groups of {self.config.group} frames takes a multiple of "
                f"{self.config.group} frames a video, got {frames}"
            )
        group = frames if self.config.aggregation == "video" else self.config.group
        vision = backbone.vision
        own = vision.embed(pixel_values.flatten(0, 1))
        num_own = own.shape[1]
        # Joined after the pre-norm: the prompts get no position embedding and no pre-norm.
        prompts = self.prompt_cube.to(own.dtype).repeat(len(own) // self.config.num_prompts, 1, 1)
        tokens = torch.cat([own, prompts], dim=1)
        every, places = self.config.switch_every, vision.places(prompts_behind=prompts.shape[1], device=own.device)
        for index in range(vision.num_layers):
            switches = every > 0 and index % every == 0
            tokens = vision.run_layer(
                index,
                tokens,
                attention_input=(lambda x: self._switch(x, num_own)) if switches else None,
                places=places,
            )
        summary = vision.summarise(tokens[:, :num_own])
        if self.aggregation is not None:
            summary = summary + _aggregate(self.aggregation, summary, tokens[:, num_own:], group)
        return vision.finish(summary).unflatten(0, (videos, frames))

    def _switch(self, tokens: Tensor, num_own: int) -> Tensor:
        """Transpose the cube of each chunk: frame i's j-th prompt (j-th M / P prompts) becomes frame j's i-th."""
        size = self.config.num_prompts
        cubes = tokens[:, num_own:].unflatten(0, (-1, size)).unflatten(2, (size, -1))
        return torch.cat([tokens[:, :num_own], cubes.transpose(1, 2).flatten(2, 3).flatten(0, 1)], dim=1)

    def auxiliary_loss(self, backbone: Backbone, frame_features: Tensor, input_ids: Tensor) -> Tensor | None:
        """Return the weighted captioning loss (section 3.4); see `Method.auxiliary_loss`."""
        if self.captioner is None:
            return None
        return self.config.caption_loss_weight * self.captioner.loss(backbone, frame_features, input_ids)

    def new_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield those of cube and captioner; the aggregation attention trains at the backbone's rate, as released."""
        return ((name, p) for name, p in self.named_parameters() if not name.startswith("aggregation."))


def _aggregate(attention: nn.MultiheadAttention, summary: Tensor, prompts: Tensor, group: int) -> Tensor:
    """Let each frame's class token (B * F, D) attend to the prompts (B * F, M, D) of its group of frames."""
    queries = summary.unflatten(0, (-1, group))
    keys = prompts.unflatten(0, (-1, group)).flatten(1, 2)
    return attention(queries, keys, keys, need_weights=False)[0].flatten(0, 1)
