from __future__ import annotations

import re

import pytest

from framecue.glob_patterns import GlobSet, any_pattern, escaped, set_pattern, star_pattern, unit_pattern


def test_a_text_matches_itself_alone() -> None:
    text = "a+b\\d[&&]--~~#^$(){}|.?*"
    assert re.fullmatch(escaped(text), text)
    assert not re.fullmatch(escaped("a.b"), "axb")


def test_what_is_between_brackets() -> None:
    assert GlobSet.parse("a-cx") == GlobSet(False, ((ord("a"), ord("c")),), ("x",))
    assert GlobSet.parse("!é-") == GlobSet(True, (), ("é", "-"))
    assert GlobSet.parse("b-a") == GlobSet(False, (), ())


@pytest.mark.parametrize(
    ("content", "those", "others"),
    [
        ("é", ["é", "e\u0301"], ["e", "e\u0300", "e\u0301\u0301"]),
        ("!é", ["e", "e\u0300", "a", "e\u0301\u0323"], ["é", "e\u0301"]),
        ("가-힣", ["한", "\u1112\u1161\u11ab", "하\u11ab"], ["\u1112", "a"]),
        ("!가-힣", ["\u1112", "a"], ["한", "\u1112\u1161\u11ab", "하\u11ab"]),
        ("!", ["a", "e\u0301"], [""]),
    ],
)
def test_a_unit_of_a_set_in_all_its_spellings(content: str, those: list[str], others: list[str]) -> None:
    pattern = set_pattern(GlobSet.parse(content), is_first=True)
    assert [text for text in [*those, *others] if re.fullmatch(pattern, text)] == those


def test_sets_of_many_characters_stay_small() -> None:
    # Of which most can be written in several ways.
    assert len(set_pattern(GlobSet.parse("!가-힣"), is_first=False)) < 5_000
    assert len(set_pattern(GlobSet.parse("!-\uffff"), is_first=False)) < 200_000


def test_units_and_stars_begin_with_what_begins_a_unit() -> None:
    for pattern in (any_pattern(is_first=False), star_pattern(is_first=False)):
        assert re.fullmatch(pattern, "e\u0301")
        assert not re.fullmatch(pattern, "\u0301")
    for pattern in (any_pattern(is_first=True), star_pattern(is_first=True), unit_pattern("\u0301", is_first=True)):
        assert re.fullmatch(pattern, "\u0301")
    assert not re.search(unit_pattern("\u0301", is_first=False), "\u0301")
