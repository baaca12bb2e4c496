from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from framecue.service import request_fields as kinds
from framecue.service.request_fields import LONGEST_TEXT, MOST_TEXTS


def problem(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as told:
        TypeAdapter(kind).validate_python(value)
    return str(told.value.errors()[0]["msg"])


def test_one_text_or_several() -> None:
    texts = TypeAdapter(kinds.Texts)
    assert texts.validate_python("a") == ("a",)
    assert texts.validate_python(["a", "b^2"]) == ("a", "b^2")
    assert texts.validate_python([]) == ()
    assert "give at most 8" in problem(kinds.Texts, ["a"] * (MOST_TEXTS + 1))
    assert "give at most 3" in problem(kinds.Following, ["a"] * 4)
    for wrong in (3, None, {"a": 1}, ["a", 3], [["a"]]):
        assert "must be a text" in problem(kinds.Texts, wrong)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("x" * (LONGEST_TEXT + 1), "has 2001 characters; give at most 2000"),
        ("\ud800", "not valid Unicode"),
        ("a\0b", "a character 0"),
        (b"bytes", "must be a text"),
        (True, "must be a text"),
    ],
)
def test_a_text_that_cannot_be_used_is_told(value: object, says: str) -> None:
    assert says in problem(kinds.Text, value)


def test_times_are_numbers_or_what_people_write() -> None:
    time = TypeAdapter(kinds.Time)
    assert [time.validate_python(value) for value in (None, 0, 12.5, "12.5", "30s", "1:02:03")] == [
        *(None, 0, 12.5, 12.5, 30, 3723),
    ]
    for wrong in (-1, 1e10, float("nan"), float("inf"), True, "soon", [1], "9" * 300):
        assert "time" in problem(kinds.Time, wrong) or "characters" in problem(kinds.Time, wrong)


def test_legs_by_their_names() -> None:
    legs = TypeAdapter(kinds.Legs)
    assert legs.validate_python("said") == ("said",)
    assert legs.validate_python(["said", "seen"]) == ("said", "seen")
    for wrong in ("heard", ["said", "heard"], [["said"]], 3, {"said": 1}, None):
        assert "one or several of seen, said" in problem(kinds.Legs, wrong)


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ({"sad": 2}, "did you mean 'weights.said'?"),
        ({"said": -1}, "weights.said is -1; it must be a number, 0 or more"),
        ({"said": "2"}, "weights.said is '2'"),
        ({"said": 1e300}, "it must be at most 1000"),
        ({"said": True}, "weights.said is True"),
        ({"elsewhere": 1}, "it is a share, less than 1"),
        ({"said": float("nan")}, "must be a number"),
        ([("said", 2)], "must be an object"),
    ],
)
def test_weights_that_make_no_sense_are_told(weights: object, says: str) -> None:
    assert says in problem(kinds.LegNumbers, weights)


def test_an_id_is_not_empty() -> None:
    assert TypeAdapter(kinds.Identity).validate_python("f00d") == "f00d"
    assert "give the video_id of a hit" in problem(kinds.Identity, " ")


@pytest.mark.parametrize("kind", [kinds.Texts, kinds.Following, kinds.Time, kinds.Legs, kinds.LegNumbers])
def test_each_says_what_it_takes(kind: Any) -> None:
    schema = TypeAdapter(kind).json_schema()
    assert {each["type"] for each in schema["anyOf"]} & {"string", "number", "object"}
