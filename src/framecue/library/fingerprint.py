"""Checking that a model fits a library, and loading the model that a library names.

Vectors of different models cannot be compared, so a model has to fit. What counts is what the model computes (weights,
method, sampling, width), not where its files lie: the same weights under another name fit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from framecue.encoder import ChecksTexts, Encoder, EncoderSpec, Fingerprint, load_encoder
from framecue.errors import FingerprintError, NotOfflineError
from framecue.library.store import Store

__all__ = ["check_fingerprint", "check_offline", "check_texts", "fingerprint_of", "load_named_model"]


# What tells models apart best comes first; what follows from these is not listed.
_FIRST = ("method", "adapter_source", "adapter", "backbone", "revision", "parameters", "embedding_dim")
_MOST_SHOWN = 4


def check_fingerprint(uri: str, library: Fingerprint, model: Fingerprint) -> None:
    """Refuse a model whose vectors are not comparable with a library's.

    Args:
        uri: the library, for the message.
        library: the fingerprint in the library's metadata.
        model: the fingerprint of the model to use.

    Raises:
        FingerprintError: they differ; the message gives the ways out, and its details the fields and both values.
    """
    differing = library.differences(model)
    if differing:
        raise FingerprintError(
            f"library {uri} was made with another model; use its own (leave out the model and the adapter), index into "
            "a new library, or make this one anew with this model (framecue index --again)",
            _details(differing),
        )


def load_named_model(fingerprint: Fingerprint, *, precision: str = "float32", near: str | None = None) -> Encoder:
    """Load the model that a library's fingerprint names; :func:`check_fingerprint` tells whether it still fits.

    Args:
        fingerprint: the library's.
        precision: what the model computes in, "float32" or "bfloat16".
        near: the library, beside which a folder of the model that was moved is looked for.

    Raises:
        ModelError: the backbone can no longer be found.
        AdapterError: the adapter can no longer be found, or the library does not know where it was.
    """
    places = () if near is None else (near,)
    return load_encoder(EncoderSpec(fingerprint=fingerprint, precision=precision, near=places))


def _details(differing: Mapping[str, tuple[object, object]]) -> str:
    """Return which fields differ, in words: the method and the adapter first, and nothing that follows from them."""
    names = [name for name in _FIRST if name in differing]
    if "adapter_source" in names and "adapter" in names:
        names.remove("adapter")  # the hash says less than the name
    if "backbone" in names and "revision" in names:
        names.remove("revision")
    if not {"method", "adapter", "adapter_source"} & set(names):
        # The options are the method's: with another method they are others anyway.
        names += [name for name in differing if name not in _FIRST]
    elif "sampling.num_frames" in differing:
        names.append("sampling.num_frames")
    shown = [
        f"{name.removesuffix('_source')} is {_json(differing[name][0])}, not {_json(differing[name][1])}"
        for name in names[:_MOST_SHOWN]
    ]
    more = len(names) - _MOST_SHOWN
    return f"its {', '.join(shown)}" + (f", and {more} more" if more > 0 else "")


def _json(value: object) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)


def fingerprint_of(store: Store) -> Fingerprint:
    """Return the fingerprint of the model that made a library's vectors."""
    return Fingerprint.from_dict(store.fingerprint)


def check_texts(model: Encoder) -> None:
    """Refuse a model for a new library that cannot encode texts, which the first search would find out, after hours.

    Raises:
        ModelError: it cannot.
    """
    if isinstance(model, ChecksTexts):
        model.check_texts()


def check_offline(model: Encoder) -> None:
    """Refuse a model that cannot encode a video without a query.

    Raises:
        NotOfflineError: it cannot.
    """
    if not model.offline:
        raise NotOfflineError(
            f"method {model.method_name!r} needs the query to encode a video, so a library cannot hold its vectors; "
            "index with a method that encodes videos on their own, such as mean-pool or prompt-switch, and measure "
            "this one as its second stage: framecue evaluate --rerank-with"
        )
