"""Loading models: VideoTextModel, a backbone with a method, by its name or by what a library knows of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from framecue.backbone import find_model, is_hub_name, load_backbone, nearby_folders
from framecue.checkpoint import adapter_hash, find_adapter, load_adapter, read_adapter_config
from framecue.encoder import EncoderSpec, Fingerprint
from framecue.errors import AdapterError, InputError, ModelError, first_line
from framecue.methods import build_method, saved_options
from framecue.paths import exists
from framecue.video_text_model import VideoTextModel

__all__ = ["VideoTextModel", "backbone_place", "load_described", "load_model"]


def load_model(
    name: str | Path,
    adapter: str | Path | None = None,
    *,
    method: str = "mean-pool",
    options: dict[str, Any] | None = None,
    revision: str | None = None,
    dtype: str | torch.dtype = torch.float32,
    device: str | torch.device | None = None,
) -> VideoTextModel:
    """Load a backbone and put a method on it.

    Args:
        name: a folder, a hub name, or a bundled model (`moji-clip`).
        adapter: an adapter folder, or the name of a bundled adapter (`moji-prompt-switch`); it determines the method.
        method: without an adapter, the method to start from; its new parameters are untrained.
        options: without an adapter, fields of the method's config.
        revision: for a hub name, a branch, tag or commit; the default is the commit on which the adapter was trained,
            or without an adapter the newest. For a folder, the hash that its weights must have.
        dtype: `torch.float32` or `torch.bfloat16`, or its name; "auto" is the fastest on this machine.
        device: where to compute ("cpu", "cuda:1"); None takes a GPU if there is one.

    Raises:
        ModelError: the backbone cannot be loaded.
        AdapterError: the adapter cannot be loaded, or belongs to another backbone.
        UnknownNameError: there is no such method.
        InputError: an option, a dtype or the device does not exist, or options are given beside an adapter.
    """
    if adapter is not None:
        if options:
            raise InputError(
                f"an adapter brings its own options; leave out {', '.join(options)}, or leave out the adapter"
            )
        if revision is None and is_hub_name(name):
            revision = _trained_commit(adapter, str(name))
    backbone = load_backbone(name, dtype=dtype, revision=revision)
    if adapter is None:
        model = VideoTextModel(backbone, build_method(method, options or {}, backbone), method_name=method)
    else:
        made, config = load_adapter(adapter, backbone)
        model = VideoTextModel(backbone, made, method_name=config.method, adapter=adapter_hash(adapter))
        model.adapter_source = str(adapter)
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return model.to(device).eval()
    except (RuntimeError, AssertionError) as error:  # torch raises the latter if it was built without the device
        raise InputError(f"device {device} cannot be used ({first_line(error)}); leave it out or say cpu") from error


def load_described(spec: EncoderSpec) -> VideoTextModel:
    """Load the model that a description names; `framecue.encoder.ENCODERS` refers to this function.

    Raises:
        ModelError: the backbone can no longer be found.
        AdapterError: the adapter can no longer be found, or it is not known where it was.
    """
    named = spec.fingerprint
    if named.adapter_source is None and named.adapter is not None:
        raise AdapterError(
            f"the library was made with adapter {named.adapter} of {named.backbone}, "
            "but does not say where that is; name the model and the adapter"
        )
    options: dict[str, Any] = {"dtype": getattr(torch, spec.precision)}
    if spec.device is not None:
        options["device"] = spec.device
    adapter = None if named.adapter_source is None else _adapter_place(named, spec.near)
    if adapter is None:
        options |= {"method": named.method, "options": saved_options(named.method, named.options)}
    return load_model(backbone_place(named, spec.near), adapter=adapter, revision=named.revision, **options)


def backbone_place(named: Fingerprint, near: Sequence[str]) -> str:
    """Return the place of a library's backbone; a folder that was moved is found by its weights.

    Raises:
        ModelError: it was a folder, and is nowhere near.
    """
    place = named.backbone
    if not Path(place).is_absolute() or exists(place):
        return place
    found = find_model(place, named.revision, near=near)
    if found is None:
        raise ModelError(
            f"the library's model is no longer at {place}, nor beside the library, in the working folder or in the "
            "hub's cache; name the folder where it is now (--model FOLDER), or make the library anew with another "
            "model (framecue index --again --model NAME)"
        )
    return str(found)


def _adapter_place(named: Fingerprint, near: Sequence[str]) -> str:
    """Return the place of a library's adapter; a folder that was moved is found by its files' hash.

    Raises:
        AdapterError: it was a folder, and is nowhere near.
    """
    place = str(named.adapter_source)
    if not Path(place).is_absolute() or exists(place) or named.adapter is None:
        return place
    found = find_adapter(place, named.adapter, nearby_folders([*near, place]))
    if found is None:
        raise AdapterError(
            f"the library's adapter is no longer at {place}, nor beside the library or in the working folder; name the "
            "folder where it is now (--adapter FOLDER)"
        )
    return str(found)


def _trained_commit(adapter: str | Path, name: str) -> str | None:
    """Return the commit of a hub model that an adapter fits: a newer one may differ in its page alone."""
    try:
        config = read_adapter_config(adapter)
    except AdapterError:
        return None  # a missing model is reported first, the adapter after that
    return config.revision if config.backbone == name and len(config.revision) == 40 else None
