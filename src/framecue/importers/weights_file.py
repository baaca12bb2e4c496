"""Reading single files of weights: `.safetensors`, and PyTorch's pickles, but only their tensors and plain values."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from framecue.backbone.sizes import check_no_bomb
from framecue.errors import ModelError, first_line
from framecue.paths import is_file, user_path

__all__ = ["lists_in_words", "names_in_words", "read_state_dict"]

STATE_DICT, EMA_STATE_DICT = "state_dict", "state_dict_ema"


def read_state_dict(name: str | Path, *, ema: bool = False) -> dict[str, Tensor]:
    """Return the tensors of a file by name, on the CPU and in their own types.

    From a training checkpoint (`{"epoch": ..., "state_dict": ...}`) they are those of the state dict; the `module.`
    that a wrapper for several devices adds to names is removed.

    Args:
        name: the file.
        ema: whether to take the averaged weights (`state_dict_ema`).

    Raises:
        ModelError: the file does not exist, cannot be read, is a TorchScript archive, holds more than tensors and plain
            values, or has no such state dict.
    """
    path = Path(user_path(name))
    if not is_file(path):
        raise ModelError(f"{name}: no such file")
    content = _read(path)
    wanted = EMA_STATE_DICT if ema else STATE_DICT
    if ema and not isinstance(content.get(wanted), dict):
        raise ModelError(f"{name}: has no {wanted} (no averaged weights); it has: {names_in_words(content)}")
    state = content[wanted] if isinstance(content.get(wanted), dict) else content
    tensors: dict[str, Tensor] = {}
    for key, value in state.items():
        plain = str(key).replace("module.", "")
        if isinstance(value, int | float):  # OpenAI's files also hold sizes
            value = torch.tensor(value)
        if not isinstance(value, Tensor):
            raise ModelError(
                f"{name}: {key} is a {type(value).__name__}, not a tensor; give a file that holds a state dict, "
                f"or one under {STATE_DICT}"
            )
        if plain in tensors:
            raise ModelError(f"{name}: has {plain} twice, once with module. in its name; the file is damaged")
        tensors[plain] = value
    if not tensors:
        raise ModelError(f"{name}: holds no tensors")
    return tensors


def names_in_words(names: Any, *, most: int = 5) -> str:
    """Return the first few names, sorted, for a message."""
    ordered = sorted(map(str, names))
    return ", ".join(ordered[:most]) + (f", ... ({len(ordered)} in all)" if len(ordered) > most else "")


def lists_in_words(**lists: Iterable[str]) -> str:
    """Return the first names of each list (`missing=...`), for a message about the names in a file."""
    kinds = ((kind, list(names)) for kind, names in lists.items())
    return "; ".join(f"{kind} {names_in_words(names)}" for kind, names in kinds if names)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            head = file.read(9)
        # Recognised by its content, not only by its name: a length of eight bytes, then JSON.
        if path.suffix.lower() == ".safetensors" or head[8:] == b"{":
            return load_file(path)
        if zipfile.is_zipfile(path):
            _refuse_torchscript(path)
            check_no_bomb(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about old protocols and types: what cannot be read raises an error
            content = torch.load(path, map_location="cpu", weights_only=True)
    except ModelError:
        raise
    except pickle.UnpicklingError as error:
        raise _not_plain(path, str(error)) from error
    except Exception as error:  # a damaged pickle may raise anything
        reason = first_line(error) if str(error).strip() else "it ends early"
        raise ModelError(f"{path}: cannot be read as weights ({reason}); the file may be cut short") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path}: holds a {type(content).__name__}, not a state dict")
    return content


def _refuse_torchscript(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        inner = [name.partition("/")[2] for name in archive.namelist()]
    if any(name == "constants.pkl" or name.startswith("code/") for name in inner):
        raise ModelError(
            f"{path}: is a TorchScript archive (as OpenAI's own .pt files are), which holds a program, so it is not "
            "opened; where you trust it, write its tensors to a file once: "
            f"torch.save(torch.jit.load({path.name!r}, map_location='cpu').state_dict(), {path.stem + '.pth'!r})"
        )


def _not_plain(path: Path, reason: str) -> ModelError:
    """Return the error for a pickle that PyTorch refuses to open as weights only."""
    culprit = re.search(r"(?:GLOBAL|global|class|function) ([A-Za-z_][\w.]*\.[\w.]+)", reason)
    if culprit is None and "Unsupported operand" in reason:
        return ModelError(f"{path}: is neither safetensors nor a PyTorch checkpoint, or it is damaged")
    what = f" ({culprit[1].rstrip('.')})" if culprit else ""
    return ModelError(
        f"{path}: its pickle holds more than tensors{what} and could run code when opened, so it is refused; where you "
        "trust it, write its tensors alone to a file once: "
        "torch.save(torch.load(FILE, weights_only=False)['state_dict'], 'weights.pth')"
    )
