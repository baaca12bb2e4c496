from __future__ import annotations

import pytest

from framecue.errors import InputError
from framecue.library.teaching.texts import given_text, placed_texts, tried_texts


def test_a_name_takes_the_place_of_itself_and_of_the_ordinary_word():
    texts = ["a dog runs", "Rex, come!", "the DOG and a dog  sleep", "a {} sits"]
    assert placed_texts(texts, name="Rex", coarse="dog") == (
        "a {} runs",
        "{}, come!",
        "the {} and a dog sleep",
        "a {} sits",
    )


def test_texts_that_do_not_say_where_it_belongs_are_left_out():
    texts = ["come here", "a doghouse", "x" * 300 + " dog", "a {0} dog", "{} and {}", "} dog {"]
    assert placed_texts(texts, name="Rex", coarse="dog") == ()


def test_where_no_text_says_it_every_known_word_is_tried():
    texts = ["a cat runs beside a tree", "come here"]
    assert placed_texts(texts, name="Rex", coarse="dog") == ()
    assert tried_texts(texts, coarse="dog") == ("a {} runs beside a tree", "a cat runs beside a {}")
    assert tried_texts(texts, coarse=None) == ("a {} runs beside a tree", "a cat runs beside a {}")
    assert tried_texts(texts, coarse="jumps") == ("a cat {} beside a tree",)


def test_an_example_has_a_few_texts_each_once():
    assert placed_texts(["a dog", "a  dog", *(f"a dog {number}" for number in range(9))], name="Rex", coarse="dog") == (
        "a {}",
        "a {} 0",
        "a {} 1",
        "a {} 2",
    )


def test_what_a_person_says_has_to_say_where_it_belongs():
    assert given_text("rex runs", name="Rex", coarse=None) == "{} runs"
    with pytest.raises(InputError, match="'a cat' cannot be said of an example: it must have 'Rex' or 'dog' in it"):
        given_text("a cat", name="Rex", coarse="dog")
    with pytest.raises(InputError, match="200 letters at most"):
        given_text("Rex " + "x" * 200, name="Rex", coarse=None)
