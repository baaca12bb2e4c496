"""Queries: texts, pictures, videos and vectors with weights, and how many results of which kind are wanted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict, cast

import numpy as np

from framecue.arrays import SupportsArray
from framecue.checks import check_flags, check_kind, check_text, is_number, is_whole
from framecue.errors import InputError
from framecue.library.search.box import Term, check_leg_names, parse
from framecue.library.search.filters import Filters
from framecue.library.search.given_vectors import QueryVector, as_weighted_vectors
from framecue.library.search.in_order import has_arrow, lacking_half, split_in_order
from framecue.library.search.weights import LegWeights
from framecue.pictures import EncodedPicture, ImageLike, Picture, as_image, is_image

__all__ = ["HeldMoment", "Part", "Query", "SearchKeywords", "SearchOptions", "VideoMoment", "as_query", "as_text"]

Path = str | os.PathLike[str]
Text = str | Term
Vectors = np.ndarray | SupportsArray | Sequence[float] | QueryVector


@dataclass(frozen=True)
class VideoMoment:
    """A video to search with, or a moment of one.

    Args:
        path: the file.
        at_seconds: the moment; None for the whole video.

    Raises:
        InputError: ``at_seconds`` is not a time.
    """

    path: Path
    at_seconds: float | None = None

    def __post_init__(self) -> None:
        if not os.fspath(self.path):
            raise InputError("the video to search with has an empty name")
        _check_at(self.at_seconds)


@dataclass(frozen=True)
class HeldMoment:
    """A video that the library holds to search with, or a moment of one, by its id: its file need not be there.

    Args:
        video_id: of a hit, see :class:`~framecue.library.Hit`.
        at_seconds: the moment, of which the nearest segment counts; None for the mean of all segments.

    Raises:
        InputError: the id is empty, or ``at_seconds`` is not a time.
    """

    video_id: str
    at_seconds: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.video_id, str) or not self.video_id.strip():
            raise InputError("the id of the video to search with is empty; give the video_id of a hit")
        _check_at(self.at_seconds)


@dataclass(frozen=True)
class Part:
    """One of the parts of a query.

    Attributes:
        kind: "text", "image", "video" or "vector".
        value: the text, the file, or the video's id; of what was given in memory, a few words about it.
        weight: how much it counts; with a negative weight the search leads away from it.
        at_seconds: the moment of a video; None for all of it.
        given: the picture or vector that was given in memory, or the video that the library holds; None for a text or
            a file.
        term: a text with who looks for it; None for all else.
    """

    kind: str
    value: str
    weight: float = 1.0
    at_seconds: float | None = None
    given: Picture | EncodedPicture | QueryVector | HeldMoment | None = None
    term: Term | None = None

    @property
    def is_seen(self) -> bool:
        """Whether it is looked for in what is seen: everything is, but for texts that belong to a leg of words."""
        return self.term is None or self.term.leg in (None, "seen")

    def __str__(self) -> str:
        what = str(self.term or self.value) if self.kind == "text" else f"{self.kind} {self.value}"
        if self.at_seconds is not None:
            what += f" at {self.at_seconds:g} s"
        weight = "" if abs(self.weight) == 1 else f"^{abs(self.weight):g}"
        return f"{'without ' if self.weight < 0 else ''}{what}{weight}"


VideoLike = Path | VideoMoment | HeldMoment


@dataclass(frozen=True)
class Query:
    """Texts, pictures, videos and vectors that are searched for together.

    The query's vector is the weighted sum of the parts' unit vectors, normalised; so a part with a negative weight
    leads away from what it shows. Each argument takes one thing, several, pairs ``(thing, weight)``, or a mapping from
    things to weights; the default weight is 1.

    Args:
        texts: phrases or sentences, taken literally and looked for by every leg of a search; or a :class:`Term`, which
            says by which one, and what has to be found word for word.
        images: pictures: paths, the bytes of files, images of Pillow, or arrays uint8 (H, W, 3) in RGB; see
            :func:`framecue.pictures.as_image`.
        videos: files, or :class:`VideoMoment` for a moment of one; :class:`HeldMoment` for one that the library holds.
        order: what the query says happens one after another, where it is a sentence that says so; it is then also
            understood in this way, and what is surer comes first. :meth:`parse` finds it in what a person types; to
            search for an order alone, see :class:`~framecue.library.search.then.InOrder`.
        vectors: of the library's model, such as ``model.encode_text`` and ``encode_image`` return: (E,), or several
            as (N, E), of any length above 0; each is normalised. They come without a mapping, as arrays have no hash.

    Raises:
        InputError: there is nothing to search for, a text is empty, too long or not Unicode, a picture or vector cannot
            be used, or a weight is 0 or not a number.

    Example:
        >>> Query({"a beach": 1.0, "people": -0.5}, images="sunset.jpg")  # doctest: +SKIP
        >>> Query(videos=VideoMoment("holiday.mp4", at_seconds=12.5))  # doctest: +SKIP
        >>> Query("at night", vectors=[(vector, 0.5)])  # doctest: +SKIP
    """

    texts: (
        str | Term | Sequence[str | Term | tuple[str | Term, float]] | Mapping[str, float] | Mapping[Term, float]
    ) = ()
    images: ImageLike | Sequence[ImageLike | tuple[ImageLike, float]] | Mapping[Path, float] = ()
    videos: VideoLike | Sequence[VideoLike | tuple[VideoLike, float]] = ()
    vectors: Vectors | Sequence[Vectors | tuple[Vectors, float]] = ()
    order: tuple[Query, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        # Dicts, lists and arrays are copied, as the caller may still change them.
        object.__setattr__(self, "vectors", tuple(as_weighted_vectors(self.vectors)))
        for name in ("texts", "images", "videos"):
            object.__setattr__(self, name, tuple(_pairs(getattr(self, name), name)))
        moments = [
            (item if isinstance(item, (VideoMoment, HeldMoment)) else VideoMoment(item), weight)
            for item, weight in cast(Any, self.videos)
        ]
        object.__setattr__(self, "videos", tuple(moments))
        if not self.parts:
            raise _empty()
        for part in self.parts:
            if part.kind == "text":
                check_text(part.value)
            if not part.value.strip():
                raise _empty() if part.kind == "text" else InputError(f"the {part.kind} to search with has no name")
            if not is_number(part.weight) or part.weight == 0:
                raise InputError(
                    f"the weight of {part.value!r} is {part.weight!r}; it must be a number other than 0, and less "
                    "than 0 to search away from it"
                )
            if part.weight < 0 and not part.is_seen:
                raise InputError(f"{part}: words cannot be searched away from, only what is seen; leave out the prefix")

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts: texts, then pictures, then videos, then vectors."""
        texts, images, videos, vectors = cast(Any, (self.texts, self.images, self.videos, self.vectors))
        return (
            *(
                Part("text", text.text, weight, term=text) if isinstance(text, Term) else Part("text", text, weight)
                for text, weight in texts
            ),
            *(
                Part("image", str(image), weight, given=image)
                if isinstance(image, (Picture, EncodedPicture))
                else Part("image", os.fspath(image), weight)
                for image, weight in images
            ),
            *(
                Part("video", moment.video_id, weight, moment.at_seconds, given=moment)
                if isinstance(moment, HeldMoment)
                else Part("video", os.fspath(moment.path), weight, moment.at_seconds)
                for moment, weight in videos
            ),
            *(Part("vector", str(vector), weight, given=vector) for vector, weight in vectors),
        )

    @property
    def wanted_texts(self) -> tuple[tuple[str, float], ...]:
        """The texts with positive weights, and these weights."""
        return tuple((term.text, weight) for term, weight in self.wanted_terms)

    @classmethod
    def parse(cls, text: str) -> Query:
        """Return the query for what a person has typed into a box, with prefixes and quotes.

        ``said:"happy birthday" a cake`` looks for the phrase in what is said, and for the cake everywhere; see
        :mod:`framecue.library.search.box`. A sentence such as ``a panda shrinks, then an octopus grows`` is understood
        as a whole and as two things in this order, see :mod:`framecue.library.search.in_order`. Any other text is
        taken as ``Query(text)`` takes it.

        Raises:
            InputError: there is nothing to search for, nothing after a prefix, or nothing before or after an arrow.
        """
        if not isinstance(text, str):
            raise InputError(f"the text to parse is a {type(text).__name__}; give what was typed")
        if reason := lacking_half(text):
            raise InputError(reason)
        order: tuple[Query, ...] = ()
        try:
            order = tuple(cls._of_typed(half) for half in split_in_order(text) or ())
        except InputError:  # a half that is nothing by itself is no half, but where nothing else can be meant
            if has_arrow(text):
                raise
        whole = cls._of_typed(text)
        terms = [term for half in order for term, _ in half.wanted_terms]
        if terms and not any(term.leg is None for term in terms):
            # What is left beside halves that name their legs is the words of the order, which nobody looks for.
            whole = cls(_joined(terms))
        return replace(whole, order=order)

    @classmethod
    def _of_typed(cls, text: str) -> Query:
        return cls([as_text(term) for term in parse(text)])

    @property
    def seen_texts(self) -> tuple[tuple[str, float], ...]:
        """The texts with positive weights that are looked for in what is seen, and these weights."""
        return tuple(
            (part.value, part.weight) for part in self.parts if part.kind == "text" and part.weight > 0 and part.is_seen
        )

    @property
    def heaviest(self) -> float:
        """The largest weight of a part; infinite if the query leads above all away from something: words cannot."""
        weights = [part.weight for part in self.parts]
        return float("inf") if -min(weights) > max(weights) else max(weights)

    @property
    def asks_seen(self) -> bool:
        """Whether anything of it is to be seen: a picture, a video, a vector, or a text that every leg looks for."""
        return any(part.is_seen for part in self.parts)

    @property
    def wanted_terms(self) -> tuple[tuple[Term, float], ...]:
        """The texts with positive weights, as terms, and these weights."""
        return tuple(
            (part.term or Term(part.value), part.weight)
            for part in self.parts
            if part.kind == "text" and part.weight > 0
        )

    def __str__(self) -> str:
        # Halves that name their legs have nothing left in the whole that would say the order.
        if self.order and all(term.leg for half in self.order for term, _ in half.wanted_terms):
            return " -> ".join(map(str, self.order))
        return ", ".join(str(part) for part in self.parts)


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """Which results of a query are wanted: the one list of options, for Python and the command line.

    Args:
        k: how many results at most.
        offset: how many of the best to leave out: with ``offset=k`` the results are the next ``k``.
        all_moments: whether a video may appear with several moments, none of which overlaps a better one. If not, it
            appears once, with its best moment.
        min_score: leave out results that score less; None for no limit. Scores are cosine similarities, -1 to 1.
        hybrid: whether the words of file names, folder names, captions and subtitles count too, by reciprocal rank
            fusion with full text search (BM25). ``score`` is still the cosine similarity, so it need not descend, and
            ``min_score`` also leaves out results that only the words have found, if their cosine is too low.
        filters: which videos to look at, None for all. There are ``k`` results if that many pass.
        explain: whether to explain each result, which means reading the results' files.
        refine: whether to move the edges of each result to where its frames begin and end to match, which means reading
            the results' files; what words have given its own times keeps them.
        only: the legs of the search that are asked, one or several of "seen" and those that look for words; none for
            every leg that the library has. "seen" alone is search by vector.
        weights: how much each leg counts; None for framecue's own, which were measured.
        min_confidence: leave out results whose confidence is less, in [0, 1]; None for no limit. A result whose
            confidence cannot be said stays (see :class:`~framecue.library.Hit`).

    Raises:
        InputError: a value makes no sense.
    """

    k: int = 10
    offset: int = 0
    all_moments: bool = False
    min_score: float | None = None
    hybrid: bool = False
    filters: Filters | None = None
    explain: bool = False
    refine: bool = False
    only: str | Sequence[str] = ()
    weights: LegWeights | None = None
    min_confidence: float | None = None

    def __post_init__(self) -> None:
        check_flags(all_moments=self.all_moments, hybrid=self.hybrid, explain=self.explain, refine=self.refine)
        check_kind("filters", self.filters, Filters)
        check_kind("weights", self.weights, LegWeights)
        if not is_whole(self.k) or self.k < 1:
            raise InputError(f"k is {self.k!r}; it must be a whole number, 1 or more: how many results to give")
        if not is_whole(self.offset) or self.offset < 0:
            raise InputError(f"offset is {self.offset!r}; it must be a whole number, 0 or more: how many to leave out")
        if self.min_score is not None and not (is_number(self.min_score) and -1 <= self.min_score <= 1):
            raise InputError(f"min_score is {self.min_score!r}; scores are cosines, between -1 and 1")
        if self.min_confidence is not None and not (is_number(self.min_confidence) and 0 <= self.min_confidence <= 1):
            raise InputError(f"min_confidence is {self.min_confidence!r}; it must be a number from 0 to 1")
        only = (self.only,) if isinstance(self.only, str) else self.only
        object.__setattr__(self, "only", check_leg_names(only))
        if self.only and self.hybrid:
            raise InputError("hybrid search asks two legs of its own, all words and what is seen; leave out it or only")

    @property
    def asks_seen(self) -> bool:
        """Whether what is seen is among the legs that are asked."""
        return not self.only or "seen" in self.only


class SearchKeywords(TypedDict, total=False):
    """The same options as keywords of ``Library.search``, for type checkers; a test holds the two lists together.

    ``k`` is not here: it is an argument of its own there, and may be given by position.
    """

    offset: int
    all_moments: bool
    min_score: float | None
    hybrid: bool
    filters: Filters | None
    explain: bool
    refine: bool
    only: str | Sequence[str]
    weights: LegWeights | None
    min_confidence: float | None


def as_text(term: Term) -> str | Term:
    """Return a term as a query takes it: as a plain text where it says no more than that."""
    return term.text if term.leg is None and not term.exact else term


def as_query(query: str | Query) -> Query:
    """Return a query as it is, and a plain text as a query for it, taken literally.

    Raises:
        InputError: the text is empty, or the argument is neither a text nor a query.
    """
    if isinstance(query, Query):
        return query
    if not isinstance(query, str):
        raise InputError(f"the query is a {type(query).__name__}; give a text or a framecue.Query")
    return Query(query)


def _joined(terms: Iterable[Term]) -> list[Term]:
    """Return terms with those of one leg as one, as a person would have typed them without an order."""
    of_leg: dict[str | None, list[Term]] = {}
    for term in terms:
        of_leg.setdefault(term.leg, []).append(term)
    return [
        Term(" ".join(one.text for one in some), leg, tuple(phrase for one in some for phrase in one.exact))
        for leg, some in of_leg.items()
    ]


def _pairs(given: Any, name: str) -> Iterable[tuple[Any, float]]:
    if isinstance(given, (str, os.PathLike, Term, VideoMoment, HeldMoment)) or (name == "images" and is_image(given)):
        return [_checked(given, name)]
    if isinstance(given, Mapping):
        return [_checked(item, name) for item in given.items()]
    if isinstance(given, Iterable):
        return [_checked(item, name) for item in given]
    raise InputError(f"{name} is {given!r}; give one, several, or a mapping to weights")


def _checked(item: Any, name: str) -> tuple[Any, float]:
    pair = item if isinstance(item, tuple) else (item, 1.0)
    if name == "images" and len(pair) == 2:
        return as_image(pair[0]), pair[1]
    kinds = {"texts": (str, Term), "images": (), "videos": (str, os.PathLike, VideoMoment, HeldMoment)}[name]
    if len(pair) != 2 or not isinstance(pair[0], kinds):
        raise InputError(f"{name} holds {item!r}; give things, or pairs (thing, weight)")
    return pair[0], pair[1]


def _check_at(at_seconds: object) -> None:
    if at_seconds is not None and not (is_number(at_seconds) and at_seconds >= 0):
        raise InputError(f"at_seconds is {at_seconds!r}; it must be a time in the video, 0 or later")


def _empty() -> InputError:
    return InputError("the query is empty; describe in words what the video shows")
