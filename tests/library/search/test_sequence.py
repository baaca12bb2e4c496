from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.library.search.sequence import Chain, Repeats, best_chains

Costs = tuple[float, float]
FREE: Costs = (0.0, np.inf)


def worth(chain: Sequence[int], starts: np.ndarray, ends: np.ndarray, values: np.ndarray, costs: Costs) -> float:
    """Return the value of a chain, less what the time between its moments costs."""
    middles = (starts + ends) / 2
    apart = [middles[later] - middles[earlier] for earlier, later in pairwise(chain)]
    fits = sum(values[part, one] for part, one in enumerate(chain))
    return float(fits - sum(min(costs[0] * seconds, costs[1]) for seconds in apart))


def values_of(
    chain: Sequence[int], starts: np.ndarray, ends: np.ndarray, values: np.ndarray, repeats: Repeats | None
) -> np.ndarray:
    """Return the values that count in a chain, some of whose moments are told by the same as those before them."""
    counted = values.copy()
    for part, (one, other) in enumerate(pairwise(chain), start=1):
        if repeats is not None and ends[one] >= starts[other] and repeats.is_one(part, one, other):
            counted[part, other] = repeats.values[part, other]
    return counted


def by_trying_all(
    starts: np.ndarray,
    ends: np.ndarray,
    values: np.ndarray,
    within_seconds: float | None,
    costs: Costs = FREE,
    repeats: Repeats | None = None,
    words: np.ndarray | None = None,
) -> dict[int, float]:
    """Return the greatest value of a chain for each last moment, by looking at every chain."""
    num_parts, num_moments = values.shape
    best: dict[int, float] = {}
    for chain in product(range(num_moments), repeat=num_parts):
        is_ordered = all(
            starts[one] + ends[one] < starts[other] + ends[other] and starts[one] < starts[other]
            for one, other in pairwise(chain)
        )
        gaps = [starts[later] - ends[earlier] for earlier, later in pairwise(chain)]
        if not is_ordered or (within_seconds is not None and any(gap > within_seconds for gap in gaps)):
            continue
        if words is not None and any(are_same_words(*pair, starts, ends, words) for pair in combinations(chain, 2)):
            continue
        value = worth(chain, starts, ends, values_of(chain, starts, ends, values, repeats), costs)
        if value > -np.inf:
            best[chain[-1]] = max(best.get(chain[-1], -np.inf), value)
    return best


def are_same_words(one: int, other: int, starts: np.ndarray, ends: np.ndarray, words: np.ndarray) -> bool:
    shared = min(ends[one], ends[other]) - max(starts[one], starts[other])
    shorter = min(ends[one] - starts[one], ends[other] - starts[other])
    return bool(words[one] & words[other]) and (shared > 0.25 or 2 * shared > shorter)


def is_chain(chain: Chain, starts: np.ndarray, ends: np.ndarray, within_seconds: float | None) -> bool:
    pairs = list(pairwise(chain.moments))
    return all(starts[a] + ends[a] < starts[b] + ends[b] and starts[a] < starts[b] for a, b in pairs) and (
        within_seconds is None or all(starts[b] - ends[a] <= within_seconds for a, b in pairs)
    )


@st.composite
def videos(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, float | None]:
    num_parts, num_moments = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    # Quarters of seconds and whole values are exact, so equal sums are equal.
    starts = np.array(draw(st.lists(st.integers(0, 80), min_size=num_moments, max_size=num_moments))) / 4
    lengths = np.array(draw(st.lists(st.integers(0, 40), min_size=num_moments, max_size=num_moments))) / 4
    value = st.one_of(st.integers(-5, 5).map(float), st.just(-np.inf))
    values = draw(st.lists(value, min_size=num_parts * num_moments, max_size=num_parts * num_moments))
    within = draw(st.one_of(st.none(), st.integers(0, 40).map(lambda quarters: quarters / 4)))
    return starts, starts + lengths, np.array(values).reshape(num_parts, num_moments), within


@given(videos())
def test_each_last_moment_has_the_best_chain(
    video: tuple[np.ndarray, np.ndarray, np.ndarray, float | None],
) -> None:
    starts, ends, values, within = video

    chains = best_chains(starts, ends, values, within_seconds=within)

    assert {chain.moments[-1]: chain.value for chain in chains} == by_trying_all(starts, ends, values, within)
    assert all(is_chain(chain, starts, ends, within) for chain in chains)
    sums = [sum(values[part, one] for part, one in enumerate(chain.moments)) for chain in chains]
    assert sums == [chain.value for chain in chains]
    assert sums == sorted(sums, reverse=True)


@given(videos(), st.sampled_from([0.0, 0.25, 2.0]), st.sampled_from([0.0, 1.0, 4.0, np.inf]))
def test_the_time_between_two_moments_costs_by_the_second_and_no_more_than_so_much(
    video: tuple[np.ndarray, np.ndarray, np.ndarray, float | None], second_costs: float, costs_at_most: float
) -> None:
    starts, ends, values, within = video
    costs = (second_costs, costs_at_most)

    chains = best_chains(
        starts, ends, values, within_seconds=within, second_costs=second_costs, costs_at_most=costs_at_most
    )

    assert {chain.moments[-1]: chain.value for chain in chains} == by_trying_all(starts, ends, values, within, costs)
    assert all(is_chain(chain, starts, ends, within) for chain in chains)
    assert [worth(chain.moments, starts, ends, values, costs) for chain in chains] == [one.value for one in chains]


@given(videos(), st.integers(0, 999), st.sampled_from([1.0, 3.0, np.inf]))
def test_what_has_told_one_part_tells_the_next_only_by_what_else_there_is(
    video: tuple[np.ndarray, np.ndarray, np.ndarray, float | None], seed: int, less: float
) -> None:
    starts, ends, values, within = video
    things = np.random.default_rng(seed).integers(0, 4, values.shape)
    # Of nothing, 0, nothing is told again.
    again = np.where(things > 0, values - less, values)
    repeats = Repeats(again, lambda part, one, other: things[part, other] == things[part - 1, one] > 0)
    costs = (0.25, 4.0)

    chains = best_chains(
        starts, ends, values, within_seconds=within, second_costs=costs[0], costs_at_most=costs[1], repeats=repeats
    )

    assert {chain.moments[-1]: chain.value for chain in chains} == by_trying_all(
        starts, ends, values, within, costs, repeats
    )
    assert all(is_chain(chain, starts, ends, within) for chain in chains)
    counted = [values_of(chain.moments, starts, ends, values, repeats) for chain in chains]
    assert [worth(chain.moments, starts, ends, each, costs) for chain, each in zip(chains, counted, strict=True)] == [
        chain.value for chain in chains
    ]


@given(videos(), st.integers(0, 999), st.booleans())
def test_the_same_words_are_not_two_parts_be_they_neighbours_or_not(
    video: tuple[np.ndarray, np.ndarray, np.ndarray, float | None], seed: int, tells_again: bool
) -> None:
    starts, ends, values, within = video
    # Close together, so that many overlap, and of most values some are possible.
    starts, ends = starts % 6, starts % 6 + (ends - starts) % 4
    values = np.maximum(values, -5.0)
    random = np.random.default_rng(seed)
    words = random.choice([0, 0, 1, 1, 2, 3], len(starts))
    things = random.integers(0, 4, values.shape)
    again = np.where(things > 0, values - 1, values)
    repeats = Repeats(again, lambda part, one, other: things[part, other] == things[part - 1, one] > 0)
    told = repeats if tells_again else None
    costs = (0.25, 4.0)

    chains = best_chains(
        starts,
        ends,
        values,
        words=words,
        within_seconds=within,
        second_costs=costs[0],
        costs_at_most=costs[1],
        repeats=told,
    )

    assert {chain.moments[-1]: chain.value for chain in chains} == by_trying_all(
        starts, ends, values, within, costs, told, words
    )
    assert all(is_chain(chain, starts, ends, within) for chain in chains)
    pairs = [pair for chain in chains for pair in combinations(chain.moments, 2)]
    assert not any(are_same_words(*pair, starts, ends, words) for pair in pairs)
    assert [chain.value for chain in chains] == sorted((chain.value for chain in chains), reverse=True)


@pytest.mark.parametrize("within", [None, 10.0])
def test_words_that_lie_in_others_or_share_some_with_them_are_not_told_after_them(within: float | None) -> None:
    # A passage, its second sentence, and the next passage, which begins with that sentence.
    starts, ends = np.array([0.0, 6.0, 6.0, 12.0]), np.array([10.0, 10.0, 20.0, 16.0])
    values = np.array([[5.0, 5.0, 0.0, 0.0], [0.0, 5.0, 5.0, 1.0]])

    def best(*words: int) -> tuple[int, ...]:
        return best_chains(starts, ends, values, words=np.array(words), within_seconds=within)[0].moments

    assert best(1, 1, 1, 1) == (0, 3)
    # Windows may be one after the other, and so may what is said and what is written meanwhile.
    assert best(0, 0, 0, 0) == (0, 1)
    assert best(1, 2, 2, 1) == (0, 1)


def test_what_is_seen_meanwhile_makes_no_two_things_of_one_sentence() -> None:
    starts, ends = np.array([0.0, 3.0, 6.0, 12.0]), np.array([10.0, 8.0, 9.0, 16.0])
    values = np.array([[5.0, 0.0, 0.0, 0.0], [0.0, 5.0, 0.0, 0.0], [0.0, 0.0, 5.0, 1.0]])
    words = np.array([1, 0, 1, 1])

    assert [chain.moments for chain in best_chains(starts, ends, values, words=words)] == [(0, 1, 3)]
    values[0, 2] = -np.inf
    assert [chain.moments for chain in best_chains(starts, ends, values)] == [(0, 1, 2), (0, 1, 3)]


def test_lines_whose_times_are_a_frame_or_two_off_follow_each_other() -> None:
    values = np.array([[5.0, 0.0], [0.0, 5.0]])

    assert best_chains(np.array([0.0, 1.9]), np.array([2.0, 4.0]), values, words=np.array([1, 1]))
    assert not best_chains(np.array([0.0, 1.9]), np.array([2.0, 2.05]), values, words=np.array([1, 1]))


def test_windows_that_overlap_follow_each_other_and_the_same_window_does_not_follow_itself() -> None:
    starts, ends = np.array([0.0, 2.5, 5.0]), np.array([5.0, 7.5, 10.0])
    values = np.array([[0.0, 3.0, 0.0], [0.0, 9.0, 2.0]])

    assert best_chains(starts, ends, values)[0] == Chain(9.0, (0, 1))
    assert best_chains(starts[:1], ends[:1], values[:, :1]) == []


def test_a_sentence_is_not_later_than_its_own_words() -> None:
    starts, ends = np.array([1.7, 0.5, 8.0]), np.array([2.9, 4.8, 12.0])
    values = np.array([[5.0, 0.0, 0.0], [0.0, 5.0, 1.0]])

    for within in (None, 10.0):
        assert best_chains(starts, ends, values, within_seconds=within)[0] == Chain(6.0, (0, 2))
        # Nor than its first words, which begin when it does.
        assert best_chains(np.array([0.5, 0.5]), ends[:2], values[:, :2], within_seconds=within) == []


def test_a_long_film_takes_no_table_of_all_pairs() -> None:
    num_moments = 20_000
    starts = np.arange(num_moments) * 2.5
    values = np.random.default_rng(0).normal(size=(3, num_moments))

    for within in (None, 30.0):
        best = best_chains(starts, starts + 5.0, values, within_seconds=within)[0]

        assert best.value == sum(values[part, one] for part, one in enumerate(best.moments))
