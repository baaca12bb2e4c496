from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.forms import combining, composed, has_spellings, never_composed, spellings, units

# Letters with one accent and with two, a syllable of two parts and of three, signs that have a twin, an accent that
# forms no character with its letter, and what is written in one way alone.
SIGNS = ["a", "K", "é", "ế", "ợ", "が", "한", "하", "Å", "\u212b", "\u212a", "豈", "x\u0301", "क़", "\u0301", "日", "😀"]


@pytest.mark.parametrize("sign", SIGNS)
def test_the_spellings_of_a_unit_mean_the_unit_and_all_forms_are_among_them(sign: str) -> None:
    unit = composed(sign)
    found = spellings(unit)
    assert {composed(text) for text in found} == {unit}
    assert {unit, unicodedata.normalize("NFD", unit), sign} <= set(found)


def test_partly_composed_spellings() -> None:
    assert set(spellings("ế")) == {"ế", "ê\u0301", "e\u0302\u0301"}
    assert set(spellings("한")) == {"한", "하\u11ab", "\u1112\u1161\u11ab"}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(SIGNS), max_size=6).map("".join))
def test_a_text_is_its_units(text: str) -> None:
    text = composed(text)
    found = list(units(text))
    assert "".join(found) == text
    assert all(unit[0] not in combining() for unit in found[1:])
    assert composed("".join(unicodedata.normalize("NFD", unit) for unit in found)) == text


def test_tables_are_those_of_python() -> None:
    every = [chr(code) for code in range(0x30000) if not 0xD800 <= code < 0xE000]
    assert {char for char in every if composed(char) != char} == never_composed()
    assert {char for char in every if composed(char) == char != unicodedata.normalize("NFD", char)} <= has_spellings()
    tails = {mark for char in every for mark in unicodedata.normalize("NFD", char)[1:]}
    assert tails <= combining()
    assert not any(map(str.isascii, combining()))
