"""Full text search over the texts of segments' rows, for the legs that look at names, captions and subtitles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

import numpy as np

from framecue.library.search.legs.coverage import Seeker, Sighting, strengths
from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.search.legs.seen import FIRST_LIMIT, GROWTH
from framecue.library.search.snippets import snippet
from framecue.library.store import Store, TextMatch
from framecue.library.store.words import distinct_words, query_words

__all__ = ["found_texts", "legs_matches", "not_indexed", "row_texts"]

# From this many videos it is enough, and no more segments are looked at than this.
_ENOUGH_VIDEOS, _MOST_SEGMENTS = 200, 2048


def not_indexed(what: str) -> str:
    """Return the sentence that texts which a library holds cannot be looked up yet, as in one of an older framecue."""
    return f"{what} are not indexed yet; the next `framecue index` that has something to do does that"


def found_texts(
    store: Store,
    texts: Sequence[tuple[str, float]],
    vector: np.ndarray,
    where: str | None,
    *,
    first: int,
    growth: int,
    enough_videos: int,
    most: int,
) -> list[TextMatch]:
    """Return the segments that full text search finds, from enough videos if there are that many.

    Args:
        store: with a text index.
        texts: what to look for, with weights above 0.
        vector: the query's, for the cosines of what is found.
        where: an SQL condition.
        first: how many segments are asked for first.
        growth: how many times as many if those are too few.
        enough_videos: no more are asked for once more than this many videos are found.
        most: no more are asked for than about this.
    """
    limit = first
    while True:
        found = store.search_texts(texts, vector, limit=limit, where=where)
        is_all = len(found) < limit
        if not is_all:
            # Drop the last ones with equal scores: it is chance which of these LanceDB returned.
            found = [one for one in found if one.score > found[-1].score]
        if is_all or limit >= most or len({one.match.path for one in found}) > enough_videos:
            return found
        limit *= growth


def row_texts(asked: Asked) -> list[TextMatch]:
    """Return the segments whose texts have words of a query; legs that are asked the same share the answer."""
    texts = tuple((words, weight) for term, weight in asked.terms if (words := distinct_words(query_words(term.text))))
    if not texts or not asked.store.has_text_index():
        return []
    key = ("row_texts", texts)
    if key not in asked.memo:
        asked.memo[key] = _passing(asked, texts)
    found: list[TextMatch] = asked.memo[key]
    return found


def _passing(asked: Asked, texts: Sequence[tuple[str, float]]) -> list[TextMatch]:
    """Return the segments that full text search finds and that pass the filters."""
    if asked.where is not None:
        # Which rows pass is known of a few at once; only where words are everywhere all rows have to be asked first.
        find = partial(asked.store.search_texts, texts, asked.vector, limit=_MOST_SEGMENTS)
        if len(find()) < _MOST_SEGMENTS:
            return find(where=asked.where, filters_first=False)
    return found_texts(
        asked.store,
        texts,
        asked.vector,
        asked.where,
        first=FIRST_LIMIT,
        growth=GROWTH,
        enough_videos=_ENOUGH_VIDEOS,
        most=_MOST_SEGMENTS,
    )


def legs_matches(
    leg: str, asked: Asked, text_of: Callable[[TextMatch], str | None], *, is_of_file: bool
) -> list[LegMatch]:
    """Return what a leg finds that looks at one of the texts of the rows, best first.

    Args:
        leg: its name.
        asked: what it is asked.
        text_of: its text of a row; None for a row without.
        is_of_file: whether that is about all of the file.
    """
    rows = row_texts(asked)
    if not rows:
        return []
    seeker = Seeker(asked.text, asked.exact)
    look = cache(seeker.look)  # all segments of a file have its name
    sightings: list[tuple[TextMatch, str, Sighting]] = []
    for found in rows:
        text = text_of(found)
        if text and (sighting := look(text)).words:
            sightings.append((found, text, sighting))
    values = strengths(
        [sighting for _, _, sighting in sightings],
        seeker.words,
        num_texts=asked.store.num_rows() if sightings else 0,
        weights=asked.weights,
        is_alone=asked.is_alone or bool(asked.exact),
    )
    order = sorted(
        ((value, *one) for value, one in zip(values, sightings, strict=True) if value > 0),
        key=lambda one: (-one[0], -one[1].score, one[1].match.path, one[1].match.start_seconds),
    )
    ranks: dict[object, int] = {}
    matches = []
    for value, found, text, sighting in order:
        # All segments of a file have its name.
        key = found.match.path if is_of_file else found.match.key
        rank = ranks.setdefault(key, len(ranks) + 1)
        shown, spans = snippet(text, sighting.spans)
        words = tuple(word for word in seeker.words if word in sighting.words)
        matches.append(
            LegMatch(
                leg,
                found.match,
                rank,
                found.score,
                value,
                text=shown,
                words=words,
                spans=spans,
                is_of_file=is_of_file,
                lines=() if is_of_file else _lines_with(text, sighting.spans),
            )
        )
    return matches


def _lines_with(text: str, spans: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """Return the lines of a text in which some spans begin, in order, each once."""
    found: dict[str, None] = {}
    for start, _ in spans:
        end = text.find("\n", start)
        found[text[text.rfind("\n", 0, start) + 1 : len(text) if end < 0 else end]] = None
    return tuple(found)
