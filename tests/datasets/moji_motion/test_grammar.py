from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.datasets.moji_motion.actors import ACTORS
from framecue.datasets.moji_motion.grammar import (
    NUM_CAPTIONS,
    PHRASES,
    all_words,
    caption,
    captions,
    motion_caption,
    with_article,
)
from framecue.datasets.moji_motion.meaning import MOTIONS, RELATIONS, Act, Meaning
from framecue.errors import InputError

MOTION_OF = {phrase: motion for motion, phrases in PHRASES.items() for phrase in phrases}
ACT = st.builds(Act, st.sampled_from(sorted(ACTORS)), st.sampled_from(sorted(MOTIONS)))
MEANING = st.builds(Meaning, ACT) | st.builds(Meaning, ACT, st.sampled_from(RELATIONS), ACT).filter(
    lambda meaning: meaning.first.actor != meaning.second.actor
)


def read_act(text: str) -> Act:
    """An act from "the cat moves right" or "a cat that moves right"."""
    found = re.fullmatch(r"(?:a|an|the) (\w+) (?:that )?(.+)", text)
    assert found is not None, text
    return Act(found[1], MOTION_OF[found[2]])


def read(text: str) -> Meaning:
    """What a caption says to someone who knows English, and not how it was made."""
    for pattern, relation, order in (
        (r"while (.+), (.+)", "while", 1),
        (r"after (.+), (.+)", "then", 1),
        (r"first (.+), then (.+)", "then", 1),
        (r"(.+) and at the same time (.+)", "while", 1),
        (r"(.+) while (.+)", "while", 1),
        (r"(.+) as (.+)", "while", 1),
        (r"(.+), then (.+)", "then", 1),
        (r"(.+) and then (.+)", "then", 1),
        (r"(.+) before (.+)", "then", 1),
        (r"(.+) after (.+)", "then", -1),
    ):
        if found := re.fullmatch(pattern, text):
            first, second = (read_act(clause) for clause in found.groups()[::order])
            return Meaning(first, relation, second)
    return Meaning(read_act(re.sub("^(a clip of|here|there is) ", "", text)))


@settings(deadline=None, max_examples=300)
@given(MEANING, st.integers(0, 2**32))
def test_a_caption_says_what_the_meaning_is(meaning: Meaning, seed: int) -> None:
    assert read(caption(meaning, np.random.default_rng(seed))) == meaning


@settings(deadline=None, max_examples=30)
@given(MEANING, st.integers(0, 2**32))
def test_paraphrases_differ_and_say_the_same(meaning: Meaning, seed: int) -> None:
    made = captions(meaning, np.random.default_rng(seed), num_captions=NUM_CAPTIONS)
    assert len(set(made)) == len(made) == NUM_CAPTIONS
    assert {read(text) for text in made} == {meaning}


def test_each_motion_has_three_phrases_that_no_other_has() -> None:
    assert set(PHRASES) == set(MOTIONS)
    assert all(len(set(phrases)) >= 3 for phrases in PHRASES.values())
    assert len(MOTION_OF) == sum(len(phrases) for phrases in PHRASES.values())


def test_more_captions_than_there_are_is_refused() -> None:
    """Drawing on and on for a 25th caption of a single act would never end."""
    with pytest.raises(InputError, match="num_captions is 25; a meaning has 24"):
        captions(Meaning(Act("cat", "rise")), np.random.default_rng(0), num_captions=25)


def test_the_seed_decides() -> None:
    meaning = Meaning(Act("heart", "circle"), "then", Act("snail", "shrink"))
    assert captions(meaning, np.random.default_rng(2), num_captions=3) == (
        "after the heart circles, a snail gets smaller",
        "a heart runs around in a circle, then the snail becomes tiny",
        "after the heart circles, a snail shrinks",
    )


def test_articles() -> None:
    rng = np.random.default_rng(0)
    seen = {noun: {with_article(noun, rng) for _ in range(40)} for noun in ("apple", "cat", "small apple")}
    assert seen == {
        "apple": {"an apple", "the apple"},
        "cat": {"a cat", "the cat"},
        "small apple": {"a small apple", "the small apple"},
    }


@settings(deadline=None)
@given(MEANING, st.integers(0, 2**32))
def test_all_words_are_all(meaning: Meaning, seed: int) -> None:
    known = {*all_words(), *ACTORS}
    assert set(caption(meaning, np.random.default_rng(seed)).replace(",", "").split()) <= known


def test_actors_are_single_words() -> None:
    assert all(re.fullmatch("[a-z]+", name) for name in ACTORS)
    assert not set(ACTORS) & set(all_words())


def test_motion_caption_says_what_happens_and_not_to_whom() -> None:
    assert motion_caption(Meaning(Act("cat", "rise"))) == "rises"
    both = Meaning(Act("cat", "rise"), "then", Act("dog", "left"))
    assert motion_caption(both) == "rises then moves left"
