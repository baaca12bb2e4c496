"""Types and ranges that pydantic reads, and its errors in framecue's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, field_validator

from framecue.validation import (
    AtLeastOne,
    AtLeastZero,
    Integer,
    Number,
    PositiveNumber,
    Strict,
    dataclass_types,
    explain,
    model_types,
    problem_with,
    shown,
    told,
    tuples_for_lists,
    unknown_key,
)


@dataclass(frozen=True, kw_only=True)
class Base:
    count: AtLeastOne = 12
    copy: bool = False  # a name that pydantic's models have for themselves


@dataclass(frozen=True, kw_only=True)
class Options(Base):
    count: int = 8  # another default, the same range
    first: AtLeastZero | None = None
    old: Optional[AtLeastOne] = None  # noqa: UP045
    rate: PositiveNumber = 1e-3
    share: Annotated[float, Field(gt=0, le=0.5)] = 0.25
    drop: Annotated[float, Field(ge=0, lt=1)] = 0.0
    layout: Literal["paper", "code"] = "paper"
    maybe: Literal["yes", "no"] | None = None
    targets: tuple[str, ...] = ("q", "v")
    sizes: tuple[int, int] | None = None
    nested: tuple[tuple[int, ...], ...] = ()
    words: list[str] = field(default_factory=list)
    where: Path = Path()
    tools: dict[str, Any] = field(default_factory=dict)


def said(**values: Any) -> str | None:
    return problem_with(Options, values, name=str)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"count": 0}, "count must be at least 1, got 0"),
        ({"count": "8"}, "count must be an integer, got '8'"),
        ({"count": 8.0}, "count must be an integer, got 8.0"),
        ({"count": True}, "count must be an integer, got True"),
        ({"count": None}, "count must be an integer, got None"),
        ({"copy": 1}, "copy must be a boolean (true or false), got 1"),
        ({"first": -1}, "first must be at least 0, got -1"),
        ({"first": "all"}, "first must be an integer or null, got 'all'"),
        ({"old": 0}, "old must be at least 1, got 0"),
        ({"old": 1.5}, "old must be an integer or null, got 1.5"),
        ({"rate": 0}, "rate must be greater than 0, got 0"),
        ({"rate": "fast"}, "rate must be a number, got 'fast'"),
        ({"rate": True}, "rate must be a number, got True"),
        ({"rate": float("inf")}, "rate must be a finite number, got inf"),
        ({"rate": float("nan")}, "rate must be a finite number, got nan"),
        ({"share": 0.6}, "share must be greater than 0 and at most 0.5, got 0.6"),
        ({"share": float("nan")}, "share must be greater than 0 and at most 0.5, got nan"),
        ({"drop": 1.0}, "drop must be at least 0 and less than 1, got 1.0"),
        ({"layout": "papers"}, "layout must be 'paper' or 'code', got 'papers'"),
        ({"maybe": "perhaps"}, "maybe must be 'yes' or 'no' or null, got 'perhaps'"),
        ({"targets": "q v"}, "targets must be a list, got 'q v'"),
        ({"targets": ["q", 3]}, "targets.1 must be a string, got 3"),
        ({"words": "q"}, "words must be a list, got 'q'"),
        ({"tools": [1]}, "tools must be a section with keys of its own, got [1]"),
        ({"cuont": 3}, "unknown key 'cuont' (did you mean 'count'?); allowed: "),
        ({"x": 3}, "unknown key 'x'; allowed: copy, count, drop, first, "),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(values: dict[str, Any], expected: str) -> None:
    problem = said(**values)
    assert problem is not None
    assert problem == expected if not expected.endswith((" ", ": ")) else problem.startswith(expected)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"count": 1, "copy": True, "first": 0, "rate": 3, "share": 0.5, "drop": 0, "maybe": "no"},
        {"first": None, "old": None, "maybe": None, "sizes": None},
        {"targets": ["q"], "sizes": [1, 2], "nested": [[1], [2, 3], []]},
        {"targets": ("q",), "sizes": (1, 2), "words": ["q"], "where": Path("a"), "tools": {"a": 1}},
    ],
)
def test_what_is_right(values: dict[str, Any]) -> None:
    assert said(**values) is None


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.text(), st.none(), st.lists(st.integers())))
def test_a_range_takes_what_is_in_it_and_says_the_rest(value: Any) -> None:
    problem = said(share=value)
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 0.5
    assert (problem is None) == fits
    if problem is not None:
        assert problem.startswith("share must be ")
        assert "\n" not in problem


def test_a_field_without_a_default_is_missing() -> None:
    @dataclass(kw_only=True)
    class Needs:
        size: int

    assert problem_with(Needs, {}) == "'size' is missing"
    assert problem_with(Needs, {"size": 1}) is None


def test_the_section_stands_before_the_key() -> None:
    assert problem_with(Options, {"count": 0}, prefix="options") == "'options.count' must be at least 1, got 0"
    problem = problem_with(Options, {"coun": 0}, prefix="options")
    assert problem is not None
    assert problem.startswith("unknown key 'options.coun' (did you mean 'options.count'?); allowed: copy, count, ")
    assert problem_with(Base, {"x": 0}, unknown=lambda key, known: f"{key}: {known}") == "x: ['count', 'copy']"


def test_a_value_is_cut_to_a_lines_part() -> None:
    problem = said(count="x" * 200)
    assert problem is not None
    assert problem.endswith("...")
    assert len(problem) < 120
    assert shown([1] * 100).endswith("...")
    assert len(shown([1] * 100)) == 80
    assert shown("short") == "'short'"


def test_a_range_is_inherited_unless_the_type_is_another() -> None:
    @dataclass(frozen=True)
    class Wider(Base):
        count: int | None = None  # type: ignore[assignment]

    assert problem_with(Options, {"count": 0}) is not None
    assert problem_with(Wider, {"count": 0}) is None
    assert list(dataclass_types(Options))[:3] == ["count", "copy", "first"]


def test_lists_become_tuples_where_a_tuple_is_meant() -> None:
    given_values = {"targets": ["q"], "sizes": [1, 2], "nested": [[1], []], "words": ["w"], "count": 3, "other": [1]}
    assert tuples_for_lists(Options, given_values) == {
        **given_values,
        "targets": ("q",),
        "sizes": (1, 2),
        "nested": ((1,), ()),
    }


class Inner(Strict):
    rate: Number = Field(default=0.5, gt=0, lt=1)
    kind: Literal["a", "b"] = "a"


class Outer(Strict):
    inner: Inner = Field(default_factory=Inner)
    size: Integer
    limit: Integer | None = Field(default=None, gt=0)
    note: str = ""

    @field_validator("note")
    @classmethod
    def _no_shouting(cls, value: str) -> str:
        if value.isupper():
            raise ValueError("should not be shouted")
        if value == "told":
            raise told("'note' is what one tells, in other words")
        return value


SECTIONS = {(): model_types(Outer), ("inner",): model_types(Inner)}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"size": "x"}, "'size' must be an integer, got 'x'"),
        ({"size": True}, "'size' must be an integer, got True"),
        ({"size": 1.5}, "'size' must be an integer, got 1.5"),
        ({"size": 1, "limit": "x"}, "'limit' must be an integer or null, got 'x'"),
        ({"size": 1, "limit": 0}, "'limit' must be greater than 0, got 0"),
        ({}, "'size' is missing"),
        ({"size": 1, "inner": {"rate": 1}}, "'inner.rate' must be greater than 0 and less than 1, got 1"),
        ({"size": 1, "inner": {"rate": True}}, "'inner.rate' must be a number, got True"),
        ({"size": 1, "inner": {"kind": "c"}}, "'inner.kind' must be 'a' or 'b', got 'c'"),
        (
            {"size": 1, "inner": {"rat": 1}},
            "unknown key 'inner.rat' (did you mean 'inner.rate'?); allowed: kind, rate",
        ),
        ({"size": 1, "inner": 3}, "'inner' must be a section with keys of its own, got 3"),
        ({"size": 1, "note": 3}, "'note' must be a string, got 3"),
        ({"size": 1, "note": "LOUD"}, "'note' should not be shouted, got 'LOUD'"),
        ({"size": 1, "note": "told"}, "'note' is what one tells, in other words"),
        (
            {"size": "x", "inner": {"kind": 3}},
            "'inner.kind' must be 'a' or 'b', got 3; 'size' must be an integer, got 'x'",
        ),
    ],
)
def test_the_errors_of_a_model(content: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(content)
    assert explain(caught.value, SECTIONS) == expected


def test_numbers_may_be_written_as_text_in_a_model() -> None:
    assert Outer.model_validate({"size": "3"}).size == 3
    assert Inner.model_validate({"rate": "0.25"}).rate == 0.25


def test_what_is_read_does_not_change() -> None:
    read = Outer.model_validate({"size": 3})
    with pytest.raises(ValidationError, match="frozen"):
        read.size = 4


def test_how_many_are_told() -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate({"size": "x", "limit": "y"})
    assert explain(caught.value, SECTIONS, most=1) == "'size' must be an integer, got 'x'"


def test_an_unknown_key_far_from_all_has_no_hint() -> None:
    assert unknown_key("zzz", ["b", "a"]) == "unknown key 'zzz'; allowed: a, b"
    assert unknown_key("s.rat", ["rate"]) == "unknown key 's.rat' (did you mean 's.rate'?); allowed: rate"


@pytest.mark.parametrize(
    "make", [lambda each: [each] * 10, lambda each: (each,) * 10, lambda each: dict.fromkeys(range(10), each)]
)
def test_a_value_that_holds_itself_many_times_is_shown_at_once(make: Any) -> None:
    value: object = "x"
    for _ in range(30):
        value = make(value)
    assert shown(value)[0] in "[({"
    assert len(shown(value)) <= 80


@pytest.mark.parametrize("value", [16**200_000, -(10**5_000), [10**5_000], {10**5_000: 1}], ids=range(4))
def test_an_integer_that_python_does_not_write(value: object) -> None:
    assert "an integer of" in shown(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=4,
    )
)
def test_what_is_short_is_shown_as_python_writes_it(value: object) -> None:
    text = repr(value)
    if len(text) <= 80 and text.count("[") + text.count("{") <= 3:
        assert shown(value) == text
