"""Which encoders there are: a name, and what loads an encoder from its description."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from framecue.encoder import Encoder, EncoderSpec
from framecue.errors import UnknownNameError

__all__ = ["ENCODERS", "load_encoder"]

FRAMECUE = "framecue"
# Names of functions, not functions: to import one may take torch, or another extra that is not installed.
ENCODERS: dict[str, str] = {FRAMECUE: "framecue.model:load_described"}


def load_encoder(spec: EncoderSpec) -> Encoder:
    """Load the encoder that a description names; whether it makes the same vectors is not checked.

    Raises:
        UnknownNameError: no such encoder is registered.
        ModelError: the backbone is not there.
        AdapterError: the adapter is not there, or nothing says where it was.
    """
    name = spec.fingerprint.encoder or FRAMECUE
    if name not in ENCODERS:
        raise UnknownNameError("encoder", name, ENCODERS)
    module, _, function = ENCODERS[name].partition(":")
    load: Callable[[EncoderSpec], Encoder] = getattr(import_module(module), function)
    return load(spec)
