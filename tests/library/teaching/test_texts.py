from __future__ import annotations

from framecue.library.teaching.texts import lesson_texts


def test_a_name_takes_the_place_of_itself_and_of_the_ordinary_word():
    texts = [["a dog runs", "Rex, come!"], [], ["the DOG and a dog  sleep"]]
    assert lesson_texts(texts, name="Rex", coarse="dog") == (
        ("a {} runs", 0),
        ("{}, come!", 0),
        ("the {} and a dog sleep", 2),
    )


def test_texts_that_do_not_say_where_it_belongs_are_left_out():
    assert lesson_texts([["a cat", "a doghouse", "x" * 300 + " dog", "a {} dog"]], name="Rex", coarse="dog") == ()
    assert lesson_texts([["a dog runs"]], name="Rex", coarse=None) == ()


def test_an_example_has_a_few_texts_each_once():
    texts = [[f"a dog {number}" for number in range(9)], ["a dog", "a dog"]]
    found = lesson_texts(texts, name="Rex", coarse="dog")
    assert [number for _, number in found] == [0, 0, 0, 0, 1]
