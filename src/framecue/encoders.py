"""Which encoders there are: a name, and what loads an encoder from its description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from framecue.encoder import Encoder, EncoderSpec
from framecue.plugins import Registry

__all__ = ["ALL_ENCODERS", "ENCODERS", "load_encoder"]

FRAMECUE = "framecue"


def _load_model(spec: EncoderSpec) -> Encoder:
    # By name, so that the import of torch and of the models waits until one is loaded.
    from importlib import import_module

    model: Encoder = import_module("framecue.model").load_described(spec)
    return model


ENCODERS: dict[str, Callable[[EncoderSpec], Encoder]] = {FRAMECUE: _load_model}


def _why_not(name: str, found: Any) -> str | None:
    return None if callable(found) else "it is no function that makes an encoder of an EncoderSpec"


ALL_ENCODERS = Registry("encoder", "framecue.encoders", ENCODERS, _why_not)
"""`ENCODERS`, and those that other packages register: functions that make an `Encoder` of an `EncoderSpec`."""


def load_encoder(spec: EncoderSpec) -> Encoder:
    """Load the encoder that a description names; whether it makes the same vectors is not checked.

    Raises:
        UnknownNameError: no such encoder is registered.
        InputError: the name stands twice, or the package that registers it cannot be loaded.
        ModelError: the backbone is not there.
        AdapterError: the adapter is not there, or nothing says where it was.
    """
    return ALL_ENCODERS.get(spec.fingerprint.encoder or FRAMECUE)(spec)
