"""VoP and its video prompts (Huang et al., CVPR 2023, arXiv 2211.12764): a frozen backbone with prompts in every layer.

The six methods are made of parts: text prompts, frame prompts (common, by position, by context), and layers whose
attention runs between frames.

Shapes: B videos, F frames a video, N texts, T tokens, S pixels, D a tower's width, E the joint embedding's width.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from framecue.backbone import Backbone, TextTower, VisionTower
from framecue.errors import InputError
from framecue.methods.base import Method, MethodConfig
from framecue.methods.context_prompts import ContextModule, ContextPrompts
from framecue.methods.inter_frame import InterFrameLayers
from framecue.methods.position_prompts import PositionPrompts
from framecue.methods.text_prompts import FrontTextPrompts, Layout, SurroundingTextPrompts, TextPrompts
from framecue.methods.visual_prompts import CommonPrompts, FramePrompts, run_frame_layers
from framecue.validation import AtLeastOne, AtLeastZero

__all__ = [
    *("VoP", "VoPConfig", "VoPContext", "VoPContextConfig", "VoPFunction", "VoPFunctionConfig", "VoPFunctionContext"),
    *("VoPFunctionContextConfig", "VoPFunctionPosition", "VoPFunctionPositionConfig", "VoPPosition"),
    "VoPPositionConfig",
]


@dataclass(frozen=True, kw_only=True)
class VoPConfig(MethodConfig):
    """Options of all VoP methods, with the paper's values.

    Attributes:
        num_text_prompts: prompts in each layer of the text tower; in a causal tower they shorten a text by as many
            tokens.
        num_visual_prompts: prompts in each layer of the vision tower.
        text_prompt_layout: `paper`, in front of the words, or `modelscope`, as in the released code and its weights.
        num_suffix_prompts: with `modelscope`, how many of the text prompts are in front of the last position; None is
            half of them.
    """

    num_text_prompts: AtLeastOne = 8
    num_visual_prompts: AtLeastOne = 8
    text_prompt_layout: Layout = "paper"
    num_suffix_prompts: AtLeastZero | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_suffix_prompts is not None:
            if self.text_prompt_layout == "paper":
                raise InputError("num_suffix_prompts belongs to text_prompt_layout modelscope; leave it out")
            if self.num_suffix_prompts > self.num_text_prompts:
                raise InputError(
                    f"num_suffix_prompts must be at most num_text_prompts ({self.num_text_prompts}), "
                    f"got {self.num_suffix_prompts}"
                )


@dataclass(frozen=True, kw_only=True)
class _SharingConfig(VoPConfig):
    """Options of methods in which some of the visual prompts belong to one frame.

    Attributes:
        num_shared_prompts: how many of the visual prompts are the same for all frames.
    """

    num_shared_prompts: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.num_shared_prompts < self.num_visual_prompts:
            raise InputError(
                f"num_shared_prompts must be at least 0 and below num_visual_prompts ({self.num_visual_prompts}), "
                f"got {self.num_shared_prompts}"
            )

    @property
    def num_specific_prompts(self) -> int:
        """The number of the other visual prompts."""
        return self.num_visual_prompts - self.num_shared_prompts


@dataclass(frozen=True, kw_only=True)
class VoPPositionConfig(_SharingConfig):
    """Options of VoP^P; the prompts that are not shared belong to a position."""


@dataclass(frozen=True, kw_only=True)
class VoPContextConfig(_SharingConfig):
    """Options of VoP^C; the prompts that are not shared are made for each frame.

    Attributes:
        context_module: the module that makes them: `bilstm`, `lstm` or `transformer` (4 layers).
    """

    context_module: ContextModule = "bilstm"


@dataclass(frozen=True, kw_only=True)
class VoPFunctionConfig(VoPConfig):
    """Options of VoP^F.

    Attributes:
        intra_frame_layers: K_S, the number of layers that work inside frames; in the others attention runs between
            frames. None is two thirds of the tower's layers: 8 of 12.
    """

    intra_frame_layers: AtLeastOne | None = None


@dataclass(frozen=True, kw_only=True)
class VoPFunctionPositionConfig(VoPFunctionConfig, VoPPositionConfig):
    """Options of VoP^F+P: those of both."""


@dataclass(frozen=True, kw_only=True)
class VoPFunctionContextConfig(VoPFunctionConfig, VoPContextConfig):
    """Options of VoP^F+C: those of both."""


class VoP(Method):
    """The same prompts for all frames, and prompts for texts; the order of frames does not matter.

    On a CLIP ViT-B/32 it has 122 880 parameters, 0.1 % of the backbone's.

    Raises:
        InputError: an option does not fit the backbone's towers.
    """

    Config = VoPConfig
    masks_frames = True
    frames_alone = True
    paper = "VoP (CVPR 2023, arXiv 2211.12764)"
    config: VoPConfig

    def __init__(self, config: VoPConfig, backbone: Backbone) -> None:
        super().__init__(config, backbone)
        vision = backbone.vision
        self.text_prompts = self._make_text_prompts(backbone.text)
        self.num_frame_layers = self._count_frame_layers(vision)
        self.frame_prompts = self._make_frame_prompts(vision)
        self.inter_frame: InterFrameLayers | None = None

    def encode_frames(self, backbone: Backbone, pixel_values: Tensor) -> Tensor:
        """Turn frames (B, F, 3, S, S) into features (B, F, E), not normalised."""
        vision = backbone.vision
        tokens = run_frame_layers(vision, pixel_values, self.frame_prompts, num_layers=self.num_frame_layers)
        if self.inter_frame is not None:
            tokens = self.inter_frame(vision, tokens)
        return vision.finish(vision.summarise(tokens.flatten(0, 1))).unflatten(0, tokens.shape[:2])

    def encode_text(self, backbone: Backbone, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Turn token ids (N, T) into features (N, E), not normalised; see `Method.encode_text`.

        Raises:
            InputError: T is more than `max_text_tokens`.
        """
        return self.text_prompts(backbone.text, input_ids)

    def max_text_tokens(self, backbone: Backbone) -> int:
        """Return the most tokens that a text can have beside the prompts: 69 of CLIP's 77."""
        return self.text_prompts.max_tokens(backbone.text)

    def freeze(self, backbone: Backbone) -> None:
        """Train only the method's own parameters; the whole backbone is frozen, including its logit scale."""
        backbone.requires_grad_(False)
        self.requires_grad_(True)

    def _make_text_prompts(self, text: TextTower) -> TextPrompts:
        count = self.config.num_text_prompts
        if self.config.text_prompt_layout == "paper":
            return FrontTextPrompts(text, num_prompts=count)
        suffix = count // 2 if self.config.num_suffix_prompts is None else self.config.num_suffix_prompts
        return SurroundingTextPrompts(text, num_prompts=count, num_suffix_prompts=suffix)

    def _count_frame_layers(self, vision: VisionTower) -> int:
        """Return how many of the first layers work inside frames."""
        return vision.num_layers

    def _make_frame_prompts(self, vision: VisionTower) -> FramePrompts:
        return CommonPrompts(
            num_layers=self.num_frame_layers, num_prompts=self.config.num_visual_prompts, width=vision.width
        )


class VoPPosition(VoP):
    """VoP^P: some of a frame's prompts belong to its position in the video. 528 384 parameters for 12 frames."""

    Config = VoPPositionConfig
    frames_alone = False  # a frame has prompts of its position
    config: VoPPositionConfig

    def _make_frame_prompts(self, vision: VisionTower) -> FramePrompts:
        return PositionPrompts(
            num_layers=self.num_frame_layers,
            num_frames=self.config.num_frames,
            num_shared=self.config.num_shared_prompts,
            num_specific=self.config.num_specific_prompts,
            width=vision.width,
        )


class VoPContext(VoP):
    """VoP^C: some of a frame's prompts are made from the class tokens of its video. 14 257 152 parameters."""

    Config = VoPContextConfig
    masks_frames = False  # the context module looks at all frames
    frames_alone = False
    config: VoPContextConfig

    def _make_frame_prompts(self, vision: VisionTower) -> FramePrompts:
        return ContextPrompts(
            vision,
            num_layers=self.num_frame_layers,
            num_frames=self.config.num_frames,
            num_shared=self.config.num_shared_prompts,
            num_specific=self.config.num_specific_prompts,
            context_module=self.config.context_module,
        )


class VoPFunction(VoP):
    """VoP^F: the last layers attend between frames. 122 880 parameters and a frame position embedding (F, D)."""

    Config = VoPFunctionConfig
    masks_frames = False
    frames_alone = False
    config: VoPFunctionConfig

    def __init__(self, config: VoPFunctionConfig, backbone: Backbone) -> None:
        super().__init__(config, backbone)
        self.inter_frame = InterFrameLayers(
            backbone.vision,
            first_layer=self.num_frame_layers,
            num_frames=config.num_frames,
            num_prompts=config.num_visual_prompts,
        )

    def _count_frame_layers(self, vision: VisionTower) -> int:
        layers, wanted = vision.num_layers, self.config.intra_frame_layers
        if layers < 2:
            raise InputError(f"VoP^F needs layers inside frames and between them; the vision tower has only {layers}")
        if wanted is None:
            return 2 * layers // 3
        if wanted >= layers:
            raise InputError(
                f"intra_frame_layers must be at most {layers - 1} for a vision tower of {layers} layers, "
                f"as at least one works between frames; got {wanted}"
            )
        return wanted


class VoPFunctionPosition(VoPFunction, VoPPosition):
    """VoP^F+P: the first layers as in VoP^P, the last as in VoP^F. 393 216 parameters and the frame embedding."""

    Config = VoPFunctionPositionConfig
    config: VoPFunctionPositionConfig


class VoPFunctionContext(VoPFunction, VoPContext):
    """VoP^F+C: the first layers as in VoP^C, the last as in VoP^F. 14 269 440 parameters and the frame embedding."""

    Config = VoPFunctionContextConfig
    config: VoPFunctionContextConfig
