"""The released Prompt Switch: a CLIP under `transformers`' names, the cube, the aggregation and the captioner."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from framecue.errors import ModelError
from framecue.importers.clip_from_tensors import clip_of_tensors, follow_position_ids
from framecue.importers.parts import Checkpoint, Imported

__all__ = ["convert", "recognises"]

CLIP = "clip."
CUBE = "clip.vision_model.encoder.prompt_embedding"
OWN_NAMES = {
    CUBE: "prompt_cube",
    "clip.vision_model.attn.": "aggregation.",
    "caption_prenorm.": "captioner.prenorm.",
    "caption_transformer.": "captioner.decoder.",
    "caption_head.": "captioner.head.",
}
# The default of torch, which the released code uses whatever its configuration says.
LAYER_NORM_EPS = 1e-5


def recognises(names: Mapping[str, Any]) -> bool:
    """See `Importer.recognises`."""
    return CUBE in names


def convert(checkpoint: Checkpoint) -> Imported:
    """See `Importer.convert`; the configuration is `transformers`' of the CLIP, by default ViT-B/32's.

    The file does not tell with how many frames it was trained, which is the size of the groups in which prompts are
    aggregated. In the released model that is the number of prompts (6), and twice as many frames are used at test.
    """
    checkpoint.refuse(clip=True)
    source, clip, tensors, own_names = checkpoint.source, {}, {}, {}
    for name, tensor in checkpoint.tensors.items():
        start = next((start for start in OWN_NAMES if name.startswith(start)), None)
        if start is not None:
            place = name.replace(start, OWN_NAMES[start])
            tensors[place], own_names[place] = tensor, name
        elif name.startswith(CLIP):
            clip[name.removeprefix(CLIP)] = tensor
        else:
            raise ModelError(f"{source}: unexpected {name}; a prompt-switch checkpoint has clip.* and caption_* alone")
    if "prompt_cube" not in tensors:
        raise ModelError(f"{source}: missing {CUBE}")
    shape = tuple(tensors["prompt_cube"].shape)
    if len(shape) != 3 or shape[0] != shape[1]:
        raise ModelError(f"{source}: {CUBE} must be (P, P, width), got {shape}")
    prompts = shape[0]

    clip, notes = follow_position_ids(clip, source=source)
    model = clip_of_tensors(clip, source=source, given=_with_released_norms(checkpoint), own_name=CLIP.__add__)
    group = checkpoint.frames_per_group
    if group is None:
        group = prompts
        notes.append(
            f"the file does not say how many frames it was trained with; taken as {prompts}, its number of prompts. If "
            "it was trained with more, say so (frames per group)"
        )
    layers = [re.match(r"captioner\.decoder\.layers\.(\d+)\.", name) for name in tensors]
    captioner = any(name.startswith("captioner.") for name in tensors)
    options: dict[str, Any] = {
        "num_prompts": prompts,
        "num_frames": group,
        "num_test_frames": group if 2 * prompts % group else 2 * prompts,
        "frames_per_group": group,
        "captioner": captioner,
    }
    if captioner:
        options["captioner_layers"] = 1 + max((int(layer[1]) for layer in layers if layer), default=0)
    return Imported(model, "prompt-switch", options, tensors, own_names, notes)


def _with_released_norms(checkpoint: Checkpoint) -> dict[str, Any] | None:
    if checkpoint.config is None:
        return None
    given = dict(checkpoint.config)
    for part in ("text_config", "vision_config"):
        if isinstance(given.get(part), Mapping):
            given[part] = {**given[part], "layer_norm_eps": LAYER_NORM_EPS}
    return given
