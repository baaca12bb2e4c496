"""The input of an importer and its output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor

from framecue.errors import InputError, ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["Checkpoint", "Imported", "Importer", "hyperparameter"]


@dataclass(frozen=True)
class Checkpoint:
    """The content of a published file.

    Attributes:
        source: its path, for messages.
        tensors: by the names of the released code.
        config: the JSON object that came with it, or None.
        frames_per_group: the user's number of frames in Prompt Switch's groups, or None.
        clip: the CLIP to put it on if the file has none, or None.
    """

    source: str
    tensors: Mapping[str, Tensor]
    config: Mapping[str, Any] | None = None
    frames_per_group: int | None = None
    clip: PreTrainedModel | None = None

    def under(self, prefix: str) -> dict[str, Tensor]:
        """Return the tensors whose names start with a prefix, under their names without it."""
        return {name.removeprefix(prefix): t for name, t in self.tensors.items() if name.startswith(prefix)}

    def refuse(self, *, frames_per_group: bool = False, clip: bool = False) -> None:
        """Refuse options that have no meaning for a format, rather than ignore them.

        Raises:
            InputError: such an option was given.
        """
        if frames_per_group and self.frames_per_group is not None:
            raise InputError("frames per group belong to the format prompt-switch; leave them out")
        if clip and self.clip is not None:
            raise InputError(f"{self.source}: the file has its own CLIP; leave out the model")


@dataclass(frozen=True)
class Imported:
    """A checkpoint in framecue's terms.

    Attributes:
        clip: the backbone's model, in float32.
        method: its name in the registry; None for a CLIP alone.
        options: fields of the method's config.
        tensors: the method's parameters, by framecue's names.
        own_names: the file's name for each of framecue's names, for messages.
        notes: notes for the user.
        has_clip: whether the CLIP's weights are of use; those of a stand-in are random.
    """

    clip: PreTrainedModel
    method: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    own_names: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    has_clip: bool = True


class Importer(NamedTuple):
    """The two functions of a format.

    Attributes:
        recognises: returns whether a file with tensors of these names seems to have the format.
        convert: returns the file in framecue's terms; raises `ModelError` if the file does not fit.
    """

    recognises: Callable[[Mapping[str, Any]], bool]
    convert: Callable[[Checkpoint], Imported]


def hyperparameter(values: Mapping[str, Any], name: str, default: int, *, source: str, least: int = 1) -> int:
    """Return a whole number from a configuration.

    Raises:
        ModelError: the value is something else, or less than `least`.
    """
    value = values.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ModelError(
            f"{source}: the configuration's {name} must be a whole number of at least {least}, got {value!r}"
        )
    return value
