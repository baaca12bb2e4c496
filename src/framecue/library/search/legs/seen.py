"""The leg of what is seen: segments whose vectors are near the query's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framecue.library.search.legs.leg import Asked
from framecue.library.store import Match

__all__ = ["FIRST_LIMIT", "NAME", "SLACK", "find_seen"]

NAME = "seen"
# How many segments are asked for first, and how many times as many if those do not suffice: returning more costs little
# beside searching the library once more. There are few sizes, so that most pages of a query ask for the same ones.
FIRST_LIMIT, GROWTH = 512, 4
# LanceDB takes no larger limit, and no library has more segments.
_LARGEST_LIMIT = 2**31
# LanceDB chooses by cosines in float16, which were seen to be up to 2e-4 off. A segment that it left out may score this
# much more than the worst that it returned.
SLACK = 2e-3


def find_seen(asked: Asked) -> Iterator[Match]:
    """Yield the segments by their score, each once, in an order that does not depend on how many are read.

    All other legs find some moments; this one has an opinion about each, and searches deeper as it is read further.
    """
    given: set[tuple[str, float, float]] = set()
    limit = FIRST_LIMIT
    while limit < min(2 * asked.first, _LARGEST_LIMIT):
        limit *= GROWTH
    while True:
        matches = asked.store.search(asked.vector, limit=limit, where=asked.where)
        # No segment that LanceDB left out belongs before one that scores more than this.
        bound = matches[-1].score + SLACK if len(matches) == limit else -np.inf
        is_last = bound < asked.floor or bound == -np.inf
        for match in matches:
            if not is_last and match.score <= bound:
                break
            if match.key not in given:
                given.add(match.key)
                yield match
        if is_last:
            return
        limit *= GROWTH
