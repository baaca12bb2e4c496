"""The VoP that ModelScope released: a CLIP in OpenAI's format and the prompts of both towers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from framecue.errors import ModelError
from framecue.importers.openai_format import clip_of_openai
from framecue.importers.parts import Checkpoint, Imported, hyperparameter

__all__ = ["convert", "recognises"]

CLIP = "clip."
VISUAL, TEXT = "visual_prompt_learner.visual_prompts", "text_prompt_learner.text_prompts"
# The encoders hold references to CLIP's modules, so a file may have the same tensors under two names.
ALIASES = {"image_encoder.": "clip.visual.", "text_encoder.": "clip."}
NUM_FRAMES = 12


def recognises(names: Mapping[str, Any]) -> bool:
    """See `Importer.recognises`."""
    return VISUAL in names or TEXT in names or "clip.visual.conv1.weight" in names


def convert(checkpoint: Checkpoint) -> Imported:
    """See `Importer.convert`; the configuration is the released `configuration.json`.

    A file without prompts is one of the models that were released beside VoP (bias, partial, proj): a CLIP with changed
    weights, and so only a backbone.
    """
    checkpoint.refuse(frames_per_group=True, clip=True)
    source, told = checkpoint.source, _hyperparameters(checkpoint)
    tensors = _without_aliases(checkpoint)
    prompts = {name: tensors.pop(name) for name in (VISUAL, TEXT) if name in tensors}
    clip = {name.removeprefix(CLIP): tensor for name, tensor in tensors.items() if name.startswith(CLIP)}
    foreign = sorted(tensors.keys() - {CLIP + name for name in clip})
    if foreign:
        raise ModelError(
            f"{source}: unexpected {', '.join(foreign[:5])}; a modelscope-vop checkpoint has clip.*, {VISUAL} and "
            f"{TEXT} alone"
        )
    model: Any = clip_of_openai(clip, source=source, prefix=CLIP)
    size = model.config.vision_config.image_size
    if told.get("input_res", size) != size:
        raise ModelError(
            f"{source}: its shapes say images of {size} pixels, the configuration's input_res is {told['input_res']}"
        )
    if told.get("pooling_type", "avg") != "avg":
        raise ModelError(f"{source}: the configuration's pooling_type is {told['pooling_type']!r}; supported: 'avg'")
    if not prompts:
        return Imported(model, notes=["the file has no prompts"])
    if len(prompts) == 1:
        raise ModelError(f"{source}: missing {VISUAL if TEXT in prompts else TEXT}")

    visual, text = prompts[VISUAL], prompts[TEXT]
    if visual.ndim != 4 or visual.shape[1] != 1 or text.ndim != 3:
        raise ModelError(
            f"{source}: {VISUAL} must be (layers, 1, prompts, width) and {TEXT} (layers, prompts, width), "
            f"got {tuple(visual.shape)} and {tuple(text.shape)}"
        )
    num_text, num_visual = text.shape[1], visual.shape[2]
    suffix = _suffix(told, num_text, source=source)
    if told.get("vp_token_num", num_visual) != num_visual:
        raise ModelError(
            f"{source}: {VISUAL} has {num_visual} prompts a layer, the configuration's vp_token_num is "
            f"{told['vp_token_num']}"
        )
    frames = hyperparameter(told, "num_frames", NUM_FRAMES, source=source)
    options = {
        "num_frames": frames,
        "num_test_frames": frames,
        "num_text_prompts": num_text,
        "num_visual_prompts": num_visual,
        "text_prompt_layout": "modelscope",
        "num_suffix_prompts": suffix,
    }
    notes = []
    if checkpoint.config is None:
        notes.append(
            f"without its configuration.json it is taken to have {frames} frames a video, and {num_text - suffix} of "
            f"{num_text} text prompts in front"
        )
    names = {"frame_prompts.prompts": VISUAL, "text_prompts.prompts": TEXT}
    return Imported(
        model,
        "vop",
        options,
        {"frame_prompts.prompts": visual.squeeze(1), "text_prompts.prompts": text},
        names,
        notes,
    )


def _without_aliases(checkpoint: Checkpoint) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = dict(checkpoint.tensors)
    for name, tensor in checkpoint.tensors.items():
        for start, meant in ALIASES.items():
            if name.startswith(start):
                place = meant + name.removeprefix(start)
                del tensors[name]
                if not torch.equal(tensors.setdefault(place, tensor), tensor):
                    raise ModelError(f"{checkpoint.source}: {name} and {place} are one tensor, but their values differ")
    return tensors


def _hyperparameters(checkpoint: Checkpoint) -> Mapping[str, Any]:
    if checkpoint.config is None:
        return {}
    told = checkpoint.config.get("hyperparam")
    if not isinstance(told, Mapping):
        raise ModelError(
            f"{checkpoint.source}: the configuration given has no hyperparam; give the configuration.json that was "
            "released with the checkpoint"
        )
    return told


def _suffix(told: Mapping[str, Any], count: int, *, source: str) -> int:
    """Return how many of the text prompts are at the end: half of them, unless the configuration says otherwise."""
    prefix = hyperparameter(told, "tp_prefix_token_num", count - count // 2, source=source, least=0)
    suffix = hyperparameter(told, "tp_suffix_token_num", count - prefix, source=source, least=0)
    if prefix + suffix != count:
        raise ModelError(
            f"{source}: {TEXT} has {count} prompts a layer, the configuration says {prefix} in front, {suffix} behind"
        )
    return suffix
