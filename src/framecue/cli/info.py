"""``framecue info``: show what a library holds, or describe an adapter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from framecue.assets import find_bundled
from framecue.cli.output import print_json, print_table, quiet_libraries
from framecue.paths import user_path
from framecue.times import clock

ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")


@click.command()
@click.argument("name", metavar="LIBRARY_OR_ADAPTER")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def info(name: str, as_json: bool) -> None:
    """Show what a library holds (its videos, and the model that its vectors come from), or what an adapter is.

    An adapter is a folder, or the name of a shipped one. The description has its method, its backbone, what it trains,
    its size on disk, and its scores.

    \b
    framecue info videos.lance
    framecue info moji-prompt-switch
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    if _is_adapter(name):
        _show_adapter(name, as_json=as_json)
    else:
        _show_library(name, as_json=as_json)


def _is_adapter(name: str) -> bool:
    """Whether a name is that of a shipped adapter, or of a folder that has one of an adapter's files.

    This does not import torch, as a library is shown without it.
    """
    if find_bundled(name, "adapter") is not None:
        return True
    folder = Path(user_path(name))
    return bool(name) and any((folder / file).is_file() for file in ADAPTER_FILES)


def _show_adapter(name: str, *, as_json: bool) -> None:
    from framecue.adapter_info import adapter_info

    found = adapter_info(name)
    share = found.share_of_backbone
    if as_json:
        print_json(found.to_dict())
        return
    trains = f"{found.trainable_parameters:,}"
    if share is not None:
        trains += f" ({share:.3%} of the backbone's {found.backbone_parameters:,}; {found.new_parameters:,} are new)"
    summary = [
        ("adapter", str(found.folder)),
        ("method", found.method),
        ("paper", _text(found.paper)),
        ("offline", {True: "yes", False: "no", None: "unknown"}[found.offline]),
        ("options", ", ".join(f"{key} {_text(value)}" for key, value in found.options.items())),
        ("backbone", found.backbone),
        ("revision", found.revision),
        ("trainable parameters", trains),
        ("size on disk", _size(found.size_bytes)),
        ("framecue", found.framecue_version),
        *(_scores("scores", found.scores) or [("scores", "none")]),
    ]
    print_table(["", ""], summary)


def _show_library(name: str, *, as_json: bool) -> None:
    from framecue.library import Library

    found = Library(name).info()
    if as_json:
        print_json(found.to_dict())
        return
    summary = [
        ("library", found.uri),
        ("videos", str(found.num_videos)),
        *([("pictures", str(found.num_images))] if found.num_images else []),
        ("segments", str(found.num_segments)),
        *((name, _text(value)) for name, value in found.fingerprint.to_dict().items()),
    ]
    print_table(["", ""], summary)
    if found.files:
        rows = [("" if file.kind == "image" else clock(file.duration_seconds), file.path) for file in found.files]
        print_table(["length", "path"], rows, right=["length"])
    if found.duplicates:
        print_table(["duplicate", "of"], [(copy.path, copy.original) for copy in found.duplicates])
    if found.unreadable:
        print_table(["unreadable", "reason"], [(item.path, item.reason) for item in found.unreadable])


def _text(value: object) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _scores(name: str, value: Any) -> list[tuple[str, str]]:
    """Return a (name, number) pair for each number; the name is made of the keys that lead to it."""
    if isinstance(value, dict):
        return [line for key, inner in value.items() for line in _scores(f"{name} {key}", inner)]
    return [(name, f"{value:.4g}" if isinstance(value, float) else _text(value))]


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e5 else f"{size_bytes / 1e3:.1f} kB"
