"""Prompt Switch (Deng et al., ICCV 2023, arXiv 2308.07648)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods.base import Method, MethodConfig, ParameterGroup, TrainingFeatures
from framecue.methods.captioner import Captioner
from framecue.methods.frame_contrast import frame_text_loss, order_loss
from framecue.methods.fusion import directions
from framecue.methods.prompt_permutation import LearnedSwitch, cyclic, transposed
from framecue.methods.weighted_loss import WeightedLoss
from framecue.validation import AtLeastOne, AtLeastZero, PositiveNumber

__all__ = ["PromptSwitch", "PromptSwitchConfig"]


Aggregation = Literal["group", "chunk", "video", "none"]
Switch = Literal["transpose", "cyclic", "learned", "none"]
Order = Literal["reversed", "shuffled"]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]

# A learned switch has numbers of size 1, where prompts have some of size 0.001.
_SWITCH_RATE = 100.0


@dataclass(frozen=True, kw_only=True)
class PromptSwitchConfig(MethodConfig):
    """Options of Prompt Switch, with the released values.

    Attributes:
        num_prompts: P; the Prompt Cube is (P, P, D), and a chunk is P frames.
        prompts_per_frame: M, for a rectangular cube (P, M, D): every two frames of a chunk exchange M / P prompts. None
            takes P, the paper's square cube.
        switch: where prompts go: "transpose" makes frame i's j-th that of frame j, as in the paper; "cyclic" moves each
            j-th on by j frames; "learned" mixes a chunk's prompts by a relaxed permutation for each layer, which starts
            near the transposition; "none" leaves them.
        switch_every: prompts are switched in every layer of this step, from the first: 1 as in the paper, 2 for every
            second; 0 leaves the switch out (the ablation: frames meet only in the aggregation).
        deep: whether each layer after the first adds a cube of its own to the prompts, zero at the start. They are
            added, where other methods replace prompts: what a prompt has gathered in its frame is what is switched.
        aggregation: to which prompts a frame's class token attends after the last layer: those of its "group" (see
            `frames_per_group`), of its "chunk", of the whole "video", or "none" (only the cube).
        frames_per_group: frames whose prompts are aggregated together. None takes `num_frames`, as the released code
            does: if it is trained on 6 and tested on 12 frames, a video is two groups that meet only in mean pooling.
        captioner: whether to train with the auxiliary captioning loss.
        captioner_layers: layers of the captioner.
        caption_loss_weight: multiplies the captioning loss before it is added.
        frequent_word_weight: weight of function words and special tokens in the captioning loss.
        train_backbone: whether the backbone is trained, as in the paper; if not, cube, aggregation and captioner are.
        frame_text_weight: multiplies the contrastive loss of single frames and captions; 0 leaves it out.
        order_weight: multiplies the contrast of a video and the same with its frames in another order; 0 leaves it out,
            otherwise training encodes each video twice.
        order_negatives: that other order: "reversed", or "shuffled" at random.
    """

    added: ClassVar[Mapping[str, Any]] = {
        **{"switch": "transpose", "deep": False, "train_backbone": True, "frame_text_weight": 0.0},
        **{"order_weight": 0.0, "order_negatives": "reversed"},
    }

    num_frames: int = 6
    num_test_frames: int = 12
    num_prompts: AtLeastOne = 6
    prompts_per_frame: AtLeastOne | None = None
    switch: Switch = "transpose"
    switch_every: AtLeastZero = 1
    deep: bool = False
    aggregation: Aggregation = "group"
    frames_per_group: AtLeastOne | None = None
    captioner: bool = True
    captioner_layers: AtLeastOne = 2
    caption_loss_weight: PositiveNumber = 0.5
    frequent_word_weight: PositiveNumber = 0.25
    train_backbone: bool = True
    frame_text_weight: Weight = 0.0
    order_weight: Weight = 0.0
    order_negatives: Order = "reversed"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.frames_per_group is not None and self.aggregation != "group":
            raise InputError(
                f"frames_per_group ({self.frames_per_group}) goes with aggregation group, not {self.aggregation}"
            )
        if self.switch in ("cyclic", "learned") and not self.switch_every:
            raise InputError(f"switch_every: 0 leaves the switch out; say at least 1 for switch: {self.switch}")
        if self.order_weight and self.num_prompts == 1:
            raise InputError("order_weight needs frames in an order: num_prompts must be at least 2, got 1")
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
        self.deep_cubes = None
        if config.deep:
            layers = backbone.vision.num_layers - 1
            self.deep_cubes = nn.Parameter(torch.zeros(layers, prompts, config.cube_width, width))
        self.learned_switch = None
        if config.switch == "learned":
            layers = len(range(0, backbone.vision.num_layers, config.switch_every))
            self.learned_switch = LearnedSwitch(num_layers=layers, num_frames=prompts)
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

        In training with an `order_weight`, the features of the frames in another order follow: (B, 2 F, E).

        Raises:
            InputError: F is not a multiple of the aggregation group (or of the chunk, if chunks are aggregated).
        """
        frames = pixel_values.shape[1]
        if frames % self.config.group:
            raise InputError(
                f"prompt-switch with groups of {self.config.group} frames takes a multiple of "
                f"{self.config.group} frames a video, got {frames}"
            )
        features = self._encode(backbone, pixel_values)
        if not self._contrasts_order:
            return features
        return torch.cat([features, self._encode(backbone, self._reordered(pixel_values))], dim=1)

    @property
    def _contrasts_order(self) -> bool:
        return self.training and self.config.order_weight > 0

    def _encode(self, backbone: Backbone, pixel_values: Tensor) -> Tensor:
        videos, frames = pixel_values.shape[:2]
        group = frames if self.config.aggregation == "video" else self.config.group
        vision = backbone.vision
        own = vision.embed(pixel_values.flatten(0, 1))
        num_own, num_chunks = own.shape[1], len(own) // self.config.num_prompts
        # Joined after the pre-norm: the prompts get no position embedding and no pre-norm.
        prompts = self.prompt_cube.to(own.dtype).repeat(num_chunks, 1, 1)
        tokens = torch.cat([own, prompts], dim=1)
        every = 0 if self.config.switch == "none" else self.config.switch_every
        places = vision.places(prompts_behind=prompts.shape[1], device=own.device)
        for index in range(vision.num_layers):
            if self.deep_cubes is not None and index:
                added = self.deep_cubes[index - 1].to(tokens.dtype).repeat(num_chunks, 1, 1)
                tokens = torch.cat([tokens[:, :num_own], tokens[:, num_own:] + added], dim=1)
            switch = None
            if every and index % every == 0:
                switch = partial(self._switch, num_own=num_own, layer=index // every)
            tokens = vision.run_layer(index, tokens, attention_input=switch, places=places)
        summary = vision.summarise(tokens[:, :num_own])
        if self.aggregation is not None:
            summary = summary + _aggregate(self.aggregation, summary, tokens[:, num_own:], group)
        return vision.finish(summary).unflatten(0, (videos, frames))

    def _switch(self, tokens: Tensor, num_own: int, layer: int = 0) -> Tensor:
        """Exchange the blocks of M / P prompts between the frames of each chunk, in the `layer`-th that switches."""
        size = self.config.num_prompts
        cubes = tokens[:, num_own:].unflatten(0, (-1, size)).unflatten(2, (size, -1))
        if self.learned_switch is not None:
            cubes = self.learned_switch(cubes, layer)
        else:
            cubes = (cyclic if self.config.switch == "cyclic" else transposed)(cubes)
        return torch.cat([tokens[:, :num_own], cubes.flatten(2, 3).flatten(0, 1)], dim=1)

    def _reordered(self, pixel_values: Tensor) -> Tensor:
        """Return the frames (B, F, ...) in another order, which is the same in all chunks of a video."""
        videos, size = len(pixel_values), self.config.num_prompts
        reverse = torch.arange(size, device=pixel_values.device).flip(0).expand(videos, -1)
        order = reverse
        if self.config.order_negatives == "shuffled":
            drawn = torch.rand(reverse.shape, device=pixel_values.device).argsort(dim=1)
            unchanged = (drawn == reverse.flip(1)).all(dim=1, keepdim=True)  # by chance, which is no other order
            order = torch.where(unchanged, reverse, drawn)
        chunks = pixel_values.unflatten(1, (-1, size))
        places = order[:, None].expand(-1, chunks.shape[1], -1)
        return chunks.take_along_dim(places[..., None, None, None], dim=2).flatten(1, 2)

    def loss(self, backbone: Backbone, features: TrainingFeatures) -> Tensor:
        """Return the contrastive loss of videos, and with their weights those of frames and of their order."""
        own, reordered = features.frame_features, None
        if self._contrasts_order:
            own, reordered = own.chunk(2, dim=1)
        loss = super().loss(backbone, replace(features, frame_features=own))
        texts, scale = directions(features.text_features), backbone.logit_scale
        if self.config.frame_text_weight:
            contrast = frame_text_loss(texts, directions(own), scale, same=features.same)
            loss = loss + self.config.frame_text_weight * contrast
        if reordered is not None:
            videos, others = (self.pool(frames.to(texts.dtype)) for frames in (own, reordered))
            loss = loss + self.config.order_weight * order_loss(texts, videos, others, scale)
        return loss

    def auxiliary_loss(self, backbone: Backbone, frame_features: Tensor, input_ids: Tensor) -> WeightedLoss | None:
        """Return the weighted captioning loss (section 3.4); see `Method.auxiliary_loss`."""
        if self.captioner is None:
            return None
        if self._contrasts_order:
            frame_features = frame_features.chunk(2, dim=1)[0]
        loss = self.captioner.weighted_loss(backbone, frame_features, input_ids)
        return WeightedLoss(self.config.caption_loss_weight * loss.total, loss.weight)

    def freeze(self, backbone: Backbone) -> None:
        """Train everything, or, beside a frozen backbone, all that the method adds."""
        backbone.requires_grad_(self.config.train_backbone)
        self.requires_grad_(True)

    def new_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield all but those of the aggregation attention, which trains at the backbone's rate, as released.

        Beside a frozen backbone it is new as well.
        """
        released = "aggregation." if self.config.train_backbone else ()
        return ((name, p) for name, p in self.named_parameters() if not name.startswith(released))

    def parameter_groups(self, backbone: Backbone) -> list[ParameterGroup]:
        """Return the groups of `Method.parameter_groups`, and one for a learned switch, which trains faster."""
        *others, new = super().parameter_groups(backbone)
        if self.learned_switch is None:
            return [*others, new]
        known = {id(p) for p in self.learned_switch.parameters()}
        switch = [(name, p) for name, p in new.parameters if id(p) in known]
        rest = [(name, p) for name, p in new.parameters if id(p) not in known]
        return [*others, ParameterGroup(rest, "new"), ParameterGroup(switch, "new", _SWITCH_RATE)]


def _aggregate(attention: nn.MultiheadAttention, summary: Tensor, prompts: Tensor, group: int) -> Tensor:
    """Let each frame's class token (B * F, D) attend to the prompts (B * F, M, D) of its group of frames."""
    queries = summary.unflatten(0, (-1, group))
    keys = prompts.unflatten(0, (-1, group)).flatten(1, 2)
    return attention(queries, keys, keys, need_weights=False)[0].flatten(0, 1)
