"""The base of methods: a config dataclass, and a module with hooks for frames, text and pooling.

Shapes: B videos, F frames a video, S pixels, T tokens, N texts, E the joint embedding's width.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods.contrastive import contrastive_loss
from framecue.methods.weighted_loss import WeightedLoss
from framecue.validation import AtLeastOne, problem_with, tuples_for_lists

if TYPE_CHECKING:
    from framecue.methods.captioner import Captioner

__all__ = ["Method", "MethodConfig", "ParameterGroup", "TeacherFeatures", "TrainingFeatures"]

# The largest counts that options may have: of anything, and of what costs more (a layer is made in a loop, a frame is
# read and encoded). Far beyond any that was of use.
MAX_COUNT = 10_000
MAX_OF = {"num_frames": 1_000, "num_test_frames": 1_000, "layers": 128}
_NEVER = object()  # equal to no value of an option
FramesPerSecond = Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)]


@dataclass(frozen=True, kw_only=True)
class MethodConfig:
    """The options that every method has.

    A method's own options are the fields of a frozen dataclass derived from this one. Pydantic checks their
    annotations, including ranges (`Annotated[int, Field(ge=1)]`, or the names for these in `framecue.validation`);
    conditions on several fields are checked in `__post_init__`.

    An adapter's file and a library's fingerprint hold a method's options. A method may get a further option, or change
    its default design, and keep the vectors of older adapters and libraries: `added` holds, for each option that came
    later than they did, the value that stands for how it was before. An adapter or a library that does not name such an
    option has that value (`with_earlier_values`), and what has it does not name it (`to_saved`). A derived class names
    its own; those of the classes that it is derived from are there as well.

    Attributes:
        added: see above; a subclass names its own options, beside those of its bases.
        num_frames: frames a video in training.
        num_test_frames: frames a video at test and in a library.
        max_text_tokens: longer texts are cut to this many tokens, with the special ones, in training and ever after;
            None for as many as the text tower takes. CLIP4Clip and what was made from it have 32, or 64 for paragraphs.
        short_videos: what stands for the frames that a video with fewer frames does not have: "repeat" its last one, as
            X-Pool and Prompt Switch do, or "mask" them, so that nothing looks at them, as CLIP4Clip does.
        frames_per_second: take frames of a fixed grid in time alone, as a frame store holds them; None for any frame.

    Raises:
        InputError: a value has another type or is out of range; it is named.
    """

    added: ClassVar[Mapping[str, Any]] = {"max_text_tokens": None, "short_videos": "repeat", "frames_per_second": None}

    num_frames: AtLeastOne = 12
    num_test_frames: AtLeastOne = 12
    max_text_tokens: Annotated[int, Field(ge=3)] | None = None
    short_videos: Literal["repeat", "mask"] = "repeat"
    frames_per_second: FramesPerSecond | None = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # What was added to all methods was added to this one, beside its own.
        cls.added = {
            name: value for each in reversed(cls.__mro__) for name, value in vars(each).get("added", {}).items()
        }

    def __post_init__(self) -> None:
        # Options come from files that people write, so wrong types are to be expected. Values stay as they were given:
        # an adapter's file and a library's fingerprint hold them.
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        problem = problem_with(type(self), given, name=str)
        if problem is not None:
            raise InputError(problem)
        for name, value in tuples_for_lists(type(self), given).items():
            _check_size(name, value)
            object.__setattr__(self, name, value)

    def to_dict(self) -> dict[str, Any]:
        """Return the options as in JSON: tuples become lists."""
        return {name: _as_json(value) for name, value in asdict(self).items()}

    def to_saved(self) -> dict[str, Any]:
        """Return the options as adapters and fingerprints hold them: without added ones that are as before."""
        options = self.to_dict()
        return {name: value for name, value in options.items() if self.added.get(name, _NEVER) != value}

    @classmethod
    def with_earlier_values(cls, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options that an adapter or a library names, and those that were added since it was made."""
        return {**cls.added, **options}


def _check_size(name: str, value: object) -> None:
    """Refuse a count that no method has, whichever it is: the file that it stands in may be anybody's."""
    if isinstance(value, tuple):
        if len(value) > MAX_COUNT:
            raise InputError(f"{name} must have at most {MAX_COUNT} values, got {len(value)}")
        for each in value:
            _check_size(name, each)
    most = next((most for part, most in MAX_OF.items() if part in name), MAX_COUNT)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > most:
        raise InputError(f"{name} must be at most {most}, got {str(value)[:20]}")


def _as_json(value: Any) -> Any:
    return [_as_json(each) for each in value] if isinstance(value, tuple | list) else value


@dataclass(frozen=True, eq=False)
class TeacherFeatures:
    """What a frozen teacher makes of the same batch, without gradients.

    Attributes:
        text_features: (B, E'), or (B, 1 + T, E') of a method that also compares words.
        frame_features: (B, F, E').
        similarities: (B, B), its own: row i is text i, column j video j.
        logit_scale: scalar, log of its inverse temperature.
    """

    text_features: Tensor
    frame_features: Tensor
    similarities: Tensor
    logit_scale: Tensor


@dataclass(frozen=True, eq=False)
class TrainingFeatures:
    """What a loss looks at: the features of the whole batch, whichever processes computed them.

    Attributes:
        text_features: of B captions, (B, E), or (B, 1 + T, E) of a method that also compares words; not normalised.
        frame_features: of their videos, (B, F, E), not normalised.
        same: bool (B, B), which captions are identical; None for each with itself alone.
        teachers: of the recipe's teachers, in their order.
    """

    text_features: Tensor
    frame_features: Tensor
    same: Tensor | None = None
    teachers: tuple[TeacherFeatures, ...] = ()


@dataclass(frozen=True, eq=False)
class ParameterGroup:
    """Parameters that are trained at one rate.

    Attributes:
        parameters: with their names; those that need no gradient are left out by the optimiser.
        rate: which of the recipe's rates, that for "new" parameters or that of the "backbone".
        factor: multiplies the rate.
    """

    parameters: list[tuple[str, nn.Parameter]]
    rate: Literal["new", "backbone"]
    factor: float = 1.0


class Method(nn.Module):
    """A way of turning a backbone's towers into video and text embeddings.

    The backbone is passed to each hook and is not a submodule: a method's parameters are only those that it adds. Hooks
    use only the towers (`backbone.vision`, `backbone.text`), so a method works with every family of backbones. The
    hooks here are those of plain CLIP with mean pooling; a method overrides those that it changes.

    Attributes:
        Config: its config dataclass.
        offline: whether a video's embedding depends on the video alone, so that it can be indexed.
        masks_frames: whether it can leave out the frames that a short video does not have (`short_videos: mask`). False
            unless a method says otherwise: where frames meet in the image encoder, they cannot be left out behind it.
        frames_alone: whether `encode_frames` encodes each frame as if there were no other, wherever it stands in its
            video, so that a frame that several videos or windows show is encoded once. False unless a method says
            otherwise.
        exports: whether what it does to a video's frames can be written down as a graph (`framecue export`): it may not
            go other ways for other values. A method that is not offline has no graph in any case.
        paper: the paper that the method is from.
        takes_teachers: whether `loss` learns from the recipe's teachers (`TrainingFeatures.teachers`).
        captioner: the module that describes a video in words, if the method has one.
    """

    Config: ClassVar[type[MethodConfig]] = MethodConfig
    offline: ClassVar[bool] = True
    masks_frames: ClassVar[bool] = False
    frames_alone: ClassVar[bool] = False
    exports: ClassVar[bool] = True
    paper: ClassVar[str] = ""
    takes_teachers: ClassVar[bool] = False

    def __init__(self, config: MethodConfig, backbone: Backbone) -> None:
        super().__init__()
        self._check_common(config, backbone)
        self.config = config
        # On the instance: a class attribute would hide the module that a method puts in its place.
        self.captioner: Captioner | None = None

    def _check_common(self, config: MethodConfig, backbone: Backbone) -> None:
        if config.short_videos == "mask" and not self.masks_frames:
            raise InputError(
                f"short_videos must be repeat for {type(self).__name__}: its frames meet in the image encoder, so "
                "those that a video does not have cannot be left out; got mask"
            )
        if config.max_text_tokens is not None and backbone.text.pads_texts:
            raise InputError(
                f"max_text_tokens must be none for {backbone.name}, which was trained on texts of "
                f"{backbone.text.context_length} tokens, padded if need be; got {config.max_text_tokens}"
            )

    @property
    def chunk_frames(self) -> int | None:
        """The number of frames in one chronological pass over the video; None if there is a single pass."""
        return None

    def encode_frames(self, backbone: Backbone, pixel_values: Tensor) -> Tensor:
        """Turn frames (B, F, 3, S, S), normalised pixels, into features (B, F, E), not normalised."""
        videos, frames = pixel_values.shape[:2]
        vision = backbone.vision
        tokens = vision.embed(pixel_values.flatten(0, 1))
        for index in range(vision.num_layers):
            tokens = vision.run_layer(index, tokens)
        return vision.finish(vision.summarise(tokens)).unflatten(0, (videos, frames))

    def encode_real_frames(self, backbone: Backbone, pixel_values: Tensor, absent: Tensor) -> Tensor:
        """Do as `encode_frames` for videos that lack some frames; a method with `masks_frames` alone is asked.

        Args:
            backbone: the backbone.
            pixel_values: (B, F, 3, S, S); what stands in absent frames means nothing.
            absent: bool (B, F), which frames there are not; at least one of each video is there.

        Returns:
            (B, F, E), all zeros for absent frames.
        """
        return self.encode_frames(backbone, pixel_values).masked_fill(absent[..., None], 0.0)

    def encode_text(self, backbone: Backbone, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Turn token ids (N, T) into features (N, E), not normalised.

        A method that also compares words returns (N, 1 + T, E): the text's own feature, then those of its words, padded
        with zeros.

        The mask is for methods that attend in both directions; a causal tower never sees the padding, which comes
        after the place where the feature is read.
        """
        text = backbone.text
        tokens = text.embed(input_ids)
        mask = text.causal_mask(tokens)
        for index in range(text.num_layers):
            tokens = text.run_layer(index, tokens, mask=mask)
        return text.read(tokens, text.end_of_text(input_ids))

    def pool(self, frame_features: Tensor) -> Tensor:
        """Pool frame features (B, F, E), not normalised, to embeddings (B, E), unit length: the mean of directions.

        A frame of all zeros has no direction and is left out.

        A method that is not offline has no such embeddings and does not use this hook.
        """
        return functional.normalize(functional.normalize(frame_features, dim=-1).mean(dim=1), dim=-1)

    def similarity(self, text_features: Tensor, frame_features: Tensor) -> Tensor:
        """Return the similarity of each text and each video: the cosine of their embeddings.

        A method that is not offline looks at both sides here, for each pair.

        Args:
            text_features: from `encode_text` for N texts, (N, E).
            frame_features: from `encode_frames` for B videos, (B, F, E).

        Returns:
            (N, B), in [-1, 1].
        """
        # In half precision the differences that rank videos would be rounded away.
        dtype = torch.promote_types(text_features.dtype, torch.float32)
        return functional.normalize(text_features.to(dtype), dim=-1) @ self.pool(frame_features.to(dtype)).T

    def max_text_tokens(self, backbone: Backbone) -> int:
        """Return the most tokens that a text may have; longer texts are cut, but keep their end-of-text token."""
        return backbone.text.context_length

    def text_length(self, backbone: Backbone) -> int:
        """Return the most tokens that a text gets: as many as the method takes, or fewer if its options say so."""
        most = self.max_text_tokens(backbone)
        return most if self.config.max_text_tokens is None else min(most, self.config.max_text_tokens)

    def loss(self, backbone: Backbone, features: TrainingFeatures) -> Tensor:
        """Return the loss of a batch, a scalar: the symmetric contrastive loss of the similarities.

        It sees the whole batch. With several processes, features come from all of them, and gradients go back to all.
        """
        similarities = self.similarity(features.text_features, features.frame_features)
        return contrastive_loss(similarities, backbone.logit_scale, same=features.same)

    def auxiliary_loss(self, backbone: Backbone, frame_features: Tensor, input_ids: Tensor) -> WeightedLoss | None:
        """Return a loss to add to the contrastive one in training, or None.

        It is computed on each process and each micro-batch alone, so it is a sum and a weight: their mean is taken over
        the whole batch. What compares one video with another belongs to `loss`.

        Args:
            backbone: the backbone.
            frame_features: (B, F, E), not normalised.
            input_ids: the captions' ids (B, T), one caption a video.
        """
        return None

    def freeze(self, backbone: Backbone) -> None:
        """Set `requires_grad` of every parameter: everything is trained unless a method overrides this."""
        backbone.requires_grad_(True)
        self.requires_grad_(True)

    def remove(self, backbone: Backbone) -> None:
        """Undo the changes that the method made to the backbone's modules, if any."""

    def new_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield the parameters that train at the rate for new ones; the others train at the backbone's rate."""
        return self.named_parameters()

    def parameter_groups(self, backbone: Backbone) -> list[ParameterGroup]:
        """Return the parameters by the rate at which they train: the new ones, and all others."""
        new = list(self.new_parameters())
        known = {id(parameter) for _, parameter in new}
        others = [*backbone.named_parameters(prefix="backbone"), *self.named_parameters(prefix="method")]
        return [
            ParameterGroup([(name, p) for name, p in others if id(p) not in known], "backbone"),
            ParameterGroup([(f"method.{name}", p) for name, p in new], "new"),
        ]
