"""CLIP weights in OpenAI's original format (`visual.conv1.weight`, `transformer.resblocks.0.attn.in_proj_weight`, ...).

In this format the number of heads is width / 64, the activation is the quick GELU, and the text feature is read at the
largest id. LongCLIP (Zhang et al., ECCV 2024, arXiv 2403.15378) is in it too, with 248 text positions. OpenCLIP writes
the same names, often with other heads and activations; import its models in the format of `transformers`, or with their
`config.json`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from framecue.errors import ModelError
from framecue.importers.clip_from_tensors import clip_of_tensors
from framecue.importers.weights_file import lists_in_words

if TYPE_CHECKING:
    from transformers import CLIPModel

__all__ = ["clip_of_openai", "is_openai_format"]

# Scalars that OpenAI's own files have beside the weights; they also follow from the shapes.
SIZES = ("input_resolution", "context_length", "vocab_size")
PLACES = {
    "logit_scale": "logit_scale",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
    "text_projection": "text_projection.weight",
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.ln_pre.weight": "vision_model.pre_layrnorm.weight",
    "visual.ln_pre.bias": "vision_model.pre_layrnorm.bias",
    "visual.ln_post.weight": "vision_model.post_layernorm.weight",
    "visual.ln_post.bias": "vision_model.post_layernorm.bias",
    "visual.proj": "visual_projection.weight",
}
# LongCLIP's second table of text positions: it counts from this position on, where the first was stretched and trained;
# before it the first counts, as CLIP has it (`CLIP.encode_text` in beichenzbc/Long-CLIP, model/model_longclip.py: mask1
# and mask2).
LONG_POSITIONS, KEPT_POSITIONS = "positional_embedding_res", 20
RIGHT_MULTIPLIED = ("text_projection", "visual.proj")
WITHIN_A_LAYER = {
    **{f"attn.out_proj.{kind}": f"self_attn.out_proj.{kind}" for kind in ("weight", "bias")},
    **{f"ln_{n}.{kind}": f"layer_norm{n}.{kind}" for n in (1, 2) for kind in ("weight", "bias")},
    **{f"mlp.c_fc.{kind}": f"mlp.fc1.{kind}" for kind in ("weight", "bias")},
    **{f"mlp.c_proj.{kind}": f"mlp.fc2.{kind}" for kind in ("weight", "bias")},
}
PACKED = {f"attn.in_proj_{kind}": [f"self_attn.{part}_proj.{kind}" for part in "qkv"] for kind in ("weight", "bias")}
HEAD_WIDTH = 64


def is_openai_format(names: Mapping[str, Any]) -> bool:
    """Whether names of tensors are those of OpenAI's CLIPs."""
    return "visual.conv1.weight" in names or "visual.class_embedding" in names


def clip_of_openai(
    tensors: Mapping[str, Tensor], *, source: str, given: Mapping[str, Any] | None = None, prefix: str = ""
) -> CLIPModel:
    """Return a `transformers` CLIP, in float32, from tensors in OpenAI's format.

    Args:
        tensors: all tensors of the CLIP, and no others; half precision is widened.
        source: the file, for messages.
        given: `config.json` of the same CLIP in the format of `transformers`, if its heads or its activation are not
            OpenAI's.
        prefix: of these names in the file, for messages.

    Raises:
        ModelError: a tensor is missing, unexpected or of another shape, or it is a ResNet.
    """
    if any(name.startswith("visual.layer1.") for name in tensors):
        raise ModelError(f"{source}: its image encoder is a ResNet; framecue takes CLIPs with a vision transformer")
    tensors = _with_one_table(tensors, source=source, prefix=prefix)
    renamed: dict[str, Tensor] = {}
    own: dict[str, str] = {}
    unexpected = []
    for name, tensor in tensors.items():
        places = _places(name)
        if places is None:
            unexpected.append(prefix + name)
            continue
        for place, part in zip(places, _parts(name, tensor, len(places)), strict=True):
            renamed[place], own[place] = part.to(torch.float32), prefix + name
    missing = sorted(prefix + name for name in _expected(tensors) - tensors.keys())
    if missing or unexpected:
        raise ModelError(
            f"{source}: is no CLIP in OpenAI's format: {lists_in_words(missing=missing, unexpected=unexpected)}"
        )
    return clip_of_tensors(
        renamed, source=source, given=given, heads=_heads, own_name=lambda place: own.get(place, place)
    )


def _with_one_table(tensors: Mapping[str, Tensor], *, source: str, prefix: str) -> Mapping[str, Tensor]:
    """Return the tensors with one table of text positions, where LongCLIP has two, each with half of it unused."""
    rest = {name: tensor for name, tensor in tensors.items() if name != LONG_POSITIONS}
    first, second = tensors.get("positional_embedding"), tensors.get(LONG_POSITIONS)
    if first is None or second is None:
        return tensors
    if first.shape != second.shape:
        raise ModelError(
            f"{source}: {prefix}{LONG_POSITIONS} has shape {tuple(second.shape)}, and {prefix}positional_embedding "
            f"{tuple(first.shape)}; LongCLIP's two tables of positions are of one shape"
        )
    rest["positional_embedding"] = torch.cat([first[:KEPT_POSITIONS], second[KEPT_POSITIONS:]])
    return rest


def _heads(tower: str, width: int) -> int | None:
    return width // HEAD_WIDTH if width % HEAD_WIDTH == 0 else None


def _places(name: str) -> list[str] | None:
    """Return a tensor's names in the CLIP of `transformers`: three if it is packed, none for sizes, None if unknown."""
    if name in SIZES:
        return []
    if name in PLACES:
        return [PLACES[name]]
    match = re.fullmatch(r"(visual\.)?transformer\.resblocks\.(\d+)\.(.+)", name)
    if match is None:
        return None
    parts = PACKED.get(match[3]) or ([WITHIN_A_LAYER[match[3]]] if match[3] in WITHIN_A_LAYER else None)
    if parts is None:
        return None
    return [f"{'vision' if match[1] else 'text'}_model.encoder.layers.{int(match[2])}.{part}" for part in parts]


def _parts(name: str, tensor: Tensor, count: int) -> list[Tensor]:
    if count == 3:
        # A tensor that has not three parts is refused later for its shape, by its name.
        return list(tensor.chunk(3)) if tensor.ndim and len(tensor) % 3 == 0 else [tensor] * 3
    if name in RIGHT_MULTIPLIED and tensor.ndim == 2:
        tensor = tensor.T
    return [tensor] * count


def _expected(tensors: Mapping[str, Tensor]) -> set[str]:
    """Return all names of a CLIP with as many layers."""
    expected = set(PLACES)
    for tower in ("", "visual."):
        start = f"{tower}transformer.resblocks."
        indices = [name.removeprefix(start).partition(".")[0] for name in tensors if name.startswith(start)]
        layers = 1 + max((int(index) for index in indices if index.isdecimal()), default=0)
        expected |= {f"{start}{layer}.{part}" for layer in range(layers) for part in (*WITHIN_A_LAYER, *PACKED)}
    return expected
