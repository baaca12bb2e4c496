"""Taught names in queries: which there are, and how what a text says is joined with what the examples look like.

A text with names is read by the model's own text tower, with what was learnt in the names' places. That tells well what
a whole sentence means, and less well what a bare name does; the mean of the examples tells the latter. So both are
asked, each brought to the scale of the library (``usual.py``): as one vector, so that pages, edges, explanations and
confidences are those of any other query.

Shapes: E the embedding's width.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from framecue.encoder import Encoder, LearnsNames
from framecue.library.search.query import Query
from framecue.library.search.usual import Usual, unit
from framecue.library.search.weights import LegWeights
from framecue.library.store import Store
from framecue.library.store.taught_names import KeptName
from framecue.log import printable
from framecue.names.find import find_names, is_bare

__all__ = ["NamedText", "Understood", "embed_named", "names_of_texts", "understood_in"]

logger = logging.getLogger(__name__)

# Of which names somebody has been told that they are searched as plain words: once for each process is enough.
_told: set[tuple[str, str, str]] = set()


@dataclass(frozen=True, eq=False)
class Understood:
    """A taught name that was understood in a query.

    Attributes:
        name: as it was taught.
        mean: float32 (E,), unit length: of its examples.
        share: how much they count beside the text, in [0, 1].
    """

    name: str
    mean: np.ndarray = field(repr=False)
    share: float


@dataclass(frozen=True, eq=False)
class NamedText:
    """A text with taught names as a query takes it.

    Attributes:
        vector: float32 (E,), unit length: of the text and the examples together.
        by_text: float32 (E,), unit length: of the text alone, the names in it read as what was taught.
        gain: what the vector is multiplied by in a sum with other parts of a query, so that it moves scores as much as
            a text does.
        names: the names, in the order of the text, each once.
    """

    vector: np.ndarray = field(repr=False)
    by_text: np.ndarray = field(repr=False)
    gain: float
    names: tuple[Understood, ...]


def names_of_texts(store: Store, texts: Iterable[str]) -> dict[str, tuple[KeptName, ...]]:
    """Return the taught names in each of some texts that has any, in the order of the text, each once.

    A name that was taught to another model is a plain word, which is logged.

    Args:
        store: the library.
        texts: as they are looked for in what is seen.

    Raises:
        LibraryError: the library cannot be read.
    """
    fitting, others = ({one.name: one for one in names} for names in store.names.by_model())
    if not fitting and not others:
        return {}
    found = {}
    for text in texts:
        # Where names overlap, one that is not understood must not hide one that is.
        if own := tuple(fitting[name] for name in _in_text(text, list(fitting))):
            found[text] = own
        for name in _in_text(text, list(others)):
            _tell(store, others[name], "was taught to another model; until the next run of indexing teaches it again")
    return found


def understood_in(store: Store, queries: Iterable[Query]) -> tuple[str, ...]:
    """Return the taught names in queries, in their order, each once.

    Args:
        store: the library.
        queries: what is searched for.

    Raises:
        LibraryError: the library cannot be read.
    """
    texts = [part.value for query in queries for part in query.parts if part.kind == "text" and part.is_seen]
    return tuple(dict.fromkeys(one.name for names in names_of_texts(store, texts).values() for one in names))


def embed_named(
    store: Store, model: Encoder, texts: Mapping[str, Sequence[KeptName]], weights: LegWeights
) -> dict[str, NamedText]:
    """Encode texts with taught names.

    Args:
        store: the library.
        model: fits it.
        texts: each with its names; one or more.
        weights: how much the examples count.

    Returns:
        Each text; none of them where the model can be taught nothing, which is logged.

    Raises:
        LibraryError: the library cannot be read.
        ModelError: the model cannot read the names.
    """
    names = {one.name: one for own in texts.values() for one in own}
    if not isinstance(model, LearnsNames):
        for one in names.values():
            _tell(store, one, "is none for this encoder, whose texts take no taught names;")
        return {}
    vectors = model.embed_named_texts(list(texts), [one.tokens for one in names.values()])
    usual = Usual.of(store, model)
    return {
        text: _joined(text, vector, own, usual, weights)
        for (text, own), vector in zip(texts.items(), vectors, strict=True)
    }


def _joined(text: str, vector: np.ndarray, names: Sequence[KeptName], usual: Usual, weights: LegWeights) -> NamedText:
    """Join a text, float32 (E,) of unit length, with the examples of its names."""
    is_alone = is_bare(text, find_names(text, [one.name for one in names]))
    share = weights.examples_alone if is_alone else weights.examples_beside
    # What tells the examples from all else finds a bare name better, their mean what is said of it besides.
    seen = [one.examples_vector if is_alone else one.mean for one in names]
    examples = np.mean([usual.standardised(vector) for vector in seen], axis=0)
    total = (1 - share) * usual.standardised(vector) + share * examples
    # Nothing is left only where the examples are the very opposite of the text.
    both = unit(total, beside=1 / usual.spread(vector))
    both = np.asarray(vector, dtype=np.float32) if both is None else both
    gain = usual.spread(vector) / usual.spread(both)
    return NamedText(both, vector, gain, tuple(Understood(one.name, one.mean, share / len(names)) for one in names))


def _in_text(text: str, names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(found.name for found in find_names(text, names))) if names else []


def _tell(store: Store, name: KeptName, reason: str) -> None:
    """Log once that a name is searched as a plain word."""
    key = (store.uri, name.name, name.made_for)
    if key not in _told:
        _told.add(key)
        logger.warning("the name %s %s it is searched as a plain word", printable(repr(name.name)), reason)
