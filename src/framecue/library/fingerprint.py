"""Whether a model is the one that made a library's vectors; vectors of two models cannot be compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from framecue.errors import FingerprintError

if TYPE_CHECKING:
    from framecue.model import VideoTextModel

__all__ = ["check_fingerprint", "differing_fields", "load_named_model"]


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
    """Give the fields, nested ones as ``sampling.num_frames``, that differ: (library's value, model's value)."""
    # Through JSON, as the library's went: a tuple and a list of the same values are the same.
    ours, yours = _flat(dict(library)), _flat(json.loads(json.dumps(dict(model))))
    names = [*ours, *(name for name in yours if name not in ours)]
    return {
        name: (ours.get(name), yours.get(name)) for name in names if ours.get(name, _NONE) != yours.get(name, _NONE)
    }


def load_named_model(fingerprint: dict[str, Any], *, dtype: str = "float32") -> VideoTextModel:
    """Load the model that a library's fingerprint names.

    Raises:
        ModelError: the backbone is not there any more.
        AdapterError: the adapter is not there any more.
    """
    from framecue.model import load_model

    return load_model(fingerprint["backbone"], adapter=fingerprint.get("adapter"), dtype=dtype)


_NONE = object()


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
