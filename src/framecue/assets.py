"""The models, adapters and recipes that are shipped in the package, each found by its bundled name."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Literal

__all__ = ["ASSETS", "BASES", "BundledKind", "bundled_names", "find_bundled", "ordinary_words"]

ASSETS = Path(__file__).parent / "assets"

BASES = "bases/"
"""What the names of the recipes begin with that others share, and that are none by themselves."""

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
        name: as a person wrote it; a name with a slash is a path (``./moji-clip`` is a folder of the person's own), but
            for a recipe's, which may have one (``msr-vtt-9k/vop``).
        kind: what the name should be.

    Returns:
        The folder or file; None if nothing of that kind has this name.
    """
    parts = name.split("/")
    if len(parts) > (2 if kind == "recipe" else 1) or not set(parts).isdisjoint({"", ".", ".."}):
        return None
    file = ASSETS / _FILES[kind].replace("*", name)
    if not os.path.isfile(file):  # noqa: PTH113 (a Path raises for a name that is too long)
        return None
    return file if kind == "recipe" else file.parent


def bundled_names(kind: BundledKind) -> list[str]:
    """Return the names of all bundled things of a kind, sorted; of recipes not those that are only bases of others."""
    if kind != "recipe":
        return sorted(file.parent.name for file in ASSETS.glob(_FILES[kind]))
    folder = ASSETS / "recipes"
    files = [*folder.glob("*.yaml"), *folder.glob("*/*.yaml")]
    names = (file.relative_to(folder).with_suffix("").as_posix() for file in files)
    return sorted(name for name in names if not name.startswith(BASES))


@cache
def ordinary_words() -> tuple[str, ...]:
    """Return some two thousand ordinary English words, in lower case, sorted."""
    return tuple(sorted({*(ASSETS / "ordinary_words.txt").read_text(encoding="utf-8").split()}))
