"""The registry of encoders: names, and functions that load an encoder from its description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from framecue.encoder import Encoder, EncoderSpec
from framecue.plugins import Registry

__all__ = ["ALL_ENCODERS", "ENCODERS", "load_encoder"]

FRAMECUE = "framecue"


def _load_model(spec: EncoderSpec) -> Encoder:
    # Imported by name, so that torch and the models are imported only when one is loaded.
    from importlib import import_module

    model: Encoder = import_module("framecue.model").load_described(spec)
    return model


ENCODERS: dict[str, Callable[[EncoderSpec], Encoder]] = {FRAMECUE: _load_model}


def _why_not(name: str, found: Any) -> str | None:
    return None if callable(found) else "it is no function that makes an encoder of an EncoderSpec"


ALL_ENCODERS = Registry("encoder", "framecue.encoders", ENCODERS, _why_not)
"""`ENCODERS`, and those that other packages register: functions that make an `Encoder` of an `EncoderSpec`."""


def load_encoder(spec: EncoderSpec) -> Encoder:
    """Load the encoder that a description names, without checking that it makes the same vectors.

    Raises:
        UnknownNameError: no such encoder is registered.
        InputError: the name is registered twice, or the package that registers it cannot be loaded.
        ModelError: the backbone cannot be found.
        AdapterError: the adapter cannot be found, or it is not known where it was.
    """
    return ALL_ENCODERS.get(spec.fingerprint.encoder or FRAMECUE)(spec)
