"""Looking at the sizes that a model's files claim, before anything of that size is made.

A model may be anybody's. Its configuration is text of a kilobyte, from which a billion layers, or one with a million
inputs, would be built; so counts are bounded, and what they come to is compared with the weights that are there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel

from framecue.errors import ModelError

__all__ = ["check_config_file", "check_no_bomb", "check_parameters", "check_text_files", "memory_bytes"]

MAX_CONFIG_BYTES, MAX_TOKENIZER_BYTES = 10 << 20, 256 << 20
# What is made one by one, in a loop; and anything else, such as a width, a vocabulary, the side of a picture.
MAX_PARTS, MAX_SIZE = 512, 10_000_000
_PARTS = re.compile(r"layer|label|depth|block|head|expert|stage|beam|group|num_hidden", re.IGNORECASE)
# How many parameters a configuration comes to, by the hash of its values.
_counted: dict[bytes, int] = {}
_TOKENIZER_FILES = ("tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json")


def check_config_file(path: Path, *, name: str) -> None:
    """Refuse a `config.json` or its like with a number that no model has.

    Args:
        path: the file; one that is no JSON is left to its reader, which has the words.
        name: the model, for the message.

    Raises:
        ModelError: the file is too long, or holds such a number; the key is named.
    """
    size = path.stat().st_size
    if size > MAX_CONFIG_BYTES:
        raise ModelError(f"{name}: {path.name} has {size} bytes; a configuration has at most {MAX_CONFIG_BYTES}")
    try:
        values = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return
    found = _too_large(values)
    if found is not None:
        key, value, most = found
        raise ModelError(f"{name}: {key} in {path.name} must be at most {most}, got {str(value)[:20]}")


def _too_large(values: Any) -> tuple[str, float, int] | None:
    """Return the first key with a number that is too large, the number, and how large it may be."""
    waiting: list[tuple[str, Any]] = [("", values)]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{key}.{name}" if key else str(name), each) for name, each in value.items()]
        elif isinstance(value, list):
            waiting += [(key, each) for each in value]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            last = key.rpartition(".")[2]
            # An id or an index is compared, and nothing is made of it.
            most = MAX_PARTS if _PARTS.search(last) and isinstance(value, int) and "dim" not in last else MAX_SIZE
            if abs(value) > most:
                return key, value, most
    return None


def check_parameters(config: Any, *, name: str, folder: Path | None, dtype: torch.dtype) -> None:
    """Refuse a configuration whose model is larger than its weights, or than this machine's memory.

    Args:
        config: of a supported architecture.
        name: the model, for the message.
        folder: where its weights are; None if they are not here yet, or are not wanted.
        dtype: of the weights once they are loaded.

    Raises:
        ModelError: it is larger than the memory.
        ValueError: it is larger than the weights.
    """
    number = _num_parameters(config)
    memory = memory_bytes()
    if memory is not None and number * dtype.itemsize > memory:
        raise ModelError(
            f"{name}: config.json describes {number} parameters, which take {number * dtype.itemsize >> 30} GB; "
            f"this machine has {memory >> 30} GB"
        )
    if folder is None:
        return
    held = sum(file.stat().st_size for file in folder.iterdir() if file.suffix in (".safetensors", ".bin"))
    # No format has less than a byte for each.
    if held and number > held:
        raise ValueError(
            f"config.json describes {number} parameters, but the weights have {held} bytes, so they are of another "
            "model, or cut short"
        )


def _num_parameters(config: Any) -> int:
    """Return how many parameters a configuration comes to; a process often loads one model several times."""
    values = f"{type(config).__name__} {config.to_json_string(use_diff=False)}"
    key = hashlib.sha256(values.encode("utf-8", "surrogatepass")).digest()
    if key not in _counted:
        with torch.device("meta"):
            _counted[key] = sum(parameter.numel() for parameter in AutoModel.from_config(config).parameters())
    return _counted[key]


def check_text_files(folder: Path, *, name: str) -> None:
    """Refuse a tokenizer that is too long to be one.

    Raises:
        ModelError: one of its files is.
    """
    for file in (folder / each for each in _TOKENIZER_FILES):
        if file.is_file() and (size := file.stat().st_size) > MAX_TOKENIZER_BYTES:
            raise ModelError(f"{name}: {file.name} has {size} bytes; a tokenizer has at most {MAX_TOKENIZER_BYTES}")


def check_no_bomb(file: Path) -> None:
    """Refuse a PyTorch file that unpacks to more than its size: PyTorch itself packs nothing.

    Raises:
        ModelError: it does.
    """
    if not zipfile.is_zipfile(file):
        return
    with zipfile.ZipFile(file) as archive:
        unpacked = sum(each.file_size for each in archive.infolist())
    size = file.stat().st_size
    if unpacked > size + (1 << 20):
        raise ModelError(f"{file}: unpacks from {size} to {unpacked} bytes; save its weights as safetensors")


def memory_bytes() -> int | None:
    """Return how much memory the machine has; None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
