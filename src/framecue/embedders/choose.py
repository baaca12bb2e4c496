"""Loading whatever model a name means: towers with a method, or an embedder; its files say which."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import try_to_load_from_cache

import framecue.model
from framecue.assets import find_bundled
from framecue.backbone import Backbone, is_hub_name
from framecue.backbone.config import pin
from framecue.backbone.download import fetch, find_download
from framecue.backbone.load import read_silently
from framecue.backbone.source import CONFIG_FILE, find_source
from framecue.backbone.transformer import open_model, revision_of
from framecue.embedders.embedder import Embedder
from framecue.embedders.sentence_embedder import SentenceEmbedder, load_sentence_transformer
from framecue.embedders.videoprism import VideoPrism
from framecue.encoder import Encoder, EncoderSpec
from framecue.errors import InputError
from framecue.paths import is_dir, is_file, user_path

__all__ = ["embedder_kind", "load_any_model", "load_described_embedder", "load_embedder"]

MODULES_FILE = "modules.json"


def load_any_model(
    name: str | Path,
    adapter: str | Path | None = None,
    *,
    method: str | None = None,
    revision: str | None = None,
    dtype: str | torch.dtype = torch.float32,
    device: str | torch.device | None = None,
) -> Encoder:
    """Load a model with towers (CLIP, SigLIP, PE-Core) and its method, or an embedder, as the model's files say.

    Args:
        name: a folder, a hub name, or a bundled model.
        adapter: an adapter folder, for a model with towers.
        method: without an adapter, the method to start from; None for `mean-pool`. For a model with towers.
        revision: as for `framecue.load_model`.
        dtype: as for `framecue.load_model`.
        device: where to compute; None takes a GPU if there is one.

    Raises:
        ModelError: the model cannot be loaded.
        AdapterError: the adapter cannot be loaded, or belongs to another backbone.
        InputError: an adapter or a method is given for an embedder, or an option does not exist.
    """
    download = find_download(str(name), revision=revision)
    if download is not None:
        fetch(download)
    return load_cached_model(name, adapter, method=method, revision=revision, dtype=dtype, device=device)


def load_cached_model(
    name: str | Path,
    adapter: str | Path | None = None,
    *,
    method: str | None = None,
    revision: str | None = None,
    dtype: str | torch.dtype = torch.float32,
    device: str | torch.device | None = None,
) -> Encoder:
    """Load a model whose files are here already; see `load_any_model`."""
    options: dict[str, Any] = {"dtype": dtype}
    # Only what was given: what the others would be is the loader's own.
    options |= {} if revision is None else {"revision": revision}
    options |= {} if device is None else {"device": device}
    kind = embedder_kind(name, revision=revision)
    if kind is None:
        options |= {} if method is None else {"method": method}
        # By the module, so that there is one place to put another loader.
        return framecue.model.load_model(name, adapter=adapter, **options)
    if adapter is not None or method is not None:
        given = f"adapter {adapter}" if method is None else f"method {method}"
        raise InputError(
            f"{name}: a {kind} model encodes videos by itself, with nothing inside for an adapter or a method to "
            f"change; leave out {given}, or give a CLIP, SigLIP or PE-Core"
        )
    return load_embedder(name, kind=kind, **options)


def embedder_kind(name: str | Path, *, revision: str | None = None) -> str | None:
    """Return the kind of an embedder that a folder or the hub's cache holds; None for everything else.

    Nothing is asked of the hub. A model with towers is none, whatever else its folder says.
    """
    config, modules = _file(name, CONFIG_FILE, revision), _file(name, MODULES_FILE, revision)
    model_type = None if config is None else _model_type(config)
    if model_type in Backbone.model_types():
        return None
    if model_type == VideoPrism.kind:
        return VideoPrism.kind
    return SentenceEmbedder.kind if modules is not None else None


def load_embedder(
    name: str | Path,
    *,
    kind: str,
    revision: str | None = None,
    dtype: str | torch.dtype = torch.float32,
    device: str | torch.device | None = None,
) -> Embedder:
    """Load an embedder of a kind that `embedder_kind` returns.

    Raises:
        ModelError: it cannot be loaded.
        InputError: the dtype or the device does not exist.
    """
    if kind == VideoPrism.kind:
        return VideoPrism(open_model(name, model_type=kind, dtype=dtype, revision=revision), device=device)
    found = find_source(name, revision=revision)
    source = read_silently(found, lambda: pin(found))
    return load_sentence_transformer(
        name,
        revision=revision_of(source, revision=revision),
        commit=None if source.folder is not None else source.options["revision"],
        dtype=dtype,
        device=device,
        local_only=source.unreachable is not None,
    )


def load_described_embedder(spec: EncoderSpec) -> Embedder:
    """Load the embedder that a description names; `framecue.encoder.ENCODERS` refers to this function.

    Raises:
        ModelError: it can no longer be found.
    """
    named = spec.fingerprint
    return load_embedder(
        framecue.model.backbone_place(named, spec.near),
        kind=str(named.encoder),
        revision=named.revision,
        dtype=spec.precision,
        device=spec.device,
    )


def _file(name: str | Path, file: str, revision: str | None) -> Path | None:
    """Return a file of a folder or of the hub's cache; None if it is not there."""
    folder = Path(user_path(name))
    if find_bundled(str(name), "model") is None and is_dir(folder):
        return folder / file if is_file(folder / file) else None
    if not is_hub_name(name):
        return None
    found = try_to_load_from_cache(str(name), file, revision=revision)
    return Path(found) if isinstance(found, str) else None


def _model_type(config: Path) -> str | None:
    try:
        values = json.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None  # its own loader has the words
    return values.get("model_type") if isinstance(values, dict) else None
