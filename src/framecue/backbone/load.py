"""Open a backbone by its hub name, its folder, or the name of a bundled one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from framecue.backbone.backbone import Backbone
from framecue.backbone.preprocess import Preprocess
from framecue.errors import ModelError

__all__ = ["ASSETS", "DTYPES", "initialise_backbone", "load_backbone"]

ASSETS = Path(__file__).parent.parent / "assets"
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def load_backbone(name: str | Path, *, dtype: torch.dtype = torch.float32, revision: str | None = None) -> Backbone:
    """Load a CLIP-family model as `transformers` does, and see it as towers.

    Args:
        name: a folder with `config.json` and weights, a name on the model hub, or a bundled model (`moji-clip`).
        dtype: of the weights and the computation: `torch.float32` or `torch.bfloat16`.
        revision: a branch, tag or commit on the hub.

    Raises:
        ModelError: the folder lacks a file, the hub cannot be reached or has no such model, or the architecture has
            no towers here.
    """
    source, hub = str(name), {} if revision is None else {"revision": revision}
    bundled = ASSETS / source
    if "/" not in source and bundled.is_dir() and (bundled / "config.json").exists():
        source = str(bundled)
    folder = Path(source).expanduser()
    if folder.is_dir():
        source = str(folder)
        if not (folder / "config.json").exists():
            raise ModelError(f"{name}: the folder has no config.json; give a folder saved with save_pretrained()")
    elif folder.exists() or source.startswith((".", "/", "~")) or source.count("/") > 1:
        raise ModelError(f"{name}: no such model folder; give a folder, a hub name or one of: {_bundled()}")

    config = _read(name, lambda: AutoConfig.from_pretrained(source, **hub))
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    try:
        model = _read(
            name, lambda: AutoModel.from_pretrained(source, dtype=dtype, use_safetensors=_safetensors(folder), **hub)
        )
        image_size = getattr(getattr(config, "vision_config", None), "image_size", 224)
        preprocess = _read(name, lambda: Preprocess.of_folder(source, image_size=image_size, **hub))
    finally:
        transformers_logging.set_verbosity(verbosity)

    def tokenizer() -> PreTrainedTokenizerBase:
        return _read(name, lambda: AutoTokenizer.from_pretrained(source, **hub))

    return Backbone(
        model.eval(),
        name=str(name),
        revision=_hash_of_files(folder) if folder.is_dir() else getattr(config, "_commit_hash", None) or "unknown",
        preprocess=preprocess,
        tokenizer=tokenizer,
    )


def initialise_backbone(folder: str | Path, *, seed: int) -> Backbone:
    """New weights for an architecture.

    Args:
        folder: holds `config.json` and a tokenizer; weights, if there are any, are not read.
        seed: of the weights.

    Raises:
        ModelError: the folder lacks them.
    """
    path = Path(folder).expanduser()
    if not (path / "config.json").exists():
        raise ModelError(f"{folder}: the folder has no config.json")
    config = _read(folder, lambda: AutoConfig.from_pretrained(path))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = AutoModel.from_config(config)
    return Backbone(
        model,
        name=str(folder),
        revision=_hash_of_weights(model),
        preprocess=Preprocess.of_folder(str(path), image_size=config.vision_config.image_size),
        tokenizer=lambda: _read(folder, lambda: AutoTokenizer.from_pretrained(path)),
    )


def _bundled() -> str:
    return ", ".join(sorted(path.parent.name for path in ASSETS.glob("*/config.json")))


def _safetensors(folder: Path) -> bool | None:
    # None lets transformers choose on the hub; a folder that has safetensors never has its pickle opened.
    return True if folder.is_dir() and list(folder.glob("*.safetensors")) else None


def _read(name: str | Path, load: Callable[[], Any]) -> Any:
    """Run a loading step of `transformers`; its errors become one line with a way out."""
    try:
        return load()
    except ModelError:
        raise
    except Exception as error:
        first = str(error).strip().split("\n")[0]
        if Path(str(name)).expanduser().is_dir():
            raise ModelError(f"{name}: the model folder cannot be read ({first})") from error
        raise ModelError(
            f"{name}: cannot load it from the model hub ({first}); check the name and the network, or pass a local "
            f"folder saved with save_pretrained(), or one of the bundled models: {_bundled()}"
        ) from error


def _hash_of_files(folder: Path) -> str:
    """A name for a folder's weights, whatever the type that they are loaded in: a hash of the files' bytes."""
    digest = hashlib.sha256()
    for file in sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")]):
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]


def _hash_of_weights(model: torch.nn.Module) -> str:
    """A name for weights that were never saved: a hash of every tensor's bytes."""
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(tensor.detach().to("cpu", torch.float32).contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
