"""The weights that a run begins with, by their content: a run that goes on is refused others at the same place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from framecue.checkpoint import adapter_hash
from framecue.errors import OutputError, RecipeError
from framecue.model import VideoTextModel
from framecue.outputs import written_beside
from framecue.training.recipe import Recipe

__all__ = ["ORIGIN_FILE", "note_origin", "origin_of", "refuse_other_origin"]

ORIGIN_FILE = "origin.json"
"""Where it lies beside a run's results."""


def origin_of(recipe: Recipe, model: VideoTextModel, teachers: Sequence[VideoTextModel]) -> dict[str, str]:
    """Return a hash, or a hub's commit, of everything that a recipe has read weights from, by what it is.

    Args:
        recipe: the recipe. Weights that it draws are its own, and no other's.
        model: that starts from them.
        teachers: of the recipe, in its order.

    Raises:
        AdapterError: an adapter can no longer be found.
    """
    origin = {} if recipe.initialise == "random" else {f"backbone {recipe.backbone}": model.backbone.revision}
    if recipe.adapter is not None:
        origin[f"adapter {recipe.adapter}"] = adapter_hash(recipe.adapter)
    names = recipe.teachers if recipe.distil_from is None else [recipe.distil_from]
    for name, teacher in zip(names, teachers, strict=True):
        origin[f"teacher {name}"] = adapter_hash(name)
        origin[f"backbone {teacher.backbone.name} of teacher {name}"] = teacher.backbone.revision
    return origin


def refuse_other_origin(output: Path, origin: Mapping[str, str]) -> None:
    """Refuse to go on with a run that has begun with other weights than those that lie there now.

    A run of an older framecue has not noted what it began with, and goes on.

    Args:
        output: the run's folder, in which something has been made.
        origin: of the weights that lie there now.

    Raises:
        RecipeError: some are others, or what is noted cannot be read.
    """
    file = output / ORIGIN_FILE
    try:
        noted = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except (OSError, ValueError, RecursionError) as error:
        raise RecipeError(f"{file}: cannot be read ({error}); remove it to go on without knowing") from error
    if not isinstance(noted, dict):
        raise RecipeError(f"{file}: is not what a run has noted; remove it to go on without knowing")
    for what, now in origin.items():
        if (then := noted.get(what, now)) != now:
            raise RecipeError(
                f"{output}: holds a run that began with other weights: {what} was {then} then and is {now} now; put "
                "the former back, choose another output_dir, or remove the folder"
            )


def note_origin(output: Path, origin: Mapping[str, str]) -> None:
    """Write what a run begins with beside its results.

    Args:
        output: the run's folder.
        origin: from `origin_of`.

    Raises:
        RecipeError: it cannot be written.
    """
    try:
        with written_beside(output / ORIGIN_FILE, overwrite=True) as partial:
            partial.write_text(json.dumps(dict(origin), indent=1) + "\n", encoding="utf-8")
    except OutputError as error:
        raise RecipeError(f"output_dir {output}: {error.reason}") from error
