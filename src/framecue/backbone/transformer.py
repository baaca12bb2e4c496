"""Reading a whole model of `transformers` that has no towers here, from a folder or the hub, as backbones are read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from framecue.backbone.config import pin, read_config
from framecue.backbone.dtype import as_dtype
from framecue.backbone.hashing import hash_of_folder
from framecue.backbone.load import read_silently, read_tokenizer, read_weights
from framecue.backbone.sizes import check_parameters
from framecue.backbone.source import Source, find_source
from framecue.errors import ModelError

__all__ = ["OpenedModel", "open_model", "revision_of"]


@dataclass(frozen=True, eq=False)
class OpenedModel:
    """A model with its configuration and, once it is asked for, its tokenizer.

    Attributes:
        model: the model.
        config: its configuration.
        source: from where it was read.
        revision: the hub's commit, or a hash of the folder's weights.
    """

    model: PreTrainedModel
    config: Any
    source: Source
    revision: str

    @property
    def name(self) -> str:
        """The name that was asked for."""
        return self.source.name

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The model's own tokenizer.

        Raises:
            ModelError: its folder has none.
        """
        return read_tokenizer(self.source)


def open_model(
    name: str | Path, *, model_type: str, dtype: str | torch.dtype = torch.float32, revision: str | None = None
) -> OpenedModel:
    """Read a model; code that comes with it is never run.

    Args:
        name: a folder, or a name on the hub.
        model_type: of its configuration.
        dtype: of the weights and the computation.
        revision: a branch, tag or commit on the hub; for a folder, the hash that its weights must have.

    Raises:
        InputError: it is another dtype.
        ModelError: it cannot be read, or is of another type.
    """
    number_format = as_dtype(dtype)
    source = find_source(name, revision=revision)
    source = read_silently(source, partial(pin, source))
    config = read_silently(source, partial(read_config, source))
    if config.model_type != model_type:
        raise ModelError(f"{name}: a {config.model_type} model is no {model_type} model")
    read_silently(
        source, partial(check_parameters, config, name=source.name, folder=source.folder, dtype=number_format)
    )
    made_from = revision_of(source, revision=revision)
    model = read_silently(source, partial(read_weights, source, config, number_format))
    return OpenedModel(model, config, source, made_from)


def revision_of(source: Source, *, revision: str | None) -> str:
    """Return the commit of a pinned source on the hub, or the hash of a folder's weights.

    Raises:
        ModelError: the folder cannot be read, or holds other weights than `revision` names.
    """
    folder = source.folder
    if folder is None:
        return str(source.options["revision"])
    made_from: str = read_silently(source, partial(hash_of_folder, folder))
    if revision not in (None, made_from):
        raise ModelError(f"{source.name}: the folder's weights are {made_from}, not {revision}; give another folder")
    return made_from
