from __future__ import annotations

import pytest

from framecue.library.store.misheard import misheard_places, shares_stem
from framecue.library.store.phrases import tokens_of


@pytest.mark.parametrize(
    ("phrase", "text", "places"),
    [
        ("cleaned the plates", "My sister cleaned the plate after dinner", [(2, 5)]),
        ("camped for a week", "he camped for the week in the forest", [(1, 5)]),
        # As it stands it is no mistake.
        ("cleaned the plates", "cleaned the plates", []),
        # Another word is another phrase.
        ("boss caught a", "that my mask caught a huge fish", []),
        ("signed the mortgage", "signed the contract", []),
        # One of two is too many, and so are two of four.
        ("the plates", "the plate", []),
        ("cleaned the plates twice", "cleans the plate twice", []),
        ("cleaned the old plates at the lake", "cleans the old plate at the lake", [(0, 7)]),
        ("one two three", "two three", []),
    ],
)
def test_every_third_word_may_be_another_form(phrase: str, text: str, places: list[tuple[int, int]]) -> None:
    assert [*misheard_places(tokens_of(phrase), tokens_of(text))] == places


def test_forms_of_one_word_begin_alike() -> None:
    assert shares_stem("plates", "plate")
    assert shares_stem("signed", "signing")
    assert not shares_stem("mask", "boss")
    assert not shares_stem("car", "carwash")
