"""Adapter folders: `adapter_config.json`, and `adapter_model.safetensors` with only the trained parameters."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch
from pydantic import ConfigDict, TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from framecue.assets import bundled_names, find_bundled
from framecue.backbone import Backbone
from framecue.backbone.meta import twin_without_weights
from framecue.errors import AdapterError, InputError
from framecue.methods import Method, build_method, saved_options
from framecue.outputs import check_output, refuse_url, written_beside
from framecue.paths import is_dir, is_file, user_path
from framecue.validation import dataclass_types, explain

__all__ = [
    "AdapterConfig",
    "adapter_folder",
    "adapter_hash",
    "find_adapter",
    "load_adapter",
    "read_adapter_config",
    "save_adapter",
]

CONFIG_FILE, WEIGHTS_FILE = "adapter_config.json", "adapter_model.safetensors"


@dataclass(frozen=True, kw_only=True)
class AdapterConfig:
    """The content of `adapter_config.json`.

    Attributes:
        method: the method's name.
        options: the method's config.
        backbone: hub name or folder of the backbone that it was trained on.
        revision: the backbone's commit or hash of weights.
        framecue_version: the version that wrote it.
        scores: its scores, as `framecue evaluate --json` prints them; may be empty.
    """

    method: str
    options: dict[str, Any]
    backbone: str
    revision: str
    framecue_version: str
    scores: dict[str, Any] = field(default_factory=dict)

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")


def adapter_folder(adapter: str | Path) -> Path:
    """Return the folder of an adapter, given as a folder or as the name of a bundled one.

    Args:
        adapter: a bundled name comes first, so that it means the same in every working folder; `./name` is a folder.

    Raises:
        AdapterError: no such folder, or it lacks one of the two files.
    """
    text = str(adapter)
    bundled = find_bundled(text, "adapter")
    if bundled is not None:
        return bundled
    folder = Path(user_path(text))
    if not text or not is_dir(folder):
        known = ", ".join(bundled_names("adapter")) or "(none)"
        raise AdapterError(
            f"{text or repr(text)}: no such adapter folder; give a folder or one of the bundled ones: {known}"
        )
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not is_file(folder / name):
            raise AdapterError(f"{adapter}: not an adapter folder, it has no {name}")
    return folder


def read_adapter_config(adapter: str | Path) -> AdapterConfig:
    """Read `adapter_config.json`.

    Raises:
        AdapterError: there is no such adapter, or the file is malformed; the key is named.
    """
    path = adapter_folder(adapter) / CONFIG_FILE
    try:
        return TypeAdapter(AdapterConfig).validate_json(path.read_bytes())
    except OSError as error:
        raise AdapterError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        sections: dict[tuple[str, ...], dict[str, Any]] = {(): dataclass_types(AdapterConfig)}
        problem = explain(error, sections, name=str, show=json.dumps, mapping="an object")
        # If only a value is wrong, the file is still an adapter's.
        if error.errors()[0]["type"].endswith("_type") and error.errors()[0]["loc"]:
            raise AdapterError(f"{path}: {problem}") from error
        raise AdapterError(f"{path}: cannot be read as an adapter's configuration ({problem})") from error


def adapter_hash(adapter: str | Path) -> str:
    """Return a hash of an adapter's two files: part of a library's fingerprint."""
    folder, digest = adapter_folder(adapter), hashlib.sha256()
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:16]


def find_adapter(lost: str, content: str, folders: Iterable[Path]) -> Path | None:
    """Return the folder that holds an adapter which is not at its place any more; None if none of them does.

    Args:
        lost: the folder in which it was; folders of its name are tried first.
        content: the hash of its files.
        folders: where to look.
    """
    likely = [folder for folder in dict.fromkeys(folders) if is_file(folder / WEIGHTS_FILE)]
    likely.sort(key=lambda folder: folder.name != Path(lost).name)
    for folder in likely:
        with suppress(AdapterError, OSError):
            if adapter_hash(folder) == content:
                return folder
    return None


def trained_tensors(backbone: Backbone, method: Method) -> dict[str, Tensor]:
    """Return the tensors that `Method.freeze` left trainable, by name: `backbone.*` and `method.*`."""
    named = [("backbone", backbone), ("method", method)]
    return {
        f"{prefix}.{name}": parameter
        for prefix, module in named
        for name, parameter in module.named_parameters()
        if parameter.requires_grad
    }


def save_adapter(
    folder: str | Path,
    *,
    backbone: Backbone,
    method: Method,
    method_name: str,
    version: str,
    scores: dict[str, Any] | None = None,
    overwrite: bool = False,
) -> None:
    """Write an adapter folder; its two files appear whole or not at all.

    Raises:
        InputError: the folder holds an adapter, or a file of such a name, and `overwrite` does not say to replace it.
        OutputError: it cannot be written.
    """
    target = Path(folder)
    refuse_url(target)
    target.mkdir(parents=True, exist_ok=True)
    for name in (WEIGHTS_FILE, CONFIG_FILE):
        check_output(target / name, overwrite=overwrite)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in trained_tensors(backbone, method).items()}
    with written_beside(target / WEIGHTS_FILE, overwrite=overwrite) as partial:
        save_file(tensors, partial)
    config = AdapterConfig(
        method=method_name,
        options=method.config.to_dict(),
        backbone=backbone.name,
        revision=backbone.revision,
        framecue_version=version,
        scores=scores or {},
    )
    with written_beside(target / CONFIG_FILE, overwrite=overwrite) as partial:
        partial.write_text(json.dumps(asdict(config), indent=2) + "\n", encoding="utf-8")


def load_adapter(adapter: str | Path, backbone: Backbone) -> tuple[Method, AdapterConfig]:
    """Make an adapter's method for a backbone, and replace the backbone's trained tensors in place.

    Raises:
        AdapterError: the folder cannot be read, its method or an option is unknown, a tensor is missing, unexpected or
            of another shape, or the adapter belongs to another backbone (both are named). The backbone stays as it was.
    """
    folder, config = adapter_folder(adapter), read_adapter_config(adapter)
    if config.revision != backbone.revision:
        raise AdapterError(
            f"{adapter}: was trained on backbone {config.backbone} ({config.revision}), "
            f"not on {backbone.name} ({backbone.revision}); give that backbone as the model"
        )
    _check_shapes(folder, config, backbone)
    try:
        tensors = load_file(folder / WEIGHTS_FILE)
    except (SafetensorError, OSError) as error:
        raise AdapterError(f"{folder / WEIGHTS_FILE}: cannot be read ({error}); the file may be cut short") from error
    try:
        method = build_method(config.method, saved_options(config.method, config.options), backbone)
    except InputError as error:
        raise AdapterError(f"{folder / CONFIG_FILE}: {error}") from error
    method.freeze(backbone)
    try:
        _copy_into(trained_tensors(backbone, method), tensors, source=folder / WEIGHTS_FILE)
    except AdapterError:
        method.remove(backbone)
        raise
    return method, config


def _check_shapes(folder: Path, config: AdapterConfig, backbone: Backbone) -> None:
    """Compare what the options ask for with what the weights' file holds, by shapes alone, before either is in memory.

    Raises:
        AdapterError: they differ, or one of them cannot be used.
    """
    source = folder / WEIGHTS_FILE
    try:
        with safe_open(str(source), framework="pt") as opened:
            held = {name: tuple(opened.get_slice(name).get_shape()) for name in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise AdapterError(f"{source}: cannot be read ({error}); the file may be cut short") from error
    twin = twin_without_weights(backbone)
    try:
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            method = build_method(config.method, saved_options(config.method, config.options), twin)
        method.freeze(twin)
    except InputError as error:
        raise AdapterError(f"{folder / CONFIG_FILE}: {error}") from error
    except (RuntimeError, NotImplementedError):
        return  # it looks at values, of which there are none; its options are bounded (MethodConfig)
    _compare(_shapes(trained_tensors(twin, method)), held, source=source)


def _copy_into(parameters: dict[str, Tensor], tensors: dict[str, Tensor], *, source: Path) -> None:
    _compare(_shapes(parameters), _shapes(tensors), source=source)
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[name])


def _shapes(tensors: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def _compare(wanted: dict[str, tuple[int, ...]], held: dict[str, tuple[int, ...]], *, source: Path) -> None:
    missing, unexpected = sorted(wanted.keys() - held.keys()), sorted(held.keys() - wanted.keys())
    if missing or unexpected:
        lists = "; ".join(
            f"{word} {', '.join(names[:5])}{' ...' if len(names) > 5 else ''}"
            for word, names in (("missing", missing), ("unexpected", unexpected))
            if names
        )
        raise AdapterError(f"{source}: does not hold this method's parameters: {lists}")
    for name, shape in wanted.items():
        if shape != held[name]:
            raise AdapterError(f"{source}: {name} has shape {held[name]}, expected {shape}")
