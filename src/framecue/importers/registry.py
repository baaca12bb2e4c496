"""The formats by name, and the function that imports a checkpoint in any of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framecue.backbone import load_backbone
from framecue.errors import InputError, ModelError, UnknownNameError
from framecue.importers import modelscope_vop, openai_clip, pe_core, prompt_switch, x_pool
from framecue.importers.parts import Checkpoint, Importer
from framecue.importers.weights_file import names_in_words, read_state_dict
from framecue.importers.writing import ImportedFolders, refuse_occupied, write
from framecue.paths import user_path

__all__ = ["IMPORTERS", "import_checkpoint"]

# In the order in which they are tried on a file: the first that recognises it counts.
IMPORTERS: dict[str, Importer] = {
    "prompt-switch": Importer(prompt_switch.recognises, prompt_switch.convert),
    "x-pool": Importer(x_pool.recognises, x_pool.convert),
    "modelscope-vop": Importer(modelscope_vop.recognises, modelscope_vop.convert),
    "pe-core": Importer(pe_core.recognises, pe_core.convert),
    "openai-clip": Importer(openai_clip.recognises, openai_clip.convert),
}


def import_checkpoint(
    file: str | Path,
    *,
    format: str,
    output: str | Path,
    config: str | Path | None = None,
    frames_per_group: int | None = None,
    tokenizer: str | Path | None = None,
    model: str | Path | None = None,
    ema: bool = False,
) -> ImportedFolders:
    """Turn a published checkpoint into `output/backbone` and `output/adapter`.

    Load both with `load_model(output / "backbone", adapter=output / "adapter")`; a CLIP alone has no adapter. They
    appear whole or not at all.

    Args:
        file: `.pth` or `.safetensors`. From a pickle, only tensors and plain values are read.
        format: one of `IMPORTERS`.
        output: the folder to make; it may exist, but must be empty.
        config: a JSON file. For `prompt-switch` and `openai-clip` the CLIP's `config.json` in the format of
            `transformers`; for `modelscope-vop` the released `configuration.json`; for `x-pool` an object with
            `num_mha_heads` and `num_frames`. It is checked against the shapes of the tensors.
        frames_per_group: for `prompt-switch`, with how many frames it was trained; default its number of prompts.
        tokenizer: a folder or hub name; default CLIP's own, from the hub, if the vocabulary is as large as CLIP's.
        model: for an `x-pool` file that has no CLIP, the backbone to which it belongs, as for `load_model`.
        ema: whether to take the averaged weights of the file (`state_dict_ema`).

    Raises:
        UnknownNameError: there is no such format.
        ModelError: the file cannot be read, has another format, or does not fit; the configuration disagrees with it;
            the output folder is not empty or cannot be written to.
        InputError: the format does not have an option, or a value is out of range.
    """
    if format not in IMPORTERS:
        raise UnknownNameError("format", format, IMPORTERS)
    folder = Path(user_path(output))
    refuse_occupied(folder)
    told = None if config is None else _read_config(config)
    tensors = read_state_dict(file, ema=ema)
    _refuse_other_format(str(file), tensors, format)
    if model is not None and format != "x-pool":
        raise InputError(f"format {format} has its own CLIP in the file; leave out the model")
    backbone = None if model is None else load_backbone(model)
    checkpoint = Checkpoint(
        source=str(file),
        tensors=tensors,
        config=told,
        frames_per_group=frames_per_group,
        clip=None if backbone is None else backbone.model,
    )
    imported = IMPORTERS[format].convert(checkpoint)
    return write(imported, output=folder, source=str(file), tokenizer=tokenizer, given=backbone)


def _refuse_other_format(file: str, names: Mapping[str, Any], format: str) -> None:
    found = [name for name, importer in IMPORTERS.items() if importer.recognises(names)]
    if found[:1] == [format]:
        return
    if found:
        raise ModelError(f"{file}: is no {format} checkpoint, it looks like {found[0]}; pass --format {found[0]}")
    if any(name.startswith(("text_model.", "vision_model.")) for name in names):
        raise ModelError(
            f"{file}: is a CLIP in transformers' format; a folder with it and its config.json is a backbone as it is"
        )
    raise ModelError(
        f"{file}: is no {format} checkpoint, nor one of the other formats ({', '.join(IMPORTERS)}); "
        f"it has: {names_in_words(names)}"
    )


def _read_config(config: str | Path) -> Mapping[str, Any]:
    path = Path(user_path(config))
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{config}: the configuration cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise ModelError(f"{config}: is no JSON ({error})") from error
    if not isinstance(told, dict):
        raise ModelError(f"{config}: must hold a JSON object, holds a {type(told).__name__}")
    return told
