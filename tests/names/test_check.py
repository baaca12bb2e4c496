"""What may be a name."""

from __future__ import annotations

import pytest

from framecue.errors import InputError
from framecue.names.check import checked_name, is_ordinary


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        *(
            ("Rex", "Rex"),
            (" little\n Rex ", "little Rex"),
            ("Zoe\u0308", "Zoë"),
            ("レックス", "レックス"),
            ("🐕", "🐕"),
        ),
        *(("R2-D2", "R2-D2"), ("👩\u200d🍳", "👩\u200d🍳"), ("x" * 99, "x" * 99), ("7", "7")),
    ],
)
def test_a_name_is_kept_as_it_is_read(name, kept):
    assert checked_name(name) == kept


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("x" * 100, "has 100 characters; give at most 99"),
        ("?!...", "has no letter"),
        ("{}", "has no letter"),
        ("\ufe0f", "has no letter"),
        ("\u0301", "has no letter"),
        ("\u3164", "has no letter"),
        ("Re\x00x", "U\\+0000"),
        ("\x1b[31mRex", "U\\+001B"),
        ("\u202exeR", "U\\+202E"),
        ("Re\udc80x", "U\\+DC80"),
    ],
)
def test_what_cannot_be_a_name_is_told(name, words):
    with pytest.raises(InputError, match=words):
        checked_name(name)


@pytest.mark.parametrize(
    "word",
    [
        *("penguin", "Penguins", "the dog", "A HOUSE", "running", "cities", "baked", "I", "dogs", "runs"),
        # Letters and numbers stand in many a text.
        *("a", "x", "Ž", "7", "the 7", "2024", "٣"),
    ],
)
def test_ordinary_words_and_their_forms_are_known(word):
    assert is_ordinary(word)


@pytest.mark.parametrize(
    "name", ["Rex", "the moonwalk", "our goal celebration", "red car", "Bella", "犬", "🐕", "R2", "ring-a"]
)
def test_names_are_not_ordinary(name):
    assert not is_ordinary(name)
