"""The tests' encoder with a text tower that can be taught names: a name is the mean colour of its examples."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from framecue.encoder import LearnsNames
from framecue.names.find import find_names, text_beside
from framecue.names.taught import Lesson, TaughtTokens
from support.colour_model import ColourModel
from support.colours import COLOURS

__all__ = ["NamingColours"]

_STEPS = 3


class NamingColours(ColourModel):
    """Learns names in three steps, and reads a text as the mean of the names and the colours in it.

    Attributes:
        lessons: what it was taught from, each time.
        stop_at: the step at which Ctrl-C comes; None for none.
    """

    def __init__(self, *, name: str = "colours", adapter: str | None = None) -> None:
        super().__init__(name=name, adapter=adapter)
        self.lessons: list[Lesson] = []
        self.stop_at: int | None = None

    def learn_name(self, lesson: Lesson, *, on_step: Callable[[int, int], None] | None = None) -> TaughtTokens:
        """Return the mean of the examples."""
        self.lessons.append(lesson)
        for step in range(_STEPS):
            if step == self.stop_at:
                raise KeyboardInterrupt
            if on_step is not None:
                on_step(step + 1, _STEPS)
        return TaughtTokens(lesson.name, _unit(lesson.examples.mean(axis=0, keepdims=True)), ("qx", "zy"))

    def embed_named_texts(self, texts: Sequence[str], names: Sequence[TaughtTokens]) -> np.ndarray:
        """Return the vectors of texts; words that are neither a name nor a colour say nothing."""
        return np.concatenate([self._embed(text, {name.name: name for name in names}) for text in texts])

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of texts; one without a colour is white."""
        return np.concatenate([self._embed(text, {}) for text in texts])

    def _embed(self, text: str, names: dict[str, TaughtTokens]) -> np.ndarray:
        found = find_names(text, names)
        vectors = [names[each.name].vectors for each in found]
        words = [word for word in re.findall(r"\w+", text_beside(text, found)) if word in COLOURS]
        if words or not vectors:
            vectors += [super(NamingColours, self).embed_texts([word]) for word in words or ["white"]]
        return _unit(np.concatenate(vectors).mean(axis=0, keepdims=True))


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


# Checked by mypy: what teaching asks for is here.
_: LearnsNames = NamingColours()
