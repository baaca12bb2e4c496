"""Captions that tell where the actors of a clip are, at its beginning and at its end.

A method that pools frames has no reason to keep places if captions only tell how something moves: on average, "moves
right" and "moves left" are at the same places. These captions tell what is where; no shipped recipe uses them.
"""

from __future__ import annotations

import numpy as np

from framecue.datasets.moji_motion.actors import ACTORS
from framecue.datasets.moji_motion.grammar import with_article
from framecue.datasets.moji_motion.scene import Scene

__all__ = ["place_caption", "place_name"]

_NAMES = tuple(ACTORS)
_COLUMNS, _ROWS = ("left", "", "right"), ("top", "", "bottom")
_TEMPLATES = ("first {a} {p}, then {q}", "{a} {p} and then {q}")


def place_name(x: float, y: float) -> str:
    """Return in which ninth of the frame a point lies, x and y in 0..1: "at the top left", "in the middle"."""
    column, row = _COLUMNS[int(x > 0.38) + int(x > 0.62)], _ROWS[int(y > 0.38) + int(y > 0.62)]
    return f"at the {row} {column}".replace("  ", " ").strip() if row or column else "in the middle"


def place_caption(scene: Scene, rng: np.random.Generator) -> str:
    """Return where one actor, or each, is at first and then; a hidden one is "out of view"."""
    ends = np.array([0.0, 1.0])
    phrases = []
    for part in scene.parts:
        x, y, size, _ = part.at(ends)
        first, then = (place_name(x[i], y[i]) if size[i] > 0 else "out of view" for i in (0, 1))
        template = _TEMPLATES[int(rng.integers(len(_TEMPLATES)))]
        phrases.append(template.format(a=with_article(_NAMES[part.actor], rng), p=first, q=then))
    rng.shuffle(phrases)
    return " and ".join(phrases[: 1 if rng.random() < 0.5 else 2])
