"""The engine of search: which segments a library returns for a query's vector, and in which order.

Everything is a stream of segments, best first. A stream searches deeper as it is read further; keeping only the best
moment of each video leaves some segments out, and a page is a slice of the rest. So the pages of a query, put together,
are the same as one long page.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from framecue.library.search.fusion import fuse, shared_ranks
from framecue.library.search.query import SearchOptions
from framecue.library.store import Match, Store, TextMatch
from framecue.library.store.words import matched_words, query_words

__all__ = ["find"]

# How many segments are asked for first, and how many times as many if those do not suffice: returning more costs little
# beside searching the library once more. There are few sizes, so that most pages of a query ask for the same ones.
FIRST_LIMIT, GROWTH = 512, 4
# LanceDB takes no larger limit, and no library has more segments.
_LARGEST_LIMIT = 2**31
# LanceDB chooses by cosines in float16, which were seen to be up to 2e-4 off. A segment that it left out may score this
# much more than the worst that it returned.
SLACK = 2e-3
# Hybrid search fuses this many of the best of each order; the others come after them, by their vectors. The bound does
# not depend on the page, so the pages of a query fit together.
FUSED_DEPTH = 200
# The same bound in segments: a few videos with thousands of segments each need not be read to the end.
FUSED_SEGMENTS = 1000
# Full text search is asked for about this many segments at most.
MOST_TEXT_MATCHES = 8192
# A text that scores less than this share of the best only has common words in it, but its rank would count in full.
LEAST_TEXT_SHARE = 0.1
# Segments that share no more than this do not overlap: times are rounded.
_TOUCHING_SECONDS = 1e-3


def find(
    store: Store,
    vector: np.ndarray,
    options: SearchOptions,
    *,
    texts: Sequence[tuple[str, float]] = (),
    where: str | None = None,
) -> list[Match]:
    """Return one page of results.

    Args:
        store: the library, ready for full text search if that is wanted.
        vector: float32 (E,), unit length, the query's vector.
        options: which results.
        texts: the query's texts with their weights, for full text search.
        where: an SQL condition on the rows that are looked at.

    Returns:
        At most ``options.k``, best first.
    """
    floor = -np.inf if options.min_score is None else options.min_score
    first = max(options.offset + options.k, FUSED_SEGMENTS if options.hybrid else 0)
    by_vector = _by_vector(store, vector, where, floor=floor, first=first)
    results = by_vector
    if options.hybrid:
        asked = [(words, weight) for text, weight in texts if (words := query_words(text))]
        by_words = _by_words(store, vector, asked, where) if asked else []
        words = " ".join(text for text, _ in asked)
        results = _fused(by_vector, by_words, words, all_moments=options.all_moments)
    folded = _apart(results) if options.all_moments else _best_of_each_video(results)
    wanted = (match for match in folded if match.score >= floor)
    return list(islice(wanted, min(options.offset, sys.maxsize), min(options.offset + options.k, sys.maxsize)))


def _by_vector(store: Store, vector: np.ndarray, where: str | None, *, floor: float, first: int) -> Iterator[Match]:
    """Yield the segments by their score, each once, in an order that does not depend on how many are read.

    Args:
        store: the library.
        vector: the query's vector.
        where: an SQL condition on the segments.
        floor: segments below this score may be left out.
        first: how many are likely to be read.
    """
    given: set[tuple[str, float, float]] = set()
    limit = FIRST_LIMIT
    while limit < min(2 * first, _LARGEST_LIMIT):
        limit *= GROWTH
    while True:
        matches = store.search(vector, limit=limit, where=where)
        # No segment that LanceDB left out belongs before one that scores more than this.
        bound = matches[-1].score + SLACK if len(matches) == limit else -np.inf
        is_last = bound < floor or bound == -np.inf
        for match in matches:
            if not is_last and match.score <= bound:
                break
            if match.key not in given:
                given.add(match.key)
                yield match
        if is_last:
            return
        limit *= GROWTH


def _best_of_each_video(matches: Iterable[Match]) -> Iterator[Match]:
    """Yield the first segment of each video."""
    paths: set[str] = set()
    for match in matches:
        if match.path not in paths:
            paths.add(match.path)
            yield match


def _apart(matches: Iterable[Match]) -> Iterator[Match]:
    """Yield the segments that do not overlap a better one of the same video."""
    segments: dict[str, list[Match]] = {}
    for match in matches:
        kept = segments.setdefault(match.path, [])
        if not any(_overlap(match, other) for other in kept):
            kept.append(match)
            yield match


def _overlap(one: Match, other: Match) -> bool:
    shared = min(one.end_seconds, other.end_seconds) - max(one.start_seconds, other.start_seconds)
    return shared > _TOUCHING_SECONDS or one.start_seconds == other.start_seconds


def _fused(
    by_vector: Iterator[Match], by_words: Sequence[TextMatch], words: str, *, all_moments: bool
) -> Iterator[Match]:
    """Yield the segments in the order by vector fused with the order by words.

    Args:
        by_vector: the segments, best first.
        by_words: the segments that full text search found, best first.
        words: the words that it looked for.
        all_moments: whether segments are ranked, not videos.
    """
    item: Callable[[Match], Hashable] = _key if all_moments else _path
    nearest: dict[Hashable, Match] = {}
    for match in islice(by_vector, FUSED_SEGMENTS):
        nearest.setdefault(item(match), match)
        if len(nearest) == FUSED_DEPTH:
            break
    vector_ranks = shared_ranks((one, match.score) for one, match in nearest.items())

    own = {found.match.key: matched_words(words, found.said) for found in by_words}
    # Segments that only have the words in their file's name share a rank: a long video has thousands of them.
    groups = [(found.match.path, own[found.match.key] if all_moments else ()) for found in by_words]
    group_ranks = shared_ranks((group, found.score) for group, found in zip(groups, by_words, strict=True))
    said: dict[Hashable, list[TextMatch]] = {}
    text_ranks: dict[Hashable, int] = {}
    for group, found in zip(groups, by_words, strict=True):
        if group_ranks[group] <= FUSED_DEPTH:
            said.setdefault(item(found.match), []).append(found)
            text_ranks.setdefault(item(found.match), group_ranks[group])

    def chosen(one: Hashable) -> Match:
        """Return the segment that stands for a video: the one with most of the words, or else the nearest."""
        moments = [*(found.match for found in said.get(one, ())), *(nearest[one] for _ in range(one in nearest))]
        return max(moments, key=lambda match: (len(own.get(match.key, ())), match.score))

    values = fuse([vector_ranks, text_ranks])
    moments = {one: chosen(one) for one in values}
    for one in sorted(values, key=lambda one: (-values[one], -moments[one].score, moments[one].key)):
        matches = said.get(one, [])
        text = next((found for found in matches if found.match.key == moments[one].key), next(iter(matches), None))
        yield replace(
            moments[one],
            vector_rank=vector_ranks.get(one),
            text_rank=text_ranks.get(one),
            text_score=text.score if text else None,
            words=matched_words(words, text.text) if text else (),
        )
    yield from (match for match in by_vector if item(match) not in values)


def _key(match: Match) -> Hashable:
    return match.key


def _path(match: Match) -> Hashable:
    return match.path


def _by_words(
    store: Store, vector: np.ndarray, texts: Sequence[tuple[str, float]], where: str | None
) -> list[TextMatch]:
    """Return the segments that full text search finds, from enough videos if there are that many."""
    limit = FIRST_LIMIT
    while True:
        found = store.search_texts(texts, vector, limit=limit, where=where)
        is_all = len(found) < limit
        if not is_all:
            # Drop the last ones with equal scores: it is chance which of these LanceDB returned.
            found = [one for one in found if one.score > found[-1].score]
        if is_all or limit >= MOST_TEXT_MATCHES or len({one.match.path for one in found}) > FUSED_DEPTH:
            return [one for one in found if one.score >= LEAST_TEXT_SHARE * found[0].score]
        limit *= GROWTH
