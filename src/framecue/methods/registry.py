"""The methods by name. A new method is one new file and one line here."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from framecue.backbone import Backbone
from framecue.errors import InputError, UnknownNameError
from framecue.methods.attention_pool import AttentionPool
from framecue.methods.base import Method
from framecue.methods.bias import Bias
from framecue.methods.full import Full
from framecue.methods.lora import Lora
from framecue.methods.mean_pool import MeanPool
from framecue.methods.parallel_adapter import AdapterAttn, AdapterFfn
from framecue.methods.partial import Partial
from framecue.methods.proj import Proj
from framecue.methods.prompt_switch import PromptSwitch
from framecue.methods.token_shift import TokenShift
from framecue.methods.top_k import TopK
from framecue.methods.ts2_net import Ts2Net
from framecue.methods.video_proxy import VideoProxy
from framecue.methods.vop import (
    VoP,
    VoPContext,
    VoPFunction,
    VoPFunctionContext,
    VoPFunctionPosition,
    VoPPosition,
)
from framecue.methods.x_clip import XClip
from framecue.methods.x_pool import XPool

__all__ = ["METHODS", "build_method", "method_named"]

METHODS: dict[str, type[Method]] = {
    "mean-pool": MeanPool,
    "prompt-switch": PromptSwitch,
    "vop": VoP,
    "vop-p": VoPPosition,
    "vop-c": VoPContext,
    "vop-f": VoPFunction,
    "vop-fp": VoPFunctionPosition,
    "vop-fc": VoPFunctionContext,
    # What the papers compare with: ways to tune a CLIP,
    "full": Full,
    "bias": Bias,
    "proj": Proj,
    "partial": Partial,
    "adapter-attn": AdapterAttn,
    "adapter-ffn": AdapterFfn,
    "lora": Lora,
    # ways to join the frames of a video,
    "token-shift": TokenShift,
    "video-proxy": VideoProxy,
    # and fusions, which look at the text while they do.
    "top-k": TopK,
    "attention-pool": AttentionPool,
    "x-pool": XPool,
    "ts2-net": Ts2Net,
    "x-clip": XClip,
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
