"""The fingerprint of what made a library's vectors: whether a model fits it, and which model it names.

Vectors of two models cannot be compared, so a model has to fit. What counts is what it computes (weights, method,
sampling, width), not where its files lie: the same weights under another name fit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framecue.assets import find_bundled
from framecue.errors import AdapterError, FingerprintError
from framecue.paths import absolute_path

if TYPE_CHECKING:
    import torch

    from framecue.model import VideoTextModel

__all__ = ["check_fingerprint", "differing_fields", "lasting_fingerprint", "load_named_model"]

# Where to find a thing that another field identifies by its content: (where, what).
_PLACES = (("backbone", "revision"), ("adapter_source", "adapter"))
_ABSENT = object()


def check_fingerprint(uri: str, library: Mapping[str, Any], model: Mapping[str, Any]) -> None:
    """Refuse a model whose vectors are not comparable with a library's.

    Args:
        uri: the library, for the message.
        library: the fingerprint in the library's metadata.
        model: the fingerprint of the model to use.

    Raises:
        FingerprintError: they differ; the message names the fields and both values.
    """
    differing = differing_fields(library, model)
    if differing:
        shown = ", ".join(f"{name} is {_text(ours)}, not {_text(yours)}" for name, (ours, yours) in differing.items())
        raise FingerprintError(
            f"library {uri} was made with another model: its {shown}; use the library's own model "
            "(leave out the model and the adapter, and the library names them), or index into a new library"
        )


def differing_fields(library: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Give the fields, nested ones as ``sampling.num_frames``, that differ: (library's value, model's value).

    The places of the weights are left out where both sides say that the weights are the same.
    """
    # Through JSON, as the library's went: a tuple and a list of the same values are the same.
    ours, yours = _flat(dict(library)), _flat(json.loads(json.dumps(dict(model))))
    names = [*ours, *(name for name in yours if name not in ours)]
    for place, content in _PLACES:
        if place in names and ours.get(content) is not None and ours[content] == yours.get(content):
            names.remove(place)
    return {
        name: (ours.get(name), yours.get(name)) for name in names if ours.get(name, _ABSENT) != yours.get(name, _ABSENT)
    }


def lasting_fingerprint(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """Give a fingerprint whose folders are absolute, so that the library finds its model from any other folder.

    A bundled name stays what it is: it means the same everywhere, whatever folder is called so here.
    """
    lasting = dict(fingerprint)
    for place, _ in _PLACES:
        value = lasting.get(place)
        if isinstance(value, str) and not (find_bundled(value, "model") or find_bundled(value, "adapter")):
            folder = Path(absolute_path(value))  # links stay, ".." goes
            if folder.is_dir():
                lasting[place] = str(folder)
    return lasting


def load_named_model(fingerprint: Mapping[str, Any], *, dtype: torch.dtype | None = None) -> VideoTextModel:
    """Load the model that a library's fingerprint names.

    Args:
        fingerprint: as the library holds it.
        dtype: what the model computes in; default float32.

    Raises:
        ModelError: the backbone is not there any more.
        AdapterError: the adapter is not there any more, or the library does not know where it was.
    """
    from framecue.model import load_model

    options: dict[str, Any] = {} if dtype is None else {"dtype": dtype}
    adapter = fingerprint.get("adapter_source")
    if adapter is None and fingerprint.get("adapter") is not None:
        raise AdapterError(
            f"the library was made with adapter {fingerprint['adapter']} of {fingerprint['backbone']}, "
            "but does not say where that is; name the model and the adapter"
        )
    if adapter is None:
        options |= {"method": fingerprint["method"], "options": fingerprint.get("options")}
    return load_model(fingerprint["backbone"], adapter=adapter, revision=fingerprint.get("revision"), **options)


def _flat(fields: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
