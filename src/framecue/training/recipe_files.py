"""Recipe files: finding one by its path or bundled name, and joining it with the recipes that it is based on."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from framecue.assets import bundled_names, find_bundled
from framecue.errors import RecipeError
from framecue.paths import exists, is_file
from framecue.training.yaml_text import NOT_YAML, load_yaml
from framecue.validation import shown

__all__ = ["BASE", "read_content"]

BASE = "base"
"""The key of a file that names the recipes from which it takes what it does not say itself."""

MAX_BYTES = 1_000_000
MAX_BASES, MAX_DEPTH = 4, 3


def read_content(path: str | Path, keys: list[str]) -> dict[str, Any]:
    """Return what a recipe file says, together with what its bases say.

    Of two bases the later one counts, and of a recipe and its bases the recipe. Sections are joined key by key; a value
    that is no section, a list for one, is taken whole.

    Args:
        path: the YAML file, relative to the working directory, or the name of a bundled recipe.
        keys: those of a recipe, for the message.

    Raises:
        RecipeError: there is no such file, it or a base cannot be read or is no mapping, or bases go in a circle.
    """
    return _read(path, keys, ())


def _read(path: str | Path, keys: list[str], above: tuple[str, ...]) -> dict[str, Any]:
    content = _content_of(path, keys, above)
    named = content.pop(BASE, None)
    if named is None:
        return content
    bases = [named] if isinstance(named, str) else named
    if not isinstance(bases, list) or not 0 < len(bases) <= MAX_BASES or not all(isinstance(b, str) for b in bases):
        raise RecipeError(
            f"{path}: {BASE!r} must be a recipe's file or bundled name, or a list of 1 to {MAX_BASES}, got "
            f"{shown(named)}"
        )
    above = (*above, str(path))
    joined: dict[str, Any] = {}
    for base in bases:
        if base in above:
            raise RecipeError(f"{path}: {BASE!r} leads in a circle: {' -> '.join((*above, base))}")
        if len(above) > MAX_DEPTH:
            raise RecipeError(f"{path}: has a base, and is the base of {MAX_DEPTH} others in a row, which is too many")
        joined = _joined(joined, _read(base, keys, above))
    return _joined(joined, content)


def _joined(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of both; where both have a section, its keys are joined, too, and else `over` counts."""
    made = {**under, **over}
    for key, value in over.items():
        below = under.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            made[key] = {**below, **value}
    return made


def _content_of(path: str | Path, keys: list[str], above: tuple[str, ...]) -> dict[str, Any]:
    file = Path(path)
    if not exists(file) and (bundled := find_bundled(str(path), "recipe")) is not None:
        file = bundled
    if not is_file(file):
        of = f" (the base of {above[-1]})" if above else ""
        raise RecipeError(
            f"{path}: no such recipe file{of}; give a YAML file or one of the bundled recipes: {_grouped_names()}"
        )
    try:
        if file.stat().st_size > MAX_BYTES:
            raise RecipeError(f"{path}: has {file.stat().st_size} bytes; a recipe has at most {MAX_BYTES}")
        content = load_yaml(file.read_text(encoding="utf-8"))
    except NOT_YAML as error:
        raise RecipeError(f"{path}: not a YAML file ({' '.join(str(error).split())})") from error
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read ({error.strerror})") from error
    if not isinstance(content, dict):
        raise RecipeError(f"{path}: a recipe is a mapping of keys to values; its keys are {', '.join(sorted(keys))}")
    return content


def _grouped_names() -> str:
    """Return the bundled recipes by what they train on: "moji-clip, moji-stills; msr-vtt-9k/: vop, x-pool"."""
    groups = []
    # Those without a folder first.
    names = sorted(bundled_names("recipe"), key=lambda name: ("/" in name, name))
    for folder, found in groupby(names, key=lambda name: name.rpartition("/")[0]):
        shown_names = ", ".join(name.rpartition("/")[2] for name in found)
        groups.append(f"{folder}/: {shown_names}" if folder else shown_names)
    return "; ".join(groups)
