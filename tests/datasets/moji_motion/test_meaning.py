from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.datasets.moji_motion.actors import ACTORS
from framecue.datasets.moji_motion.clips import draw_meaning
from framecue.datasets.moji_motion.meaning import MOTIONS, RELATIONS, SPLITS, Act, Meaning, split_of

MOTION = st.sampled_from(sorted(MOTIONS))
SINGLE = st.builds(Meaning, st.builds(Act, st.sampled_from(["ant", "bee", "cow"]), MOTION))
PAIR = st.builds(
    lambda who, one, relation, other: Meaning(Act(who[0], one), relation, Act(who[1], other)),
    st.permutations(["ant", "bee", "cow"]),
    MOTION,
    st.sampled_from(RELATIONS),
    MOTION,
)
MEANING = SINGLE | PAIR
RISE, FALL, SPIN = Act("ant", "rise"), Act("bee", "fall"), Act("bee", "spin")


def combination(meaning: Meaning) -> frozenset[tuple[str, frozenset[str]]]:
    """Who does what, forwards or backwards, whatever the order: told apart without `split_of`."""
    return frozenset((act.actor, frozenset({act.motion, MOTIONS[act.motion]})) for act in meaning.acts)


def test_there_are_at_least_eight_motions_each_with_its_reverse() -> None:
    assert len(MOTIONS) >= 8
    for motion, backwards in MOTIONS.items():
        assert MOTIONS[backwards] == motion
    assert {motion for motion, backwards in MOTIONS.items() if motion == backwards} == {"spin", "circle", "still"}


@settings(deadline=None)
@given(MEANING)
def test_twice_backwards_and_twice_swapped_is_the_same(meaning: Meaning) -> None:
    assert meaning.reversed().reversed() == meaning
    assert meaning.swapped().swapped() == meaning
    assert meaning.reversed().swapped() == meaning.swapped().reversed()


@settings(deadline=None)
@given(PAIR)
def test_at_the_same_time_has_no_order_and_one_after_the_other_has(meaning: Meaning) -> None:
    assert meaning.second is not None
    exchanged = Meaning(meaning.second, meaning.relation, meaning.first)
    if meaning.relation == "while":
        assert exchanged == meaning
        assert hash(exchanged) == hash(meaning)
        assert meaning.swapped() == meaning
    else:
        assert exchanged != meaning
        assert meaning.swapped() == exchanged


def test_backwards_by_hand() -> None:
    assert Meaning(RISE).reversed() == Meaning(Act("ant", "fall"))
    assert Meaning(RISE, "then", FALL).reversed() == Meaning(Act("bee", "rise"), "then", Act("ant", "fall"))
    assert Meaning(RISE, "while", FALL).reversed() == Meaning(Act("ant", "fall"), "while", Act("bee", "rise"))
    assert Meaning(SPIN).reversed() == Meaning(SPIN)  # it has no twin
    assert Meaning(SPIN, "then", RISE).reversed() == Meaning(Act("ant", "fall"), "then", SPIN)


@settings(deadline=None)
@given(st.lists(MEANING, min_size=2, max_size=2))
def test_the_key_tells_meanings_apart(two: list[Meaning]) -> None:
    assert (two[0].key() == two[1].key()) == (two[0] == two[1])


def test_the_key_by_hand() -> None:
    assert Meaning(RISE).key() == "ant:rise"
    assert Meaning(FALL, "while", RISE).key() == "ant:rise while bee:fall"
    assert Meaning(FALL, "then", RISE).key() == "bee:fall then ant:rise"


@settings(deadline=None)
@given(MEANING)
def test_standing_still_has_no_before_and_after(meaning: Meaning) -> None:
    stands = any(act.motion == "still" for act in meaning.acts)
    assert meaning.is_possible == (not (stands and meaning.relation == "then"))
    assert meaning.reversed().is_possible == meaning.is_possible == meaning.swapped().is_possible


@settings(deadline=None)
@given(MEANING)
def test_a_combination_is_in_one_split_whole(meaning: Meaning) -> None:
    assert split_of(meaning) in SPLITS
    family = [meaning.reversed(), meaning.swapped()]
    if meaning.second is not None:
        family += [Meaning(meaning.first, relation, meaning.second) for relation in RELATIONS]
    assert {split_of(relative) for relative in family} == {split_of(meaning)}


def test_the_split_of_a_combination_never_changes() -> None:
    """These values are part of the data: a model trained with others would have seen what it is tested on."""
    kept = {actor for actor in ACTORS if split_of(Meaning(Act(actor, "rise"))) == "test"}
    assert kept == {"robot", "balloon", "strawberry"}


def test_splits_hold_80_10_and_10_per_cent() -> None:
    rng = np.random.default_rng(0)
    names = sorted(ACTORS)
    motions = sorted(MOTIONS)
    pairs = []
    for _ in range(4000):
        one, other = rng.choice(names, 2, replace=False).tolist()
        pairs.append(Meaning(Act(one, str(rng.choice(motions))), "while", Act(other, str(rng.choice(motions)))))
    counts = Counter(split_of(meaning) for meaning in pairs)
    assert counts["train"] / 4000 == pytest.approx(0.8, abs=0.03)
    assert counts["val"] / 4000 == pytest.approx(0.1, abs=0.02)
    assert counts["test"] / 4000 == pytest.approx(0.1, abs=0.02)


def test_no_combination_is_in_two_splits_whatever_the_seeds() -> None:
    drawn: dict[str, set[frozenset[tuple[str, frozenset[str]]]]] = {split: set() for split in SPLITS}
    for number, split in enumerate(SPLITS):
        rng = np.random.default_rng([7, number])
        for _ in range(2000 if split == "train" else 600):
            meaning = draw_meaning(rng, split=split)
            assert meaning.is_possible
            drawn[split] |= {combination(meaning), combination(meaning.reversed()), combination(meaning.swapped())}
    assert min(len(combinations) for combinations in drawn.values()) > 300
    assert not drawn["train"] & drawn["test"]
    assert not drawn["train"] & drawn["val"]
    assert not drawn["val"] & drawn["test"]


def test_what_is_drawn_is_varied() -> None:
    rng = np.random.default_rng(3)
    meanings = [draw_meaning(rng, split="train") for _ in range(1500)]
    relations = Counter(meaning.relation for meaning in meanings)
    assert relations[None] / 1500 == pytest.approx(0.25, abs=0.05)
    assert relations["while"] > 300
    assert relations["then"] > 300
    assert {act.motion for meaning in meanings for act in meaning.acts} == set(MOTIONS)
    assert {act.actor for meaning in meanings for act in meaning.acts} == set(ACTORS)
    assert all(len({act.actor for act in meaning.acts}) == len(meaning.acts) for meaning in meanings)


def test_drawing_for_given_actors() -> None:
    rng = np.random.default_rng(0)
    for who in (("cat",), ("cat", "dog")):
        for _ in range(20):
            assert {act.actor for act in draw_meaning(rng, split="train", actors=who).acts} == set(who)
