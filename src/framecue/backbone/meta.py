"""Backbones without weights: only shapes, on PyTorch's `meta` device, made in a moment at any size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel, CLIPConfig, PreTrainedTokenizerBase

from framecue.backbone.backbone import Backbone
from framecue.backbone.config import pin, read_config
from framecue.backbone.quiet import quiet_transformers
from framecue.backbone.source import Source, find_source
from framecue.errors import ModelError, first_line
from framecue.paths import exists

__all__ = ["VIT_B_32", "backbone_without_weights", "twin_without_weights"]

VIT_B_32 = "CLIP ViT-B/32"


def backbone_without_weights(name: str | Path | None = None, *, local: bool = False) -> Backbone:
    """Return a backbone made from its configuration alone: no weights are read or fetched.

    Args:
        name: as for `load_backbone`; None is a CLIP of ViT-B/32's sizes.
        local: whether to use only the hub's cache, without asking the hub.

    Raises:
        ModelError: there is no such model, its configuration cannot be read, or there are no towers for it.
    """
    if name is None:
        return _make(CLIPConfig(), VIT_B_32)
    # A name on the hub of which only the cache is wanted is not looked up at all.
    source = Source(str(name), str(name), None, {"local_files_only": True})
    if not local or exists(name) or "/" not in str(name):
        source = find_source(name)
    try:
        with quiet_transformers():
            config = read_config(pin(source))
    except ModelError:
        raise
    except Exception as error:  # transformers raises whatever its readers raise
        reason = first_line(error)
        raise ModelError(f"{name}: the model's configuration cannot be loaded: {reason}") from error
    return _make(config, str(name))


def twin_without_weights(backbone: Backbone) -> Backbone:
    """Return a backbone of the same architecture without weights, which may be changed at will."""
    return _make(backbone.model.config, backbone.name)


def _make(config: Any, name: str) -> Backbone:
    Backbone.check_supported(config, name=name)

    def no_tokenizer() -> PreTrainedTokenizerBase:
        raise ModelError(f"{name}: a backbone without weights has no tokenizer")

    with torch.device("meta"), quiet_transformers():
        model = AutoModel.from_config(config)
    preprocess = Backbone.default_preprocess(config)
    return Backbone(model, name=name, revision="", preprocess=preprocess, tokenizer=no_tokenizer).eval()
