"""Hybrid search: the order by vector fused with full text search over names, captions and subtitles, by rank."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from framecue.library.search.fusion import fuse, shared_ranks
from framecue.library.search.legs.leg import Asked
from framecue.library.search.legs.row_texts import found_texts
from framecue.library.search.legs.seen import FIRST_LIMIT, GROWTH, find_seen
from framecue.library.store import Match, Store, TextMatch
from framecue.library.store.words import matched_words, query_words

__all__ = ["FUSED_SEGMENTS", "find_hybrid"]

# Hybrid search fuses this many of the best of each order; the others come after them, by their vectors. The bound does
# not depend on the page, so the pages of a query fit together.
FUSED_DEPTH = 200
# The same bound in segments: a few videos with thousands of segments each need not be read to the end.
FUSED_SEGMENTS = 1000
# Full text search is asked for about this many segments at most.
MOST_TEXT_MATCHES = 8192
# A text that scores less than this share of the best only has common words in it, but its rank would count in full.
LEAST_TEXT_SHARE = 0.1


def find_hybrid(asked: Asked, *, all_moments: bool) -> Iterator[Match]:
    """Yield the segments in the order by vector fused with the order by words.

    Args:
        asked: the query; the library is ready for full text search.
        all_moments: whether segments are ranked, not videos.
    """
    texts = [(words, weight) for term, weight in asked.terms if (words := query_words(term.text))]
    by_words = _by_words(asked.store, asked.vector, texts, asked.where) if texts else []
    return _fused(find_seen(asked), by_words, " ".join(text for text, _ in texts), all_moments=all_moments)


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
    """Return the segments that full text search finds, without those that have common words alone."""
    found = found_texts(
        store,
        texts,
        vector,
        where,
        first=FIRST_LIMIT,
        growth=GROWTH,
        enough_videos=FUSED_DEPTH,
        most=MOST_TEXT_MATCHES,
    )
    return [one for one in found if one.score >= LEAST_TEXT_SHARE * found[0].score]
