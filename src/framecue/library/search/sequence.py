"""One thing after another in a video: a small dynamic programme over moments and how well each fits each part.

Shapes: P parts of a query, S moments of one video.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Chain", "Repeats", "best_chains"]


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
    within_seconds: float | None = None,
    second_costs: float = 0.0,
    costs_at_most: float = np.inf,
    repeats: Repeats | None = None,
) -> list[Chain]:
    """Return for each moment that can be the last the chain of the greatest value that ends there.

    One moment is later than another if its middle is, and if it begins later: windows overlap, so the next one may
    begin before this one ends, but a sentence is not later than some of its own words, be they its first. Time and
    memory grow with P times S, and with the moments that are within reach of each other, reach over others or repeat
    others.

    Args:
        starts: float64 (S,), when the moments begin, in seconds, in any order.
        ends: float64 (S,), when they end.
        values: float64 (P, S), how well each moment fits each part; more is better, and -inf rules a moment out.
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
    middles = (np.asarray(starts, dtype=np.float64) + ends) / 2
    order = np.argsort(middles, kind="stable")
    starts, ends, middles, values = starts[order], ends[order], middles[order], values[:, order]
    # How many moments are earlier than each: those with the same middle are not.
    num_earlier = np.searchsorted(middles, middles, side="left")
    total = values[0].astype(np.float64)
    before = np.zeros((num_parts, num_moments), dtype=np.int64)

    def best_before(total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if within_seconds is None:
            return _best_earlier(total, num_earlier, starts)
        return _best_within(total, num_earlier, starts, ends, middles, within_seconds)

    def told_before(part: int, moment: int) -> list[int]:
        """Return the earlier moments of the part before that are told by the same as a moment."""
        near = np.flatnonzero(ends[: num_earlier[moment]] >= starts[moment])
        return [int(one) for one in near if repeats and repeats.is_one(part, int(order[one]), int(order[moment]))]

    for part in range(1, num_parts):
        # The time costs as much as what is less: by the second, or what it costs at most. So the best is the better of
        # two, and neither has to look at pairs: what is taken for the middle of the later one is given for the other's.
        near, which_near = best_before(total + second_costs * middles)
        near = near - second_costs * middles
        far, which_far = best_before(total - costs_at_most) if np.isfinite(costs_at_most) else (near, which_near)
        before[part] = np.where(near >= far, which_near, which_far)
        earlier, total = total, np.maximum(near, far) + values[part]
        if repeats is None:
            continue
        again = repeats.values[part][order]
        for moment in np.flatnonzero((again < values[part]) & (total > -np.inf)).tolist():
            if before[part, moment] not in (same := told_before(part, moment)):
                continue
            # The others are worth what they were, so only where such a one was the best there may be a better one.
            stop = num_earlier[moment]
            apart = np.minimum(second_costs * (middles[moment] - middles[:stop]), costs_at_most)
            fits = np.full(stop, values[part, moment])
            fits[same] = again[moment]
            reaches = np.full(stop, True) if within_seconds is None else ends[:stop] >= starts[moment] - within_seconds
            worth = np.where(reaches & (starts[:stop] < starts[moment]), earlier[:stop] - apart + fits, -np.inf)
            before[part, moment] = int(worth.argmax())
            total[moment] = worth[before[part, moment]]
    lasts = [int(last) for last in np.argsort(-total, kind="stable") if total[last] > -np.inf]
    return [Chain(float(total[last]), tuple(int(order[one]) for one in _back(before, last))) for last in lasts]


def _back(before: np.ndarray, last: int) -> list[int]:
    """Return the moments of the chain that ends with one."""
    chain = [last]
    for part in range(len(before) - 1, 0, -1):
        chain.append(int(before[part, chain[-1]]))
    return chain[::-1]


def _best_earlier(total: np.ndarray, num_earlier: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the greatest value among the moments that are earlier than each, and which has it, the first of several.

    Args:
        total: float64 (S,), the values of the chains that end with each moment, in the order of their middles.
        num_earlier: int64 (S,), how many have a middle before that of each.
        starts: float64 (S,), when they begin.
    """
    so_far = np.maximum.accumulate(total)
    is_new = np.concatenate([[True], so_far[1:] > so_far[:-1]])
    which = np.maximum.accumulate(np.where(is_new, np.arange(len(total)), 0))
    last = np.maximum(num_earlier - 1, 0)
    best, which = np.where(num_earlier > 0, so_far[last], -np.inf), which[last]
    # Where the best of these begins no sooner, it lies within the moment. Few moments reach over others.
    for moment in np.flatnonzero((best > -np.inf) & (starts[which] >= starts)):
        earlier = np.where(starts[: num_earlier[moment]] < starts[moment], total[: num_earlier[moment]], -np.inf)
        which[moment] = int(earlier.argmax())
        best[moment] = earlier[which[moment]]
    return best, which


def _best_within(
    total: np.ndarray,
    num_earlier: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    middles: np.ndarray,
    within_seconds: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the same among those that end shortly enough before each begins."""
    best = np.full(len(total), -np.inf)
    which = np.zeros(len(total), dtype=np.int64)
    # No moment ends later after its middle than half of the longest one.
    reach = within_seconds + float((ends - starts).max(initial=0.0)) / 2
    firsts = np.searchsorted(middles, starts - reach, side="left")
    for moment, (first, stop) in enumerate(zip(firsts, num_earlier, strict=True)):
        if first < stop:
            is_near = ends[first:stop] >= starts[moment] - within_seconds
            near = np.where(is_near & (starts[first:stop] < starts[moment]), total[first:stop], -np.inf)
            place = int(near.argmax())
            best[moment], which[moment] = near[place], first + place
    return best, which
