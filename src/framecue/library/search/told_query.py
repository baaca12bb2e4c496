"""A query as a person tells it in several fields, such as options of a command, keys of a line, or a form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from framecue.errors import InputError
from framecue.library.search.box import parse
from framecue.library.search.given_vectors import QueryVector
from framecue.library.search.query import Path, Query, Text, VideoLike, as_text
from framecue.library.search.then import InOrder
from framecue.pictures import ImageLike

__all__ = ["LabelledQuery", "ToldQuery", "typed_texts", "weighted_text"]

_LONGEST_SHOWN = 40


@dataclass(frozen=True)
class LabelledQuery:
    """A query, and the words in which a person wrote it."""

    label: str
    query: Query | InOrder


@dataclass(frozen=True, kw_only=True, eq=False)
class ToldQuery:
    """What was told.

    Attributes:
        text: as it was typed, with prefixes and quotes; None for none.
        with_texts: what is to be found besides, each perhaps with a weight: ``people^0.5``.
        without_texts: what is to be searched away from, likewise.
        images: pictures of what is to be found.
        videos: videos, or moments of some, like those to be found.
        vectors: of what is to be found, float32 (E,), of the library's model.
        then_texts: what comes after all this in the same video.
        within_seconds: how soon after each the next comes at most; None for any time.
        away: what whoever asked calls ``without_texts``, for messages.
    """

    text: str | None = None
    with_texts: Sequence[str] = ()
    without_texts: Sequence[str] = ()
    images: Sequence[ImageLike] = ()
    videos: Sequence[Path | VideoLike] = ()
    vectors: Sequence[np.ndarray | QueryVector] = ()
    then_texts: Sequence[str] = ()
    within_seconds: float | None = None
    away: str = "without"

    def labelled(self) -> LabelledQuery:
        """Return the query.

        Raises:
            InputError: it is empty, a weight makes no sense, or there are too many parts.
        """
        if self.then_texts and not self._company and not (self.text or "").strip():
            raise InputError("the query is empty; describe in words what the video shows before what comes then")
        query = self._first()
        if self.then_texts or self.within_seconds is not None:
            # Each is one thing, whatever it says by itself.
            parts = [replace(part, order=()) for part in (query, *map(_what_comes_then, self.then_texts))]
            order = InOrder(parts, self.within_seconds)
            return LabelledQuery(str(order), order)
        return LabelledQuery(self.text if self.text is not None and not self._company else str(query), query)

    @property
    def _company(self) -> bool:
        """Whether there is anything beside the text."""
        return bool(self.with_texts or self.without_texts or self.images or self.videos or self.vectors)

    def _first(self) -> Query:
        if self.text is not None and not self._company:
            return Query.parse(self.text)
        texts = [] if self.text is None else typed_texts(self.text)
        for sign, several in ((1, self.with_texts), (-1, self.without_texts)):
            for item in several:
                text, weight = weighted_text(item, away=self.away)
                texts += typed_texts(text, sign * weight)
        return Query(texts, images=list(self.images), videos=list(self.videos), vectors=list(self.vectors))


def _what_comes_then(text: str) -> Query:
    """Return the query of what comes then.

    Raises:
        InputError: it is none; the message says which of the parts it is.
    """
    try:
        return Query.parse(text)
    except InputError as error:
        raise InputError(f"then {text[:_LONGEST_SHOWN]!r}: {error}") from error


def typed_texts(text: str, weight: float = 1.0) -> list[tuple[Text, float]]:
    """Return what a person has typed into the box as the texts of a query, each with a weight.

    Raises:
        InputError: there is nothing, or nothing after a prefix such as ``said:``.
    """
    return [(as_text(term), weight) for term in parse(text)]


def weighted_text(text: str, *, away: str = "without") -> tuple[str, float]:
    """Split a text such as ``people^0.5`` into text and weight; without a weight it is 1.

    Args:
        text: as it was typed.
        away: what whoever asked calls texts to be searched away from, for the message.

    Raises:
        InputError: the weight is not above 0.
    """
    match = re.fullmatch(r"(.*)\^([-+]?(?:\d+\.?\d*|\.\d+))", text.strip(), flags=re.DOTALL | re.ASCII)
    if match is None:
        return text, 1.0
    weight = float(match[2])
    if not 0 < weight < float("inf"):
        raise InputError(f"the weight in {text!r} is {match[2]}; it must be more than 0 ({away} searches away)")
    return match[1], weight
