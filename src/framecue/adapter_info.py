"""Describing an adapter folder without reading its backbone's weights."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from framecue.backbone.meta import backbone_without_weights
from framecue.checkpoint import CONFIG_FILE, WEIGHTS_FILE, adapter_folder, read_adapter_config
from framecue.errors import AdapterError, InputError
from framecue.methods import Method, method_named

__all__ = ["AdapterInfo", "adapter_info"]


@dataclass(frozen=True)
class AdapterInfo:
    """A description of an adapter.

    Attributes:
        folder: where it is.
        method: the method's name.
        options: the method's config.
        offline: whether videos can be indexed with it; None for a method that this version does not know.
        paper: the paper that the method is from; None likewise.
        backbone: hub name or folder of the backbone that it was trained on.
        revision: the backbone's commit or hash of weights.
        framecue_version: the version that wrote it.
        trainable_parameters: how many numbers it holds, which are all that was trained.
        new_parameters: how many of them the backbone does not have by itself.
        backbone_parameters: the backbone's size; this and `new_parameters` are None if the backbone's configuration
            is not at hand (a hub model that was never loaded here, a folder that was moved).
        size_bytes: the size of its two files.
        scores: its scores, as noted when it was made.
    """

    folder: Path
    method: str
    options: dict[str, Any]
    offline: bool | None
    paper: str | None
    backbone: str
    revision: str
    framecue_version: str
    trainable_parameters: int
    new_parameters: int | None
    backbone_parameters: int | None
    size_bytes: int
    scores: dict[str, Any]

    @property
    def share_of_backbone(self) -> float | None:
        """Trainable parameters as a share of the backbone's; None if the backbone's size is not known."""
        return None if not self.backbone_parameters else self.trainable_parameters / self.backbone_parameters

    def to_dict(self) -> dict[str, Any]:
        """Return the document that ``framecue info --json`` prints of an adapter: its attributes as plain values."""
        return {**asdict(self), "folder": str(self.folder), "share_of_backbone": self.share_of_backbone}


def adapter_info(adapter: str | Path) -> AdapterInfo:
    """Return a description of an adapter, given as a folder or as the name of a bundled one.

    Raises:
        AdapterError: there is none, or one of its files cannot be read.
    """
    folder, config = adapter_folder(adapter), read_adapter_config(adapter)
    sizes = _sizes(folder / WEIGHTS_FILE)
    known = _method(config.method)
    own = _parameters(config.backbone)
    return AdapterInfo(
        folder=folder,
        method=config.method,
        options=config.options,
        offline=None if known is None else known.offline,
        paper=None if known is None else known.paper,
        backbone=config.backbone,
        revision=config.revision,
        framecue_version=config.framecue_version,
        trainable_parameters=sum(sizes.values()),
        new_parameters=None if own is None else sum(size for name, size in sizes.items() if name not in own),
        backbone_parameters=None if own is None else sum(own.values()),
        size_bytes=sum((folder / name).stat().st_size for name in (CONFIG_FILE, WEIGHTS_FILE)),
        scores=config.scores,
    )


def _method(name: str) -> type[Method] | None:
    """Return the class of a method; None if this version does not know it, or its package is broken."""
    try:
        return method_named(name)
    except InputError:
        return None


def _sizes(file: Path) -> dict[str, int]:
    """Return how many numbers each tensor of a file has; the tensors themselves are not read."""
    try:
        with safe_open(str(file), framework="pt") as opened:
            return {name: math.prod(opened.get_slice(name).get_shape()) for name in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise AdapterError(f"{file}: cannot be read ({error}); the file may be cut short") from error


def _parameters(backbone: str) -> dict[str, int] | None:
    """Return the size of each of a backbone's parameters by name; None if its configuration is not at hand."""
    try:
        twin = backbone_without_weights(backbone, local=True)
    except InputError:
        return None
    return {f"backbone.{name}": parameter.numel() for name, parameter in twin.named_parameters()}
