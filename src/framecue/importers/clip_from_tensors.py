"""Making a `transformers` CLIP from tensors alone: its configuration follows from their shapes.

What shapes cannot tell (how many heads, which activation) comes from a `config.json`, or from what is known about CLIPs
of these widths.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import CLIPConfig, CLIPModel

from framecue.errors import ModelError
from framecue.importers.weights_file import lists_in_words

__all__ = ["clip_of_tensors", "follow_position_ids", "known_heads", "stand_in_clip"]

TOWERS = ("text_model", "vision_model")
# The heads of OpenAI's CLIPs by width; no others of these widths are known to exist.
KNOWN_HEADS = {"text_model": {512: 8, 768: 12}, "vision_model": {768: 12, 1024: 16}}
# The values that are taken from a given configuration; all others are only compared with the shapes.
BEYOND_SHAPES = (
    *("num_attention_heads", "hidden_act", "layer_norm_eps", "attention_dropout", "initializer_range"),
    *("initializer_factor", "bos_token_id", "eos_token_id", "pad_token_id"),
)

Heads = Callable[[str, int], int | None]


def known_heads(tower: str, width: int) -> int | None:
    """Return how many heads a tower (`text_model`, `vision_model`) of a width has in OpenAI's CLIPs, or None."""
    return KNOWN_HEADS[tower].get(width)


def clip_of_tensors(
    tensors: Mapping[str, Tensor],
    *,
    source: str,
    given: Mapping[str, Any] | None = None,
    heads: Heads = known_heads,
    own_name: Callable[[str], str] = str,
) -> CLIPModel:
    """Return a CLIP with given weights, in float32.

    Args:
        tensors: under the names of `transformers.CLIPModel`, and no others.
        source: the file, for messages.
        given: `config.json` of a CLIP, for what shapes cannot tell. It must agree with what they can tell.
        heads: without a `config.json`, returns how many heads a tower of a width has.
        own_name: returns the file's own name for a name of `transformers`, for messages.

    Raises:
        ModelError: a tensor is missing, unexpected or of another shape (all named), `given` disagrees with the shapes,
            or nothing says how many heads there are.
    """
    config = _config(tensors, source=source, given=given, heads=heads, own_name=own_name)
    clip = _new_clip(config)
    expected = clip.state_dict()
    missing, unexpected = expected.keys() - tensors.keys(), tensors.keys() - expected.keys()
    if missing or unexpected:
        lists = lists_in_words(missing=map(own_name, missing), unexpected=map(own_name, unexpected))
        raise ModelError(f"{source}: does not hold a CLIP's tensors: {lists}")
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            raise ModelError(
                f"{source}: {own_name(name)} has shape {tuple(tensor.shape)}, "
                f"expected {tuple(expected[name].shape)} (as {name})"
            )
    clip.load_state_dict(dict(tensors))
    return clip.eval()


def stand_in_clip(embedding_dim: int) -> CLIPModel:
    """Return the smallest CLIP of a width E, with random weights: something to put a method on, not a model."""
    tower = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    return _new_clip(
        CLIPConfig(
            text_config={**tower, "vocab_size": 3, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1},
            vision_config={**tower, "image_size": 32, "patch_size": 32},
            projection_dim=embedding_dim,
        )
    ).eval()


def _new_clip(config: CLIPConfig) -> CLIPModel:
    """Return a CLIP with new weights, without changing the state of the random generator."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return CLIPModel(config)


def follow_position_ids(tensors: Mapping[str, Tensor], *, source: str) -> tuple[dict[str, Tensor], list[str]]:
    """Remove the position ids that older versions of `transformers` saved.

    Averaging weights with rounding (timm does so for whole numbers) shifts some of the ids, and then the released
    evaluation looks up other position embeddings than the training did. The CLIP that is made here does the same: each
    position gets the embedding that its id names.

    Args:
        tensors: under the names of `transformers.CLIPModel`.
        source: the file, for messages.

    Returns:
        The other tensors, and a note for each tower whose ids are shifted.

    Raises:
        ModelError: the ids are not positions.
    """
    rest, notes = dict(tensors), []
    for tower in TOWERS:
        name = f"{tower}.embeddings.position_ids"
        ids, table = rest.pop(name, None), f"{tower}.embeddings.position_embedding.weight"
        if ids is None or table not in rest:
            continue
        ids, count = ids.flatten().to(torch.int64), len(rest[table])
        if len(ids) != count or not bool(((ids >= 0) & (ids < count)).all()):
            raise ModelError(f"{source}: {name} must be {count} numbers from 0 to {count - 1}")
        shifted = [index for index in range(count) if ids[index] != index]
        if shifted:
            rest[table] = rest[table][ids]
            notes.append(
                f"{name} are not 0 to {count - 1}, as an average of weights that rounds whole numbers leaves them: "
                f"positions {', '.join(map(str, shifted[:12]))}{' ...' if len(shifted) > 12 else ''} are shifted. They "
                "are followed, so that features are as the released code's; position embeddings no id names are lost"
            )
    return rest, notes


def _config(
    tensors: Mapping[str, Tensor],
    *,
    source: str,
    given: Mapping[str, Any] | None,
    heads: Heads,
    own_name: Callable[[str], str],
) -> CLIPConfig:
    def dims(name: str, count: int) -> tuple[int, ...]:
        if name not in tensors:
            raise ModelError(f"{source}: does not hold a CLIP's tensors: missing {own_name(name)}")
        shape = tuple(tensors[name].shape)
        if len(shape) != count or 0 in shape:
            raise ModelError(f"{source}: {own_name(name)} must have {count} dimensions, got shape {shape}")
        return shape

    def layers(tower: str) -> int:
        indices = [re.match(rf"{tower}\.encoder\.layers\.(\d+)\.", name) for name in tensors]
        return 1 + max((int(index[1]) for index in indices if index), default=0)

    vocabulary, text_width = dims("text_model.embeddings.token_embedding.weight", 2)
    vision_width, channels, patch, _ = dims("vision_model.embeddings.patch_embedding.weight", 4)
    positions = dims("vision_model.embeddings.position_embedding.weight", 2)[0]
    grid = math.isqrt(positions - 1)
    if grid * grid != positions - 1:
        raise ModelError(f"{source}: {positions} image positions are not a class token and a square of patches")
    shapes: dict[str, dict[str, Any]] = {
        "text_config": {
            "vocab_size": vocabulary,
            "hidden_size": text_width,
            "max_position_embeddings": dims("text_model.embeddings.position_embedding.weight", 2)[0],
            "intermediate_size": dims("text_model.encoder.layers.0.mlp.fc1.weight", 2)[0],
            "num_hidden_layers": layers("text_model"),
        },
        "vision_config": {
            "hidden_size": vision_width,
            "num_channels": channels,
            "patch_size": patch,
            "image_size": patch * grid,
            "intermediate_size": dims("vision_model.encoder.layers.0.mlp.fc1.weight", 2)[0],
            "num_hidden_layers": layers("vision_model"),
        },
    }
    joint = {"projection_dim": dims("visual_projection.weight", 2)[0]}
    given = {} if given is None else given
    for part, values in shapes.items():
        told = _part(given, part, source)
        _agree(told, values, prefix=f"{part}.", source=source)
        beyond = {key: told[key] for key in BEYOND_SHAPES if told.get(key) is not None}
        width, tower = values["hidden_size"], part.replace("config", "model")
        beyond.setdefault("num_attention_heads", heads(tower, width))
        _check_heads(beyond["num_attention_heads"], width=width, part=part, source=source)
        if part == "text_config":
            # OpenAI's vocabulary ends with the tokens for start and end, and the latter is also the padding.
            for key, value in (("bos", vocabulary - 2), ("eos", vocabulary - 1), ("pad", vocabulary - 1)):
                beyond.setdefault(f"{key}_token_id", value)
        values.update(beyond, projection_dim=joint["projection_dim"])
    _agree(given, joint, prefix="", source=source)
    scale = {"logit_scale_init_value": given["logit_scale_init_value"]} if "logit_scale_init_value" in given else {}
    options: dict[str, Any] = {**shapes, **joint, **scale}
    try:
        return CLIPConfig(**options)
    except Exception as error:  # its checks of types may raise anything
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1].strip().rstrip(".")
        raise ModelError(f"{source}: the configuration given is no CLIP's ({reason})") from error


def _part(given: Mapping[str, Any], part: str, source: str) -> Mapping[str, Any]:
    told = given.get(part) or {}
    if not isinstance(told, Mapping) or (given and "text_config" not in given and "vision_config" not in given):
        raise ModelError(
            f"{source}: the configuration given is no CLIP's, it has no {part}; give the config.json of its backbone"
        )
    return told


def _agree(told: Mapping[str, Any], shapes: Mapping[str, int], *, prefix: str, source: str) -> None:
    for key, value in shapes.items():
        if told.get(key) not in (None, value):
            raise ModelError(
                f"{source}: its shapes say {prefix}{key} {value}, the configuration given says {told[key]}; give the "
                "config.json of its own backbone"
            )


def _check_heads(heads: Any, *, width: int, part: str, source: str) -> None:
    if heads is None:
        raise ModelError(
            f"{source}: shapes cannot say how many heads a tower of width {width} has; give its backbone's config.json "
            f"as the configuration ({part}.num_attention_heads)"
        )
    if not isinstance(heads, int) or heads < 1 or width % heads:
        raise ModelError(f"{source}: {part}.num_attention_heads must divide the width {width}, got {heads!r}")
