"""The methods by name. A new method is one new file and one line here."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from framecue.backbone import Backbone
from framecue.errors import InputError, UnknownNameError
from framecue.methods.base import Method
from framecue.methods.mean_pool import MeanPool
from framecue.methods.prompt_switch import PromptSwitch

__all__ = ["METHODS", "build_method", "method_named"]

METHODS: dict[str, type[Method]] = {
    "mean-pool": MeanPool,
    "prompt-switch": PromptSwitch,
}


def method_named(name: str) -> type[Method]:
    """The class of a method; an unknown name raises `UnknownNameError`, which lists the known ones."""
    if name not in METHODS:
        raise UnknownNameError("method", name, METHODS)
    return METHODS[name]


def build_method(name: str, options: dict[str, Any], backbone: Backbone) -> Method:
    """Make a method for a backbone, with its parameters at their start.

    Args:
        name: one of `METHODS`.
        options: fields of the method's config.
        backbone: what the method will wear.

    Raises:
        UnknownNameError: no such method.
        InputError: an option that the method does not have, or a value out of range.
    """
    method = method_named(name)
    known = [field.name for field in fields(method.Config)]
    for option in options:
        if option not in known:
            raise InputError(f"method {name} has no option {option!r}; it has: {', '.join(known)}")
    return method(method.Config(**options), backbone).to(dtype=backbone.logit_scale.dtype)
