"""In which keys two recipes differ, for whoever has changed one and gives the folder of the other."""

from __future__ import annotations

from collections.abc import Mapping

from framecue.training.recipe import Recipe

__all__ = ["difference"]

SHOWN_KEYS = 3
LONGEST_VALUE = 60


def difference(there: Recipe, here: Recipe) -> str:
    """Return in which keys two recipes differ, in words: of many the first ones, of none nothing."""
    before, after = (_values(recipe.model_dump(mode="json")) for recipe in (there, here))
    keys = [key for key in {**before, **after} if _text(before, key) != _text(after, key)]
    told = [f"{key} {_cut(_text(before, key))} there, {_cut(_text(after, key))} here" for key in keys[:SHOWN_KEYS]]
    more = [f"{len(keys) - SHOWN_KEYS} more"] if len(keys) > SHOWN_KEYS else []
    return "; ".join([*told, *more])


def _values(document: Mapping[str, object], section: str = "") -> dict[str, object]:
    """Return the values of a document by their keys, which have a dot before what is in a section."""
    found: dict[str, object] = {}
    for key, value in document.items():
        if isinstance(value, Mapping):
            found |= _values(value, f"{section}{key}.")
        else:
            found[f"{section}{key}"] = value
    return found


def _text(values: Mapping[str, object], key: str) -> str:
    return "not given" if values.get(key) is None else str(values[key])


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}\u2026"
