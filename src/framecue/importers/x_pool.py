"""The released X-Pool: `pool_frames.*`, and under `clip.*` a CLIP in the format of OpenAI or of `transformers`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor

from framecue.errors import ModelError
from framecue.importers.clip_from_tensors import clip_of_tensors, follow_position_ids, stand_in_clip
from framecue.importers.openai_format import clip_of_openai, is_openai_format
from framecue.importers.parts import Checkpoint, Imported, hyperparameter

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["convert", "recognises"]

CLIP, POOL = "clip.", "pool_frames."
NORM = "pool_frames.layer_norm1.weight"
NUM_FRAMES = 12


def recognises(names: Mapping[str, Any]) -> bool:
    """See `Importer.recognises`."""
    return any(name.startswith(POOL) for name in names)


def convert(checkpoint: Checkpoint) -> Imported:
    """See `Importer.convert`.

    Shapes tell neither how many heads the attention has nor with how many frames it was trained. The configuration's
    `num_mha_heads` and `num_frames` do; the defaults are the released 1 and 12. The same object may be the CLIP's
    `config.json`, if that is needed.

    A file with only the pooling block is put on the CLIP that the user names, or else on a stand-in.
    """
    checkpoint.refuse(frames_per_group=True)
    source, told = checkpoint.source, checkpoint.config or {}
    pool = {name: tensor for name, tensor in checkpoint.tensors.items() if name.startswith(POOL)}
    clip = checkpoint.under(CLIP)
    foreign = sorted(checkpoint.tensors.keys() - pool.keys() - {CLIP + name for name in clip})
    if foreign:
        raise ModelError(
            f"{source}: unexpected {', '.join(foreign[:5])}; an x-pool checkpoint has pool_frames.* and clip.* alone"
        )
    if NORM not in pool or pool[NORM].ndim != 1:
        raise ModelError(f"{source}: missing {NORM}, a vector as long as an embedding")
    width = len(pool[NORM])
    notes: list[str] = []
    model: PreTrainedModel
    if clip:
        checkpoint.refuse(clip=True)
        model, notes = _clip(clip, told, source=source)
    elif checkpoint.clip is not None:
        model = checkpoint.clip
    else:
        model = stand_in_clip(width)
        notes.append(
            f"the file has no CLIP: the backbone is a stand-in of width {width} with random weights, for comparing "
            "features of one's own; name the model it was trained on to have one that encodes texts and videos"
        )
    frames = hyperparameter(told, "num_frames", NUM_FRAMES, source=source)
    options = {
        "num_frames": frames,
        "num_test_frames": frames,
        "num_heads": hyperparameter(told, "num_mha_heads", 1, source=source),
    }
    same = {name: name for name in pool}
    has_clip = bool(clip) or checkpoint.clip is not None
    return Imported(model, "x-pool", options, pool, same, notes, has_clip=has_clip)


def _clip(tensors: dict[str, Tensor], told: Mapping[str, Any], *, source: str) -> tuple[PreTrainedModel, list[str]]:
    given = told if "text_config" in told or "vision_config" in told else None
    if is_openai_format(tensors):
        return clip_of_openai(tensors, source=source, given=given, prefix=CLIP), []
    tensors, notes = follow_position_ids(tensors, source=source)
    return clip_of_tensors(tensors, source=source, given=given, own_name=CLIP.__add__), notes
