"""Words of things and of actions, and the places that a name may have among them."""

from __future__ import annotations

import pytest

from framecue.datasets.moji_motion.actors import ACTORS
from framecue.names.known_words import ACTIONS, THINGS, is_action, places_tried


def test_each_word_is_there_once_and_of_one_kind():
    assert len(set(THINGS)) == len(THINGS)
    assert len(set(ACTIONS)) == len(ACTIONS)
    assert not set(THINGS) & set(ACTIONS)
    assert all(word == word.casefold() and word.isalpha() for word in (*THINGS, *ACTIONS))


def test_the_bundled_models_actors_are_known():
    assert set(ACTORS) <= set(THINGS)


@pytest.mark.parametrize("words", ["jumps", "Jumping", "spin", "falls down", "jump"])
def test_actions(words: str):
    assert is_action(words)


@pytest.mark.parametrize("words", ["dog", "", "brush", "a dog that jumps", "king"])
def test_no_actions(words: str):
    assert not is_action(words)


def test_each_known_word_is_tried_in_turn():
    assert places_tried("A Cat rises, then the dog's ball falls") == [
        "A {} rises, then the dog's ball falls",
        "A Cat rises, then the {}'s ball falls",
        "A Cat rises, then the dog's {} falls",
    ]
    assert places_tried("a cat rises, then it falls", for_action=True) == [
        "a cat {}, then it falls",
        "a cat rises, then it {}",
    ]
    assert places_tried("quite another thing") == []


def test_a_text_with_a_place_has_no_other():
    assert places_tried("a {} and a dog") == []
