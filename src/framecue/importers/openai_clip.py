"""A CLIP in OpenAI's original format: only a backbone, as it has no method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framecue.importers.openai_format import clip_of_openai, is_openai_format
from framecue.importers.parts import Checkpoint, Imported

__all__ = ["convert", "recognises"]


def recognises(names: Mapping[str, Any]) -> bool:
    """See `Importer.recognises`."""
    return is_openai_format(names) or any(name.startswith("visual.layer1.") for name in names)


def convert(checkpoint: Checkpoint) -> Imported:
    """See `Importer.convert`; the configuration, if any, is `transformers`' of the same CLIP."""
    checkpoint.refuse(frames_per_group=True, clip=True)
    return Imported(clip_of_openai(checkpoint.tensors, source=checkpoint.source, given=checkpoint.config))
