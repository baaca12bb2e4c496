"""The names under which PE-Core's tensors are published, and what they are called here.

Two sets of names are published. OpenCLIP's are those of `open_clip_torch`'s own construction of `PE-Core-B-16`,
`PE-Core-L-14-336` and `PE-Core-bigG-14-448` (3.3.0, its image encoder by `timm` 1.0.31), the names of the
`open_clip_model.safetensors` in `timm/PE-Core-*` on the model hub. Meta's are those of `facebook/PE-Core-*` (`*.pt`),
from `CLIP` and `VisionTransformer` in facebookresearch/perception_models, core/vision_encoder/pe.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

__all__ = ["convert_names", "is_meta_format"]

# Pattern of a published name, and the names here; a tensor with several is as many of them, one below the other.
_Rules = tuple[tuple[str, tuple[str, ...]], ...]

_VISION_LAYER, _TEXT_LAYER = r"vision_model.encoder.layers.\1", r"text_model.encoder.layers.\1"
_HEAD = "vision_model.head"


def _layer(published: str, here: str, *, norm: str, packed: str, out: str, fc1: str, fc2: str) -> _Rules:
    """Return the rules for a layer, given its parts' published names."""
    start = rf"{published}\.(\d+)\."
    qkv = tuple(f"{here}.self_attn.{part}_proj.\\2" for part in "qkv")
    kind = r"(weight|bias)"
    return (
        (rf"{start}{norm}([12])\.{kind}", (f"{here}.layer_norm\\2.\\3",)),
        (rf"{start}{packed}{kind}", qkv),
        (rf"{start}{out}\.{kind}", (f"{here}.self_attn.out_proj.\\2",)),
        (rf"{start}{fc1}\.{kind}", (f"{here}.mlp.fc1.\\2",)),
        (rf"{start}{fc2}\.{kind}", (f"{here}.mlp.fc2.\\2",)),
    )


_AS_CLIP = {
    **{"norm": "ln_", "packed": r"attn\.in_proj_", "out": r"attn\.out_proj"},
    **{"fc1": r"mlp\.c_fc", "fc2": r"mlp\.c_proj"},
}


def _text(prefix: str) -> _Rules:
    return (
        (rf"{prefix}token_embedding\.weight", ("text_model.embeddings.token_embedding.weight",)),
        (rf"{prefix}positional_embedding", ("text_model.embeddings.position_embedding.weight",)),
        *_layer(rf"{prefix}transformer\.resblocks", _TEXT_LAYER, **_AS_CLIP),
        (rf"{prefix}ln_final\.(weight|bias)", (r"text_model.final_layer_norm.\1",)),
        (rf"{prefix}text_projection", ("text_projection.weight",)),
    )


_OPEN_CLIP: _Rules = (
    (r"logit_scale", ("logit_scale",)),
    (r"visual\.trunk\.cls_token", ("vision_model.embeddings.class_embedding",)),
    (r"visual\.trunk\.pos_embed", ("vision_model.embeddings.position_embedding.weight",)),
    (r"visual\.trunk\.patch_embed\.proj\.weight", ("vision_model.embeddings.patch_embedding.weight",)),
    (r"visual\.trunk\.norm_pre\.(weight|bias)", (r"vision_model.pre_layrnorm.\1",)),
    *_layer(
        r"visual\.trunk\.blocks",
        _VISION_LAYER,
        norm="norm",
        packed=r"attn\.qkv\.",
        out=r"attn\.proj",
        fc1=r"mlp\.fc1",
        fc2=r"mlp\.fc2",
    ),
    (r"visual\.trunk\.norm\.(weight|bias)", (r"vision_model.post_layernorm.\1",)),
    (r"visual\.trunk\.attn_pool\.latent", (f"{_HEAD}.probe",)),
    # PyTorch's attention has the maps for queries, keys and values in one; see `_PACKED_LATER`.
    (r"visual\.trunk\.attn_pool\.(q|kv)\.(weight|bias)", (rf"{_HEAD}.attention.\1.in_proj_\2",)),
    (r"visual\.trunk\.attn_pool\.proj\.(weight|bias)", (rf"{_HEAD}.attention.out_proj.\1",)),
    (r"visual\.trunk\.attn_pool\.norm\.(weight|bias)", (rf"{_HEAD}.layernorm.\1",)),
    (r"visual\.trunk\.attn_pool\.mlp\.(fc[12])\.(weight|bias)", (rf"{_HEAD}.mlp.\1.\2",)),
    (r"visual\.trunk\.head\.(weight|bias)", (r"visual_projection.\1",)),
    *_text(r"text\."),
)
_META: _Rules = (
    (r"logit_scale", ("logit_scale",)),
    (r"visual\.class_embedding", ("vision_model.embeddings.class_embedding",)),
    (r"visual\.positional_embedding", ("vision_model.embeddings.position_embedding.weight",)),
    (r"visual\.conv1\.weight", ("vision_model.embeddings.patch_embedding.weight",)),
    (r"visual\.ln_pre\.(weight|bias)", (r"vision_model.pre_layrnorm.\1",)),
    *_layer(r"visual\.transformer\.resblocks", _VISION_LAYER, **_AS_CLIP),
    (r"visual\.ln_post\.(weight|bias)", (r"vision_model.post_layernorm.\1",)),
    (r"visual\.attn_pool\.probe", (f"{_HEAD}.probe",)),
    (r"visual\.attn_pool\.attn\.in_proj_(weight|bias)", (rf"{_HEAD}.attention.in_proj_\1",)),
    (r"visual\.attn_pool\.attn\.out_proj\.(weight|bias)", (rf"{_HEAD}.attention.out_proj.\1",)),
    (r"visual\.attn_pool\.layernorm\.(weight|bias)", (rf"{_HEAD}.layernorm.\1",)),
    (r"visual\.attn_pool\.mlp\.c_fc\.(weight|bias)", (rf"{_HEAD}.mlp.fc1.\1",)),
    (r"visual\.attn_pool\.mlp\.c_proj\.(weight|bias)", (rf"{_HEAD}.mlp.fc2.\1",)),
    (r"visual\.proj", ("visual_projection.weight",)),
    *_text(""),
)
# Where several published tensors are one here, one below the other.
_PACKED_LATER = {
    f"{_HEAD}.attention.in_proj_{kind}": tuple(f"{_HEAD}.attention.{part}.in_proj_{kind}" for part in ("q", "kv"))
    for kind in ("weight", "bias")
}
# Published for multiplication from the right, x @ W.
_RIGHT_MULTIPLIED = ("text.text_projection", "text_projection", "visual.proj")
# Published with axes of size 1 in front.
_SQUEEZED = {"visual.trunk.cls_token": 2, "visual.trunk.pos_embed": 1}


def is_meta_format(names: Iterable[str]) -> bool:
    """Whether names of tensors are those of Meta's PE-Core."""
    held = set(names)
    return {"visual.attn_pool.probe", "visual.proj"} <= held


def convert_names(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """Return published tensors under the names of `PeCoreModel`, and the published names that PE-Core does not have.

    Args:
        tensors: by OpenCLIP's names or by Meta's; on any device, also `meta`. Shapes are not checked.
    """
    is_meta = is_meta_format(tensors)
    found: dict[str, Tensor] = {}
    unknown: list[str] = []
    for name, tensor in tensors.items():
        places = _places(name, _META if is_meta else _OPEN_CLIP)
        if not places:
            unknown.append(name)
            continue
        if name in _RIGHT_MULTIPLIED and tensor.ndim == 2:
            tensor = tensor.T
        tensor = tensor.reshape(tensor.shape[_SQUEEZED.get(name, 0) :])
        # One that has not as many parts is refused later for its shape.
        even = len(places) == 1 or (tensor.ndim > 0 and len(tensor) % len(places) == 0)
        parts = tensor.chunk(len(places)) if even and len(places) > 1 else (tensor,) * len(places)
        found |= dict(zip(places, parts, strict=True))
    for name, sources in _PACKED_LATER.items():
        if all(source in found for source in sources):
            found[name] = torch.cat([found.pop(source) for source in sources])
    if is_meta and "visual_projection.weight" in found:
        weight = found["visual_projection.weight"]
        found["visual_projection.bias"] = weight.new_zeros(len(weight))
    return found, unknown


def _places(name: str, rules: _Rules) -> list[str]:
    for pattern, places in rules:
        match = re.fullmatch(pattern, name)
        if match is not None:
            return [match.expand(place) for place in places]
    return []
