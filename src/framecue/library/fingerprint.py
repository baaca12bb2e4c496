"""Whether a model fits a library, and loading the model that a library names.

Vectors of two models cannot be compared, so a model has to fit. What counts is what it computes (weights, method,
sampling, width), not where its files lie: the same weights under another name fit.
"""

from __future__ import annotations

import json

from framecue.encoder import Encoder, EncoderSpec, Fingerprint, load_encoder
from framecue.errors import FingerprintError

__all__ = ["check_fingerprint", "load_named_model"]


def check_fingerprint(uri: str, library: Fingerprint, model: Fingerprint) -> None:
    """Refuse a model whose vectors are not comparable with a library's.

    Args:
        uri: the library, for the message.
        library: the fingerprint in the library's metadata.
        model: the fingerprint of the model to use.

    Raises:
        FingerprintError: they differ; the message names the fields and both values.
    """
    differing = library.differences(model)
    if differing:
        shown = ", ".join(f"{name} is {_json(ours)}, not {_json(yours)}" for name, (ours, yours) in differing.items())
        raise FingerprintError(
            f"library {uri} was made with another model: its {shown}; use the library's own model "
            "(leave out the model and the adapter, and the library names them), or index into a new library"
        )


def load_named_model(fingerprint: Fingerprint, *, precision: str = "float32") -> Encoder:
    """Load the model that a library's fingerprint names; whether it still fits is for :func:`check_fingerprint`.

    Args:
        fingerprint: the library's.
        precision: what the model computes in, "float32" or "bfloat16".

    Raises:
        ModelError: the backbone is not there any more.
        AdapterError: the adapter is not there any more, or the library does not know where it was.
    """
    return load_encoder(EncoderSpec(fingerprint=fingerprint, precision=precision))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
