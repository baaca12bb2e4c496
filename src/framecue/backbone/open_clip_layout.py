"""Models in OpenCLIP's layout: `open_clip_config.json` and `open_clip_model.safetensors`, read without OpenCLIP.

PE-Core is published so (`timm/PE-Core-B-16` and others on the model hub). Other architectures in this layout are
refused: most of them are on the hub in the layout of `transformers` too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import PreTrainedModel

from framecue.backbone.pe_core_model import PeCoreConfig, PeCoreModel
from framecue.backbone.pe_core_names import convert_names
from framecue.backbone.preprocess import Preprocess

__all__ = ["PE_CORE", "PeCoreSizes", "config_of_open_clip", "load_open_clip_weights", "preprocess_of_open_clip"]


class PeCoreSizes(NamedTuple):
    """The sizes of an image encoder, which OpenCLIP's configuration names and does not list."""

    width: int
    layers: int
    heads: int
    feed_forward_width: int
    patch_size: int
    class_token: bool = True


PE_CORE: dict[str, PeCoreSizes] = {
    "vit_pe_core_tiny_patch16_384": PeCoreSizes(192, 12, 3, 768, 16),
    "vit_pe_core_small_patch16_384": PeCoreSizes(384, 12, 6, 1536, 16),
    "vit_pe_core_base_patch16_224": PeCoreSizes(768, 12, 12, 3072, 16),
    "vit_pe_core_large_patch14_336": PeCoreSizes(1024, 24, 16, 4096, 14),
    "vit_pe_core_gigantic_patch14_448": PeCoreSizes(1536, 50, 16, 8960, 14, class_token=False),
}
"""By timm's names. B, L and G are those of `PE_VISION_CONFIG` in facebookresearch/perception_models,
core/vision_encoder/config.py; all are those of `timm` 1.0.31, timm/models/eva.py."""

POOLING_HEADS = 8
_STEPS = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bilinear", "resize_mode": "squash"}


def config_of_open_clip(file: Path) -> PeCoreConfig:
    """Return the configuration of a model in OpenCLIP's layout.

    Args:
        file: its `open_clip_config.json`.

    Raises:
        ValueError: it is another architecture, or no such configuration.
    """
    model = _section(_read(file), "model_cfg", file)
    vision, text = _section(model, "vision_cfg", file), _section(model, "text_cfg", file)
    name = vision.get("timm_model_name")
    if name not in PE_CORE:
        raise ValueError(
            f"its architecture is {name or 'a CLIP of OpenCLIP'}; of models in OpenCLIP's layout, PE-Core's are "
            f"supported ({', '.join(PE_CORE)}). Others are often on the hub in the layout of transformers as well (a "
            "folder with config.json)"
        )
    if vision.get("timm_pool") != "map" or vision.get("timm_proj") not in (None, ""):
        raise ValueError(f"its image encoder is {name} with another head than PE-Core's, which is not supported")
    return pe_core_config(
        PE_CORE[name],
        image_size=_whole(vision, "image_size", file),
        embedding_dim=_whole(model, "embed_dim", file),
        text={key: _whole(text, key, file) for key in ("context_length", "vocab_size", "width", "heads", "layers")},
    )


def pe_core_config(sizes: PeCoreSizes, *, image_size: int, embedding_dim: int, text: Mapping[str, int]) -> PeCoreConfig:
    """Return a configuration.

    Args:
        sizes: of the image encoder.
        image_size: S.
        embedding_dim: E.
        text: `context_length`, `vocab_size`, `width`, `heads` and `layers` of the text encoder.
    """
    both = {"hidden_act": "gelu", "projection_dim": embedding_dim, "layer_norm_eps": 1e-5}
    vocabulary = text["vocab_size"]
    return PeCoreConfig(
        text_config={
            **both,
            "vocab_size": vocabulary,
            "hidden_size": text["width"],
            "intermediate_size": 4 * text["width"],
            "num_hidden_layers": text["layers"],
            "num_attention_heads": text["heads"],
            "max_position_embeddings": text["context_length"],
            # CLIP's vocabulary ends with the tokens for start and end. What pads a text is seen by no token before it.
            "bos_token_id": vocabulary - 2,
            "eos_token_id": vocabulary - 1,
            "pad_token_id": vocabulary - 1,
        },
        vision_config={
            **both,
            "hidden_size": sizes.width,
            "intermediate_size": sizes.feed_forward_width,
            "num_hidden_layers": sizes.layers,
            "num_attention_heads": sizes.heads,
            "image_size": image_size,
            "patch_size": sizes.patch_size,
            "use_class_token": sizes.class_token,
            "pooling_heads": POOLING_HEADS,
            # The class token is at place 0 where there is one, so the patches begin at 1.
            "rotary_offset": int(sizes.class_token),
        },
        projection_dim=embedding_dim,
    )


def load_open_clip_weights(config: PeCoreConfig, file: Path, *, dtype: torch.dtype) -> PreTrainedModel:
    """Return the model of a configuration with the weights of an `open_clip_model.safetensors`.

    Raises:
        ValueError: the file has not the tensors of the configuration; they are named.
    """
    tensors, unknown = convert_names(load_file(file))
    return pe_core_of_tensors(config, tensors, unknown=unknown, dtype=dtype)


def pe_core_of_tensors(
    config: PeCoreConfig, tensors: Mapping[str, Tensor], *, unknown: list[str], dtype: torch.dtype = torch.float32
) -> PeCoreModel:
    """Return a model with given tensors, by the names of `PeCoreModel`.

    Args:
        config: its configuration.
        tensors: all that it has.
        unknown: names in the file that are no tensors of PE-Core's.
        dtype: of the weights.

    Raises:
        ValueError: a tensor is missing, of another shape, or unknown.
    """
    with torch.device("meta"):
        model = PeCoreModel(config)
    expected = {name: tuple(tensor.shape) for name, tensor in model.named_parameters()}
    problems = {
        "missing": sorted(expected.keys() - tensors.keys()),
        "unknown": sorted([*unknown, *(tensors.keys() - expected.keys())]),
        "of another shape": sorted(n for n, t in tensors.items() if n in expected and tuple(t.shape) != expected[n]),
    }
    for what, names in problems.items():
        if names:
            shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
            raise ValueError(f"the weights do not fit the configuration, {len(names)} tensors are {what}: {shown}")
    for name, tensor in tensors.items():
        owner, _, last = name.rpartition(".")
        # A copy of its own: what is split from one tensor would share its memory.
        own = tensor.to(dtype, copy=True, memory_format=torch.contiguous_format)
        setattr(model.get_submodule(owner), last, nn.Parameter(own))
    _refresh_buffers(model)
    return model.eval()


def _refresh_buffers(model: PeCoreModel) -> None:
    """Make CLIP's position ids, the only buffers, which have no values on the `meta` device."""
    for module in model.modules():
        for name, buffer in module.named_buffers(recurse=False):
            assert name == "position_ids", name
            module.register_buffer(name, torch.arange(buffer.shape[-1]).expand(1, -1), persistent=False)


def preprocess_of_open_clip(file: Path, *, image_size: int) -> Preprocess:
    """Return the steps that an `open_clip_config.json` defines; PE-Core's own for what it leaves out.

    Raises:
        ValueError: a step is not supported.
    """
    steps = {**_STEPS, **_section(_read(file), "preprocess_cfg", file, default={})}
    if steps["resize_mode"] not in ("squash", "shortest") or steps["interpolation"] not in ("bilinear", "bicubic"):
        raise ValueError(
            f"resize_mode {steps['resize_mode']!r} with interpolation {steps['interpolation']!r} is not supported; "
            "supported: squash or shortest, with bilinear or bicubic"
        )
    size, squash = (image_size, image_size), steps["resize_mode"] == "squash"
    return Preprocess(
        size if squash else image_size,
        None if squash else size,
        mean=tuple(steps["mean"]),
        std=tuple(steps["std"]),
        filter=steps["interpolation"],
    )


def _read(file: Path) -> dict[str, Any]:
    values = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise ValueError(f"{file.name} must hold an object, holds a {type(values).__name__}")
    return values


def _section(values: Mapping[str, Any], name: str, file: Path, *, default: Any = None) -> dict[str, Any]:
    found = values.get(name, default)
    if not isinstance(found, dict):
        raise ValueError(f"{file.name} has no {name}")
    return found


def _whole(values: Mapping[str, Any], name: str, file: Path) -> int:
    found = values.get(name)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise ValueError(f"{name} in {file.name} must be a whole number of at least 1, got {found!r}")
    return found
