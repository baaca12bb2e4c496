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
    texts = [["come here", "a doghouse", "x" * 300 + " dog", "a {} dog"]]
    assert lesson_texts(texts, name="Rex", coarse="dog") == ()


def test_of_an_example_without_a_sure_text_every_known_word_is_tried():
    texts = [["a cat runs beside a tree"], ["a dog sleeps", "a cat sleeps"]]
    assert lesson_texts(texts, name="Rex", coarse="dog") == (
        ("a {} runs beside a tree", 0),
        ("a cat runs beside a {}", 0),
        ("a {} sleeps", 1),
    )
    assert lesson_texts(texts[:1], name="moonwalks", coarse="jumps") == (("a cat {} beside a tree", 0),)


def test_an_example_has_a_few_texts_each_once():
    texts = [[f"a dog {number}" for number in range(9)], ["a dog", "a dog"]]
    found = lesson_texts(texts, name="Rex", coarse="dog")
    assert [number for _, number in found] == [0, 0, 0, 0, 1]
