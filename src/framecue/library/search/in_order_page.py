"""A page of what happens one after another, alone or in competition with the same sentence as a whole."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice

import numpy as np

from framecue.library.results import FITS_FROM
from framecue.library.search.found import Found
from framecue.library.search.in_order import says_only_order
from framecue.library.search.judge import Judge, at_least, least_sure
from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.search.legs.meaning import Meaning
from framecue.library.search.one_box import find_words, told_by_legs
from framecue.library.search.query import SearchOptions
from framecue.library.search.query_vectors import EncodedQuery
from framecue.library.search.ranking import IsOut, moments, nothing_is_out, page
from framecue.library.search.sequence_search import LEAST_CHANCE, find_in_order
from framecue.library.search.weights import WEIGHTS
from framecue.library.search.whole_sentence import WholeJudge
from framecue.library.store import Store

__all__ = [
    "Judged",
    "JudgedWhole",
    "confidence_in_order",
    "confidence_of_parts",
    "find_either_way",
    "find_parts_in_order",
    "judged_whole",
]


# A sentence of which so many of the words are said in one moment is meant as a whole.
_SAID = 0.9
# By so much less, in logarithms of odds, the parts of a sentence may fit on average than the sentence as a whole.
# Chosen on films of another seed than benchmarks/answers.py reports, among clips that show one thing after another.
_HANDICAP = 0.4
# By so much less where the best moment of the sentence as a whole shows one of its parts alone: where the part's cosine
# is no more than so much below the sentence's, as in none of 60 clips that do show one thing after another.
_HANDICAP_OF_ONE, _AS_NEAR = 3.0, 0.04
# A part that is no surer than that is nowhere, as is one of words that neither the model knows nor anybody says. Of 120
# orders that are there, on films of seeds of their own, none is found with less.
_NOWHERE = 0.01
# Where nothing tells what is usual, as for a picture: how many standard deviations above the mean of the moments at
# hand something is as likely meant as not, and how soon it becomes likelier.
_OWN_MIDDLE, _OWN_SLOPE = 2.5, 2.0


@dataclass(frozen=True)
class Judged:
    """A query, encoded, and who judges what is found for it."""

    encoded: EncodedQuery
    judge: Judge


@dataclass(frozen=True)
class JudgedWhole(Judged):
    """A sentence that tells of one thing after another, and who judges what is found for it as a whole."""

    judge: WholeJudge


def judged_whole(
    store: Store, whole: Judged, parts: Sequence[Judged], options: SearchOptions, *, where: str | None = None
) -> JudgedWhole:
    """Return a sentence with a judge that knows its parts.

    Args:
        store: the library.
        whole: the sentence.
        parts: its parts, in their order.
        options: what is searched.
        where: an SQL condition on the segments that are looked at.
    """

    def find_words_of_parts() -> list[list[LegMatch]]:
        # What is usual as well: a meaning of the sentence that is no more may be that of one part alone.
        return [list(told_by_legs(asked, options.only)) for asked in _asked(store, parts, options, where)]

    queries = tuple(part.encoded.query for part in parts)
    judge = WholeJudge(
        whole.judge.seen,
        whole.judge.words,
        parts=queries,
        find_words=find_words_of_parts,
        says_only_order=says_only_order(str(whole.encoded.query)),
    )
    return JudgedWhole(whole.encoded, judge)


def find_parts_in_order(
    store: Store,
    parts: Sequence[Judged],
    options: SearchOptions,
    *,
    within_seconds: float | None = None,
    where: str | None = None,
    is_out: IsOut = nothing_is_out,
) -> list[Found]:
    """Return a page of the moments in which the parts happen one after another, best first.

    Args:
        store: the library.
        parts: in their order.
        options: which results.
        within_seconds: how long after the end of one the next begins at most; None for any time.
        where: an SQL condition on the segments that are looked at.
        is_out: whether what was found is left out.
    """
    return _page(_joined(store, parts, options, within_seconds, where), parts, options, is_out)


def find_either_way(
    store: Store,
    whole: JudgedWhole,
    parts: Sequence[Judged],
    options: SearchOptions,
    *,
    where: str | None = None,
    is_out: IsOut = nothing_is_out,
) -> list[Found]:
    """Return a page for a sentence that may be understood as a whole, or as parts that happen one after another.

    What is surer as parts than anything is as a whole comes first, and then everything as a whole.

    Args:
        store: the library.
        whole: the sentence.
        parts: its parts, in their order.
        options: which results.
        where: an SQL condition on the segments that are looked at.
        is_out: whether what was found is left out.
    """
    query = whole.encoded.query
    terms, asks_seen = query.wanted_terms, query.asks_seen
    found = moments(
        store,
        whole.encoded.vector,
        options,
        terms=terms,
        asks_seen=asks_seen,
        heaviest=query.heaviest,
        read=whole.encoded.read,
        where=where,
        judge=whole.judge,
    )
    if options.min_confidence is not None:
        found = at_least(found, options.min_confidence, whole.judge)
    found = (moment for moment in found if not is_out(moment))
    first = list(islice(found, 1))
    joined = _joined(store, parts, options, None, where)
    every = chain(_surer(joined, first[0], whole, parts) if first else joined, first, found)
    return _page(every, parts, options, is_out)


def _surer(joined: Sequence[Found], best: Found, whole: JudgedWhole, parts: Sequence[Judged]) -> list[Found]:
    """Return the spans of parts that come before what a sentence as a whole has found.

    A moment that shows both of two things fits the sentence better than any that shows one of them fits that one; but a
    sentence of two things is also unlike most that a model has learnt, and its vector may lie near a moment that shows
    one alone. So the parts have to fit nearly as well on average. Words of one part alone are one part of an order, and
    what has more of the order comes before them. Where something said fits the sentence as it stands, parts that do not
    fit are no order: "a quarrel before the law" is one thing.

    Args:
        joined: spans, best first.
        best: the best moment of the whole sentence.
        whole: the sentence.
        parts: its parts.
    """
    # A meaning has no words: one that is near the sentence may be that of a single part.
    if any(leg.strength >= _SAID for leg in best.legs if leg.words and whole.judge.is_of_all(leg)):
        return []
    if any(leg.leg == Meaning.name and leg.strength >= FITS_FROM for leg in best.legs):
        joined = [one for one in joined if (confidence_in_order(one, parts) or 0.0) >= FITS_FROM]
    told = whole.judge.of_parts(best)
    least = _mean_odds(told)
    if len({*told}) == 1:
        least -= _HANDICAP_OF_ONE if _shows_one(best, whole, parts) else _HANDICAP
    return [one for one in joined if _odds_in_order(one, parts) > least and _has_all(one, parts)]


def _has_all(found: Found, parts: Sequence[Judged]) -> bool:
    """Whether no part is next to certainly elsewhere: what lacks one is no order, however sure the others are."""
    return not any(_is_nowhere(part.judge, moment) for part, moment in zip(parts, found.parts, strict=True))


def _is_nowhere(judge: Judge, moment: Found) -> bool:
    confidence = judge.of(moment)
    return confidence is not None and confidence < _NOWHERE


def _shows_one(best: Found, whole: JudgedWhole, parts: Sequence[Judged]) -> bool:
    """Whether a moment looks as much like one part of a sentence as like all of it: it says little for the sentence.

    Where words speak more for the moment than its picture does, what it looks like tells nothing of that.
    """
    seen = whole.judge.seen
    if seen is not None and (least_sure(whole.judge.of_parts(best)) or 0.0) > seen.of_segment(
        best.score, best.match.vector
    ):
        return False
    vector = best.match.vector.astype(np.float32)
    vector /= max(float(np.linalg.norm(vector)), 1e-12)
    of_parts = [float(part.encoded.plain @ vector) for part in parts if part.encoded.query.asks_seen]
    of_whole = float(whole.encoded.plain @ vector)
    return whole.encoded.query.asks_seen and max(of_parts, default=-1.0) >= of_whole - _AS_NEAR


def _odds_in_order(found: Found, parts: Sequence[Judged]) -> float:
    """Return the mean over the parts of the logarithm of the odds that a part's moment is what it means."""
    return _mean_odds(confidence_of_parts(found, parts))


def _mean_odds(confidences: Sequence[float | None]) -> float:
    return sum(map(_log_odds, confidences)) / len(confidences)


def _log_odds(confidence: float | None) -> float:
    chance = min(max(confidence or 0.0, LEAST_CHANCE), 1 - LEAST_CHANCE)
    return math.log(chance / (1 - chance))


def confidence_in_order(found: Found, parts: Sequence[Judged]) -> float | None:
    """Return how surely all parts are what is meant, which is how surely the least sure of them is.

    None if one of them cannot be judged.
    """
    return least_sure(confidence_of_parts(found, parts))


def confidence_of_parts(found: Found, parts: Sequence[Judged]) -> list[float | None]:
    """Return of each part how surely it is what is meant, in [0, 1]; None if it cannot be judged."""
    return [part.judge.of(moment) for part, moment in zip(parts, found.parts, strict=True)]


def _joined(
    store: Store,
    parts: Sequence[Judged],
    options: SearchOptions,
    within_seconds: float | None,
    where: str | None,
) -> list[Found]:
    queries = [part.encoded.query for part in parts]
    is_seen = not options.only or "seen" in options.only
    return find_in_order(
        _asked(store, parts, options, where),
        [partial(_chances, part.judge) for part in parts],
        partial(find_words, only=options.only),
        asks_seen=[is_seen and query.asks_seen for query in queries],
        within_seconds=within_seconds,
    )


def _asked(store: Store, parts: Sequence[Judged], options: SearchOptions, where: str | None) -> list[Asked]:
    """Return what the legs of a search are asked for each part."""
    return [
        Asked(
            store,
            part.encoded.vector,
            part.encoded.query.wanted_terms,
            where,
            heaviest=part.encoded.query.heaviest,
            weights=options.weights or WEIGHTS,
        )
        for part in parts
    ]


def _chances(judge: Judge, cosines: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return the chance of each moment to be what a part means, by what is seen."""
    if judge.seen is not None and judge.seen.known:
        return judge.seen.of_segments(cosines, vectors)
    heights = (cosines - cosines.mean()) / max(float(cosines.std()), 1e-6)
    return np.asarray(1 / (1 + np.exp(-_OWN_SLOPE * (heights - _OWN_MIDDLE))))


def _page(found: Iterable[Found], parts: Sequence[Judged], options: SearchOptions, is_out: IsOut) -> list[Found]:
    """Return a page of moments; a limit on the confidence holds for those with parts, the others have met theirs.

    A part that cannot be judged, as a picture cannot, meets any limit, as it does when it is asked for alone.
    """
    least = options.min_confidence

    def is_sure(one: Found) -> bool:
        told = (part.judge.of(moment) for part, moment in zip(parts, one.parts, strict=False))
        return least is None or all(each is None or each >= least for each in told)

    return page(found, options, is_wanted=is_sure, is_out=is_out)
