"""The methods by name. A new method is one new file and one line here; other packages add theirs by entry points."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import is_dataclass
from typing import Any

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods.attention_pool import AttentionPool
from framecue.methods.base import Method
from framecue.methods.bias import Bias
from framecue.methods.clip4clip import Clip4Clip
from framecue.methods.dgl import Dgl
from framecue.methods.full import Full
from framecue.methods.lora import Lora
from framecue.methods.mean_pool import MeanPool
from framecue.methods.mv_adapter import MvAdapter
from framecue.methods.parallel_adapter import AdapterAttn, AdapterFfn
from framecue.methods.partial import Partial
from framecue.methods.proj import Proj
from framecue.methods.prompt_switch import PromptSwitch
from framecue.methods.teachclip import TeachClip
from framecue.methods.tempme import TempMe
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
from framecue.plugins import Registry
from framecue.validation import problem_with

__all__ = ["ALL_METHODS", "METHODS", "build_method", "method_named", "saved_options"]

METHODS: dict[str, type[Method]] = {
    "mean-pool": MeanPool,
    "prompt-switch": PromptSwitch,
    "vop": VoP,
    "vop-p": VoPPosition,
    "vop-c": VoPContext,
    "vop-f": VoPFunction,
    "vop-fp": VoPFunctionPosition,
    "vop-fc": VoPFunctionContext,
    # The baselines of the papers: ways to tune a CLIP,
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
    "clip4clip": Clip4Clip,
    "teachclip": TeachClip,
    "dgl": Dgl,
    "tempme": TempMe,
    "mv-adapter": MvAdapter,
    # and fusions, which look at the text while they do.
    "top-k": TopK,
    "attention-pool": AttentionPool,
    "x-pool": XPool,
    "ts2-net": Ts2Net,
    "x-clip": XClip,
}


def _why_not(name: str, found: Any) -> str | None:
    if not (isinstance(found, type) and issubclass(found, Method)):
        return "it is no subclass of Method"
    return None if is_dataclass(found.Config) else "its Config is no dataclass"


ALL_METHODS = Registry("method", "framecue.methods", METHODS, _why_not)
"""`METHODS`, and the methods that other packages register."""


def method_named(name: str) -> type[Method]:
    """Return the class of a method.

    Raises:
        UnknownNameError: there is no such method; the known ones are listed.
        InputError: a package's method cannot be loaded, or the name is registered twice.
    """
    return ALL_METHODS.get(name)


def build_method(name: str, options: dict[str, Any], backbone: Backbone) -> Method:
    """Return a new method for a backbone, with its parameters at their initial values.

    Args:
        name: one of `METHODS`, or of another package's.
        options: fields of the method's config.
        backbone: for which the method is made.

    Raises:
        UnknownNameError: there is no such method.
        InputError: the method does not have an option, or a value has another type or is out of range.
    """
    method = method_named(name)

    def unknown(option: str, known: Collection[str]) -> str:
        return f"method {name} has no option {option!r}; it has: {', '.join(known)}"

    problem = problem_with(method.Config, options, name=str, unknown=unknown)
    if problem is not None:
        raise InputError(problem)
    return method(method.Config(**options), backbone).to(dtype=backbone.logit_scale.dtype)


def saved_options(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of an adapter's or a library's method in full.

    What they do not say is what the method did before there was such an option (`MethodConfig.added`), which may be
    another than a new method's default.

    Raises:
        UnknownNameError: there is no such method.
        InputError: a package's method cannot be loaded, or the name is registered twice.
    """
    return method_named(name).Config.with_earlier_values(options)
