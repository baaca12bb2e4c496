"""The models, adapters and recipes that are shipped in the package, each found by its bundled name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

__all__ = ["ASSETS", "BundledKind", "bundled_names", "find_bundled"]

ASSETS = Path(__file__).parent / "assets"

BundledKind = Literal["model", "adapter", "recipe"]

# The file by which each kind is recognised; `*` is the name.
_FILES: dict[BundledKind, str] = {
    "model": "*/config.json",
    "adapter": "*/adapter_config.json",
    "recipe": "recipes/*.yaml",
}


def find_bundled(name: str, kind: BundledKind) -> Path | None:
    """Return the folder of a bundled model or adapter, or the file of a bundled recipe.

    Args:
        name: as a person wrote it; a name with a slash is a path (``./moji-clip`` is a folder of the person's own).
        kind: what the name should be.

    Returns:
        The folder or file; None if nothing of that kind has this name.
    """
    if not name or "/" in name:
        return None
    file = ASSETS / _FILES[kind].replace("*", name)
    if not os.path.isfile(file):  # noqa: PTH113 (a Path raises for a name that is too long)
        return None
    return file if kind == "recipe" else file.parent


def bundled_names(kind: BundledKind) -> list[str]:
    """Return the names of all bundled things of a kind, sorted."""
    files = ASSETS.glob(_FILES[kind])
    return sorted(file.stem if kind == "recipe" else file.parent.name for file in files)
