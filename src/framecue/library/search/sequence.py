"""One thing after another in a video: a small dynamic programme over moments and how well each fits each part.

Shapes: P parts of a query, S moments of one video.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from itertools import combinations

import numpy as np

__all__ = ["Chain", "Repeats", "best_chains"]

# Words that share no more seconds than this, and less than half of the shorter ones, are different words: the times of
# two lines, one after the other, are a frame or two off.
_SHARED_SECONDS = 0.25


@dataclass(frozen=True)
class Chain:
    """Moments of one video, one for each part, each later than the one before.

    Attributes:
        value: the sum of the moments' values.
        moments: the numbers of the moments, in the order of the parts.
    """

    value: float
    moments: tuple[int, ...]


@dataclass(frozen=True)
class Repeats:
    """Moments that fit a part by something that has told the part before already, such as one line of speech.

    Attributes:
        values: float64 (P, S), how well each moment fits each part without that; never more than with it.
        is_one: whether the part before, at one moment, and a part, at another, are told by one thing: called with the
            part and the two moments.
    """

    values: np.ndarray
    is_one: Callable[[int, int, int], bool]


def best_chains(
    starts: np.ndarray,
    ends: np.ndarray,
    values: np.ndarray,
    *,
    words: np.ndarray | None = None,
    within_seconds: float | None = None,
    second_costs: float = 0.0,
    costs_at_most: float = np.inf,
    repeats: Repeats | None = None,
) -> list[Chain]:
    """Return for each moment that can be the last the chain of the greatest value that ends there.

    One moment is later than another if its middle is, and if it begins later: windows overlap, so the next one may
    begin before this one ends, but a sentence is not later than some of its own words, be they its first. Moments that
    are words are apart in a chain, whatever lies between them: the same words are not both one thing and the next. Time
    and memory grow with P times S, and with the moments that are within reach of each other, reach over others or
    repeat others.

    Args:
        starts: float64 (S,), when the moments begin, in seconds, in any order.
        ends: float64 (S,), when they end.
        values: float64 (P, S), how well each moment fits each part; more is better, and -inf rules a moment out.
        words: int64 (S,), which words each moment is, in bits, as of what is said and what is written; 0 for a moment
            that is none. Two that overlap and share a bit may be the same words. None where no moments are words.
        within_seconds: how long after the end of one moment the next begins at most; None for any time.
        second_costs: what a second between the middles of two moments takes from the value.
        costs_at_most: what the time between two moments takes from it at most.
        repeats: what moments are worth that are told by the same as those before them; only such that overlap or touch
            each other are. None where no such are known.

    Returns:
        Best first; equal values in the order of the last moment's middle, then of its number. None for a video in which
        no chain is possible.
    """
    num_parts, num_moments = values.shape
    order = np.argsort((np.asarray(starts, dtype=np.float64) + ends) / 2, kind="stable")
    words = np.zeros(num_moments, dtype=np.int64) if words is None else words
    moments = _Moments(starts[order], ends[order], words[order], within_seconds)
    middles, values = moments.middles, values[:, order]
    totals = [values[0].astype(np.float64)]
    before = np.zeros((num_parts, num_moments), dtype=np.int64)

    def told_before(part: int, moment: int) -> list[int]:
        """Return the earlier moments of the part before that are told by the same as a moment."""
        near = np.flatnonzero(moments.ends[: moments.num_earlier[moment]] >= moments.starts[moment])
        return [int(one) for one in near if repeats and repeats.is_one(part, int(order[one]), int(order[moment]))]

    def steps(part: int, moment: int) -> np.ndarray:
        """Return what a moment adds for a part to chains that end with each of the earlier ones, float64."""
        stop = moments.num_earlier[moment]
        fits = np.full(stop, values[part, moment])
        if repeats is not None and repeats.values[part, order[moment]] < values[part, moment]:
            fits[told_before(part, moment)] = repeats.values[part, order[moment]]
        apart = np.minimum(second_costs * (middles[moment] - middles[:stop]), costs_at_most)
        return np.where(moments.may_follow(moment), fits - apart, -np.inf)

    for part in range(1, num_parts):
        # The time costs as much as what is less: by the second, or what it costs at most. So the best is the better of
        # two, and neither has to look at pairs: what is taken for the middle of the later one is given for the other's.
        earlier = totals[-1]
        near, which_near = moments.best_before(earlier + second_costs * middles)
        near = near - second_costs * middles
        is_limited = np.isfinite(costs_at_most)
        far, which_far = moments.best_before(earlier - costs_at_most) if is_limited else (near, which_near)
        before[part] = np.where(near >= far, which_near, which_far)
        total = np.maximum(near, far) + values[part]
        totals.append(total)
        if repeats is None:
            continue
        is_less = repeats.values[part][order] < values[part]
        for moment in np.flatnonzero(is_less & (total > -np.inf)).tolist():
            # The others are worth what they were, so only where such a one was the best there may be a better one.
            if before[part, moment] in told_before(part, moment):
                worth = earlier[: moments.num_earlier[moment]] + steps(part, moment)
                before[part, moment] = int(worth.argmax())
                total[moment] = worth[before[part, moment]]

    def chain_to(last: int) -> tuple[float, tuple[int, ...]] | None:
        """Return the value and the moments of the best chain that ends with one; None if there is none."""
        chain = _back(before, last)
        # Only neighbours have been held apart so far.
        if not any(moments.are_same_words(one, other) for one, other in combinations(chain, 2)):
            return float(totals[-1][last]), chain
        return _best_apart(moments, totals, steps, last)

    ending = np.flatnonzero(totals[-1] > -np.inf).tolist()
    chains = [chain for last in ending if (chain := chain_to(last)) is not None]
    chains.sort(key=lambda chain: -chain[0])
    return [Chain(value, tuple(int(order[one]) for one in chain)) for value, chain in chains]


@dataclass(frozen=True)
class _Moments:
    """Moments in the order of their middles, and which of them may follow which.

    Attributes:
        starts: float64 (S,), when they begin.
        ends: float64 (S,), when they end.
        words: int64 (S,), which words they are, in bits.
        within_seconds: how long after the end of one the next begins at most; None for any time.
    """

    starts: np.ndarray
    ends: np.ndarray
    words: np.ndarray
    within_seconds: float | None

    @cached_property
    def middles(self) -> np.ndarray:
        """Their middles, float64 (S,)."""
        middles: np.ndarray = (np.asarray(self.starts, dtype=np.float64) + self.ends) / 2
        return middles

    @cached_property
    def num_earlier(self) -> np.ndarray:
        """How many of them are earlier than each, int64 (S,): those with the same middle are not."""
        number: np.ndarray = np.searchsorted(self.middles, self.middles, side="left")
        return number

    def are_same_words(self, one: int | slice | np.ndarray, other: int | np.ndarray) -> np.ndarray:
        """Whether moments, each with another, may be the same words: bool, of their number."""
        (start, end), (other_start, other_end) = ((self.starts[at], self.ends[at]) for at in (one, other))
        shared = np.minimum(end, other_end) - np.maximum(start, other_start)
        shorter = np.minimum(end - start, other_end - other_start)
        are_words = (self.words[one] & self.words[other]) != 0
        return np.asarray(are_words & (shared > np.minimum(_SHARED_SECONDS, shorter / 2)))

    def may_follow(self, moment: int, first: int = 0) -> np.ndarray:
        """Return which of the moments with earlier middles one may follow, bool, from the number `first` on."""
        some = slice(first, self.num_earlier[moment])
        follows = (self.starts[some] < self.starts[moment]) & ~self.are_same_words(some, moment)
        if self.within_seconds is not None:
            follows &= self.ends[some] >= self.starts[moment] - self.within_seconds
        return np.asarray(follows)

    def best_before(self, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the greatest value among the moments that each may follow, and which has it, the first of several.

        Args:
            total: float64 (S,), the values of the chains that end with each moment.
        """
        return self._best_earlier(total) if self.within_seconds is None else self._best_within(total)

    def _best_earlier(self, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        so_far = np.maximum.accumulate(total)
        is_new = np.concatenate([[True], so_far[1:] > so_far[:-1]])
        which = np.maximum.accumulate(np.where(is_new, np.arange(len(total)), 0))
        last = np.maximum(self.num_earlier - 1, 0)
        best, which = np.where(self.num_earlier > 0, so_far[last], -np.inf), which[last]
        # Where the best of these begins no sooner, it lies within the moment. Few moments reach over others, or over
        # the same words.
        lies_within = (self.starts[which] >= self.starts) | self.are_same_words(which, np.arange(len(total)))
        for moment in np.flatnonzero((best > -np.inf) & lies_within).tolist():
            earlier = np.where(self.may_follow(moment), total[: self.num_earlier[moment]], -np.inf)
            which[moment] = int(earlier.argmax())
            best[moment] = earlier[which[moment]]
        return best, which

    def _best_within(self, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert self.within_seconds is not None
        best = np.full(len(total), -np.inf)
        which = np.zeros(len(total), dtype=np.int64)
        # No moment ends later after its middle than half of the longest one.
        reach = self.within_seconds + float((self.ends - self.starts).max(initial=0.0)) / 2
        firsts = np.searchsorted(self.middles, self.starts - reach, side="left")
        for moment, (first, stop) in enumerate(zip(firsts, self.num_earlier, strict=True)):
            if first < stop:
                near = np.where(self.may_follow(moment, first), total[first:stop], -np.inf)
                place = int(near.argmax())
                best[moment], which[moment] = near[place], first + place
        return best, which


def _back(before: np.ndarray, last: int) -> tuple[int, ...]:
    """Return the moments of the chain that ends with one."""
    chain = [last]
    for part in range(len(before) - 1, 0, -1):
        chain.append(int(before[part, chain[-1]]))
    return tuple(chain[::-1])


def _best_apart(
    moments: _Moments, totals: Sequence[np.ndarray], steps: Callable[[int, int], np.ndarray], last: int
) -> tuple[float, tuple[int, ...]] | None:
    """Return the best chain that ends with a moment, none of whose moments are the same words; None if there is none.

    The chains to a part know nothing of what comes after their last moment, so a sentence might be told before and
    after what is seen meanwhile. Such chains are rare. They are made anew from the end, the most promising first: no
    beginning is worth more than the best one without regard to what follows.

    Args:
        moments: of the video.
        totals: of each part, float64 (S,), the values of the best chains that end with each moment.
        steps: gives what a moment adds for a part to chains that end with each of the earlier ones.
        last: the moment.
    """
    waiting: list[tuple[float, tuple[int, ...], float]] = [(-float(totals[-1][last]), (last,), 0.0)]
    while waiting:
        promise, chain, value = heappop(waiting)
        part = len(totals) - len(chain)
        if part == 0:
            return -promise, chain
        added = steps(part, chain[0])
        promises = totals[part - 1][: len(added)] + added + value
        for later in chain[1:]:
            promises[moments.are_same_words(slice(0, len(added)), later)] = -np.inf
        # Of beginnings that are whole only the best can be the best.
        some = [int(promises.argmax())] if part == 1 and len(promises) else np.flatnonzero(promises > -np.inf).tolist()
        for one in some:
            if promises[one] > -np.inf:
                heappush(waiting, (-float(promises[one]), (one, *chain), value + float(added[one])))
    return None
