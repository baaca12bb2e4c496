"""PE-Core as Meta publishes it (`facebook/PE-Core-*`, a `.pt` with a state dict): only a backbone, as it has no method.

The names of its tensors are in `framecue.backbone.pe_core_names`, with their source.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from framecue.backbone.open_clip_layout import PE_CORE, PeCoreSizes, pe_core_config, pe_core_of_tensors
from framecue.backbone.pe_core_names import convert_names, is_meta_format
from framecue.errors import InputError, ModelError
from framecue.importers.parts import Checkpoint, Imported

__all__ = ["convert", "recognises"]

# The heads of image encoders by width; shapes do not tell them.
_HEADS = {sizes.width: sizes.heads for sizes in PE_CORE.values()}
_TEXT_HEAD_WIDTH = 64


def recognises(names: Mapping[str, Any]) -> bool:
    """See `Importer.recognises`."""
    return is_meta_format(names)


def convert(checkpoint: Checkpoint) -> Imported:
    """See `Importer.convert`; all sizes follow from the shapes."""
    checkpoint.refuse(frames_per_group=True, clip=True)
    if checkpoint.config is not None:
        raise InputError("format pe-core needs no configuration: all sizes follow from the shapes; leave it out")
    tensors, unknown = convert_names({name: tensor.float() for name, tensor in checkpoint.tensors.items()})
    try:
        config = _config(tensors, checkpoint.source)
        return Imported(pe_core_of_tensors(config, tensors, unknown=unknown))
    except ValueError as error:
        raise ModelError(f"{checkpoint.source}: {error}") from error


def _config(tensors: Mapping[str, Tensor], source: str) -> Any:
    def shape(name: str, dims: int) -> tuple[int, ...]:
        found = tuple(tensors[name].shape) if name in tensors else ()
        if len(found) != dims or 0 in found:
            raise ModelError(f"{source}: is no PE-Core: {name} must have {dims} dimensions, got {found or 'nothing'}")
        return found

    def layers(tower: str) -> int:
        found = (re.match(rf"{tower}\.encoder\.layers\.(\d+)\.", name) for name in tensors)
        return 1 + max((int(match[1]) for match in found if match), default=0)

    width, _, patch, _ = shape("vision_model.embeddings.patch_embedding.weight", 4)
    class_token = "vision_model.embeddings.class_embedding" in tensors
    patches = shape("vision_model.embeddings.position_embedding.weight", 2)[0] - class_token
    grid = math.isqrt(patches)
    if grid * grid != patches:
        raise ModelError(f"{source}: {patches} image positions beside the class token are no square of patches")
    if width not in _HEADS:
        raise ModelError(f"{source}: a PE-Core of width {width} is not known; known: {', '.join(map(str, _HEADS))}")
    vocabulary, text_width = shape("text_model.embeddings.token_embedding.weight", 2)
    return pe_core_config(
        PeCoreSizes(
            width,
            layers("vision_model"),
            _HEADS[width],
            shape("vision_model.encoder.layers.0.mlp.fc1.weight", 2)[0],
            patch,
            class_token,
        ),
        image_size=grid * patch,
        embedding_dim=shape("visual_projection.weight", 2)[0],
        text={
            "context_length": shape("text_model.embeddings.position_embedding.weight", 2)[0],
            "vocab_size": vocabulary,
            "width": text_width,
            "heads": max(1, text_width // _TEXT_HEAD_WIDTH),
            "layers": layers("text_model"),
        },
    )
