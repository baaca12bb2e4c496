"""Names for weights that have no commit on a hub: a hash of their values.

Values are hashed as float32, so weights have the same name whatever type the model computes in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

__all__ = ["hash_of_folder", "hash_of_tensors", "safetensors_files"]

SINGLE_FILE, INDEX_FILE = "model.safetensors", "model.safetensors.index.json"
OPEN_CLIP_FILE = "open_clip_model.safetensors"


def hash_of_tensors(tensors: Iterable[tuple[str, Tensor]]) -> str:
    """Return a hash of names and values, in the names' order: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors, key=lambda item: item[0]):
        digest.update(name.encode())
        digest.update(tensor.detach().to("cpu", torch.float32).contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def safetensors_files(folder: Path) -> list[Path]:
    """Return the safetensors files of a folder's model, also in OpenCLIP's layout; none if it has another format."""
    if (folder / SINGLE_FILE).is_file():
        return [folder / SINGLE_FILE]
    if (folder / INDEX_FILE).is_file():
        shards = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))["weight_map"].values()
        return [folder / name for name in sorted(set(shards))]
    if not (folder / "config.json").is_file() and (folder / OPEN_CLIP_FILE).is_file():
        return [folder / OPEN_CLIP_FILE]
    return []


def hash_of_folder(folder: Path) -> str:
    """Return a hash of a folder's weights as its files hold them, so that it outlives renamings in `transformers`.

    Without safetensors, the bytes of the `pytorch_model*.bin` files are hashed.
    """
    files = safetensors_files(folder)
    if not files:
        digest = hashlib.sha256()
        for file in sorted(folder.glob("pytorch_model*.bin")):
            digest.update(file.read_bytes())
        return digest.hexdigest()[:16]
    digest = hashlib.sha256()
    opened = [safe_open(str(file), framework="pt") for file in files]
    names = sorted((name, index) for index, file in enumerate(opened) for name in file.keys())  # noqa: SIM118
    for name, index in names:
        digest.update(name.encode())
        digest.update(opened[index].get_tensor(name).to(torch.float32).contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
