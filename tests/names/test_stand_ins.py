"""Reading names in texts by a tokenizer: what is put in their places, and where."""

from __future__ import annotations

import re

import numpy as np
import pytest

from framecue.errors import InputError, ModelError
from framecue.names.stand_ins import STAND_INS, choose_stand_ins, read_names
from framecue.names.taught import TaughtTokens

START, END, PAD, UNKNOWN = 1, 2, 0, 3
WORDS = ("umbrella", "rabbit", "train", "s", "dog", "runs", "the", ",", "が", "走る")
LENGTH = 12


def encode(text: str, *, pads: bool = False, first: bool = False, drops: str = "", length: int = LENGTH):
    """A tokenizer of whole words; `first`: the first word of a text has a token of its own, as in Gemma's."""
    words = re.findall(r"\w+|[^\w\s]", text.casefold().translate(str.maketrans("", "", drops)))
    ids = [10 + WORDS.index(word) if word in WORDS else UNKNOWN for word in words]
    if first and ids and ids[0] != UNKNOWN:
        ids[0] += 50
    ids = [START, *ids[: length - 2], END]
    mask = [1] * len(ids)
    if pads:
        ids, mask = ids + [PAD] * (length - len(ids)), mask + [0] * (length - len(mask))
    return np.array(ids, dtype=np.int64), np.array(mask, dtype=np.int64)


def name(words: str, count: int = 1, *, stand_ins: tuple[str, ...] = ("umbrella", "rabbit", "train"), value: float = 1):
    vectors = np.arange(count * 4, dtype=np.float32).reshape(count, 4) + 100 * value
    return TaughtTokens(words, vectors, stand_ins)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("pads", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_name_is_read_as_its_tokens_in_its_place(count, pads, first):
    rex = name("Rex", count)
    for text, place in (("Rex runs", 1), ("the dog, REX, runs", 4)):
        read = read_names(text, [rex], lambda given: encode(given, pads=pads, first=first))
        np.testing.assert_array_equal(read.places, np.arange(place, place + count))
        np.testing.assert_array_equal(read.vectors, rex.vectors)
        assert read.vectors.dtype == np.float32
        assert read.text.count("umbrella") == count
        expected, mask = encode(read.text, pads=pads, first=first)
        np.testing.assert_array_equal(read.ids, expected)
        np.testing.assert_array_equal(read.mask, mask)
        assert read.names == ("Rex",)


def test_a_text_without_names_is_none():
    assert read_names("the dog runs", [name("Rex")], encode) is None
    assert read_names("the dog runs", [], encode) is None


def test_each_name_of_a_text_has_words_of_its_own_in_the_texts_order():
    rex, bella = name("Rex", 2), name("little Bella", 1, value=7)
    read = read_names("Little bella, Rex, little BELLA", [rex, bella], encode)
    assert read.text == "umbrella, rabbit rabbit, umbrella"
    np.testing.assert_array_equal(read.places, [1, 3, 4, 6])
    np.testing.assert_array_equal(read.vectors, np.concatenate([bella.vectors, rex.vectors, bella.vectors]))
    assert read.names == ("little Bella", "Rex")


def test_a_word_that_the_text_has_does_not_stand_in():
    read = read_names("the umbrella of Rex", [name("Rex")], encode)
    assert read.text == "the umbrella of rabbit"
    np.testing.assert_array_equal(read.places, [4])
    # Also where the tokenizer alone makes that word of it.
    read = read_names("um-brella: Rex", [name("Rex")], lambda text: encode(text, drops="-"))
    np.testing.assert_array_equal(read.places, [3])
    with pytest.raises(InputError, match="every word that could stand in"):
        read_names("Rex: umbrella, rabbit, train", [name("Rex")], encode)
    two = [name("Rex", stand_ins=("umbrella", "rabbit")), name("Bella", stand_ins=("umbrella", "rabbit"))]
    with pytest.raises(InputError, match="every word that could stand in"):
        read_names("Rex with Bella's umbrella", two, encode)


def test_what_is_written_onto_a_name_stands_apart_where_it_would_make_another_word_of_it():
    # As typed, where the tokenizer takes the sign for a word of its own; else with spaces around the name.
    assert read_names("Rex's dog", [name("Rex")], encode).text == "umbrella's dog"
    read = read_names("Rex's dog", [name("Rex")], lambda text: encode(text, drops="'"))
    assert read.text == " umbrella 's dog"
    np.testing.assert_array_equal(read.places, [1])
    read = read_names("レックスが", [name("レックス", 2)], encode)
    np.testing.assert_array_equal(read.places, [1, 2])
    assert encode(read.text)[0][3] == 10 + WORDS.index("が")


@pytest.mark.parametrize("pads", [False, True])
@pytest.mark.parametrize(("before", "left"), [(6, 4), (7, 3), (9, 1), (10, 0), (30, 0)])
def test_a_name_is_cut_where_its_text_is(before, left, pads):
    rex = name("Rex", 4)
    text = "the " * before + "Rex runs"
    read = read_names(text, [rex], lambda given: encode(given, pads=pads))
    np.testing.assert_array_equal(read.places, np.arange(before + 1, before + 1 + left))
    np.testing.assert_array_equal(read.vectors, rex.vectors[:left])
    assert read.vectors.shape == (left, 4)


def test_a_tokenizer_that_splits_the_stand_ins_is_another_models():
    with pytest.raises(ModelError, match="'Rex', so the name was taught to another model; teach it again"):
        read_names("Rex runs", [name("Rex", stand_ins=("butterfly", "unknown"))], encode)
    # The next word does.
    assert read_names("Rex", [name("Rex", stand_ins=("butterfly", "rabbit"))], encode).text == "rabbit"


def test_stand_ins_are_words_of_one_token_wherever_they_stand():
    assert choose_stand_ins(encode) == ("umbrella", "rabbit", "train", "dog", "the")
    assert choose_stand_ins(lambda text: encode(text, first=True)) == ("umbrella", "rabbit", "train", "dog", "the")
    assert choose_stand_ins(encode, ("unheard", "s", "train")) == ("s", "train")
    with pytest.raises(ModelError, match="splits every ordinary word"):
        choose_stand_ins(encode, ("unheard", "dogs"))

    def letters(text: str):
        ids = [START, *(ord(sign) for sign in text.replace(" ", "")), END]
        return np.array(ids), np.ones(len(ids), dtype=np.int64)

    with pytest.raises(ModelError, match="splits every ordinary word"):
        choose_stand_ins(letters)
    assert len(set(STAND_INS)) == len(STAND_INS)
