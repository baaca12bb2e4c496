"""Where names stand in texts."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.names.find import find_names, is_bare, name_key, text_beside

NAMES = [
    "Rex",
    "little Rex",
    "our goal celebration",
    "Zoë",
    "Grandma's kitchen",
    "レックス",
    "렉스",
    "R2",
    "C++",
    "สมชาย",
]


def found_in(text: str, names: list[str] = NAMES) -> list[tuple[str, str]]:
    return [(each.name, text[each.start : each.end]) for each in find_names(text, names)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rex catches a frisbee", [("Rex", "Rex")]),
        ("a ball for REX, and rex's bowl.", [("Rex", "REX"), ("Rex", "rex")]),
        ("Rex\u2019s (Rex) rex-like", [("Rex", "Rex")] * 2 + [("Rex", "rex")]),
        ("T-rex", [("Rex", "rex")]),
        ("Rexy, a t_rex, wreck, TRex, rex2", []),
        ("LITTLE  rex and Rex", [("little Rex", "LITTLE  rex"), ("Rex", "Rex")]),
        ("our\tGoal\n  celebration!", [("our goal celebration", "our\tGoal\n  celebration")]),
        ("our goal celebrations", []),
        ("zoe and ZOË", [("Zoë", "ZOË")]),
        (unicodedata.normalize("NFD", "with Zoë."), [("Zoë", unicodedata.normalize("NFD", "Zoë"))]),
        ("in grandma\u2019s kitchen", [("Grandma's kitchen", "grandma\u2019s kitchen")]),
        ("レックスが走る", [("レックス", "レックス")]),
        ("Rexが走る", [("Rex", "Rex")]),
        ("렉스가 달린다", [("렉스", "렉스")]),
        (unicodedata.normalize("NFD", "렉스"), [("렉스", unicodedata.normalize("NFD", "렉스"))]),
        ("알렉스가", []),
        ("Rex가 달린다", [("Rex", "Rex")]),
        ("เห็นสมชายวิ่ง", [("สมชาย", "สมชาย")]),
        ("R2D2 and R2", [("R2", "R2")]),
        ("c++ code", [("C++", "c++")]),
        ("Re\u00adx", [("Rex", "Re\u00adx")]),
        ("Rex\u0302", []),
        ("", []),
        ("   ", []),
    ],
)
def test_names_are_found_as_people_type_them(text, expected):
    assert found_in(text) == expected


def test_a_letter_that_folds_to_two_leads_back_to_itself():
    assert found_in("die STRASSE hier, Straße", ["Straße"]) == [("Straße", "STRASSE"), ("Straße", "Straße")]
    assert found_in("ßs", ["s"]) == []


def test_of_names_that_are_one_the_first_counts_and_one_without_signs_is_none():
    assert found_in("rex", ["Rex", "REX"]) == [("Rex", "rex")]
    assert found_in("a b", ["", "  ", "\u200b"]) == []
    assert name_key(" Little\u00a0\tREX ") == name_key("little rex")


def test_no_name_stands_over_another():
    assert found_in("new york city", ["york city hall", "New York", "york city"]) == [("york city", "york city")]
    assert found_in("aaa", ["aa"]) == []


@pytest.mark.parametrize(
    ("text", "bare", "beside"),
    [
        ("Rex", True, ""),
        ("a video of Rex!", True, "a video of !"),
        ("Rex's", True, "'s"),
        ("Rex and little rex", True, "and"),
        ("Rex catches a frisbee", False, "catches a frisbee"),
        ("レックスが走る", False, "が走る"),
        ("a dog", False, "a dog"),
    ],
)
def test_what_is_said_beside_names(text, bare, beside):
    found = find_names(text, NAMES)
    assert is_bare(text, found) is bare
    assert text_beside(text, found) == beside


PARTS = (
    "Rex",
    "rex",
    "ReX ",
    "little ",
    "Rex'",
    "ß",
    "ss",
    "İ",
    "e\u0301",
    "\u0301",
    "レ",
    "렉스",
    "ㄹ",
    "\u200b",
    " ",
    "-",
    "x",
)


@given(
    st.lists(st.sampled_from(PARTS), max_size=12).map("".join), st.lists(st.sampled_from(PARTS), min_size=1, max_size=4)
)
def test_what_is_found_is_the_name_and_nothing_is_found_twice(text, names):
    last = 0
    for each in find_names(text, names):
        assert last <= each.start < each.end <= len(text)
        assert name_key(text[each.start : each.end]) == name_key(each.name)
        last = each.end


@pytest.mark.parametrize("name", ["Rex", " Old\t REX`s  dog ", "a\nb\x1fc", "--Rex_2 %s"])
def test_a_plain_name_has_the_key_that_it_has_beside_other_letters(name: str):
    assert name_key(f"{name} \u00c9") == f"{name_key(name)} \u00e9"


def test_of_thousands_of_names_the_keys_are_known_to_the_next_search():
    names = [f"person {number}" for number in range(5000)]
    assert [found.name for found in find_names("PERSON 4999 falls", names)] == ["person 4999"]
    before = name_key.cache_info().misses
    find_names("person 1 falls", names)
    assert name_key.cache_info().misses == before
