from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from framecue.errors import InputError
from framecue.library.search.query import HeldMoment
from framecue.service.held_moments import LARGEST_RANK, MOST_MARKS, MOST_MOMENTS
from framecue.service.naming import TeachRequest, parse_request
from framecue.service.requests import MOST_OFFSET, MOST_RESULTS, SearchRequest

SCHEMA = SearchRequest.model_json_schema()
MARKS = Draft202012Validator(SCHEMA["properties"]["right"])


def marked(*marks: object) -> SearchRequest:
    return SearchRequest.parse({"text": "a", "right": list(marks)})


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ({"id": "f00d", "start_seconds": 2.0, "end_seconds": 4}, HeldMoment("f00d", 3.0)),
        ({"id": "f00d", "start_seconds": 2}, HeldMoment("f00d", 2.0)),
        ({"id": "f00d", "start_seconds": 0, "end_seconds": None}, HeldMoment("f00d", 0.0)),
    ],
)
def test_a_moment_is_the_middle_of_its_times(given: dict[str, Any], moment: HeldMoment) -> None:
    assert marked(given, 7).right == (moment, 7)
    assert parse_request(TeachRequest, {"name": "Rex", "like": [given]}).like == (moment,)
    MARKS.validate([given, 7])


def test_a_whole_video_is_an_example_and_no_mark() -> None:
    assert parse_request(TeachRequest, {"name": "Rex", "like": [{"id": "f00d"}]}).like == (HeldMoment("f00d"),)
    for given in ({"id": "f00d"}, {"id": "f00d", "start_seconds": None}):
        assert not MARKS.is_valid([given])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (0, "right.0 is 0; it must be a rank"),
        (LARGEST_RANK + 1, "right.0 is 10501; it must be a rank"),
        (True, "right.0 is True; it must be a moment"),
        (1.5, "right.0 is 1.5; it must be a moment"),
        ("1", "right.0 is '1'; it must be a moment"),
        ({"id": " "}, "right.0.id is empty; give the video_id of a hit"),
        ({"id": 5}, "right.0.id is 5; it must be a text"),
        ({"start_seconds": 1}, "right.0.id is None; it must be a text"),
        ({"id": "a", "path": "/etc/passwd"}, "unknown key 'right.0.path'"),
        ({"id": "a", "start_seconds": -1}, "right.0.start_seconds is -1; it must be a time in seconds, 0 or more"),
        ({"id": "a", "start_seconds": "1:00"}, "right.0.start_seconds is '1:00'; it must be a time"),
        ({"id": "a"}, 'right.0 has no start_seconds, and a mark is a moment: {"id": VIDEO_ID, "start_seconds": 2.5'),
        ({"id": "a", "start_seconds": None}, "right.0 has no start_seconds"),
        ({"id": "a", "end_seconds": 1}, "right.0 has end_seconds and no start_seconds"),
        ({"id": "a", "start_seconds": 2, "end_seconds": 1}, "right.0 ends at 1 s, before it starts at 2 s; swap them"),
        ({"id": "a" * 201}, "right.0.id has 201 characters; give at most 200"),
    ],
)
def test_what_is_no_mark_is_told_with_its_place(given: object, told: str) -> None:
    with pytest.raises(InputError) as caught:
        marked(given)
    assert str(caught.value).startswith(told)
    assert "\n" not in str(caught.value)


def test_an_example_may_say_what_is_seen_in_it() -> None:
    given = [{"id": "a", "start_seconds": 1, "text": "Rex runs"}, {"id": "b", "text": None}]
    asked = parse_request(TeachRequest, {"name": "Rex", "like": given})
    assert asked.like == ((HeldMoment("a", 1.0), "Rex runs"), HeldMoment("b"))
    Draft202012Validator(TeachRequest.model_json_schema()["properties"]["like"]).validate(given)
    for text, told in ((5, "like.0.text is 5; it must be a text"), ("x" * 201, "like.0.text has 201 characters")):
        with pytest.raises(InputError, match=told):
            parse_request(TeachRequest, {"name": "Rex", "like": [{"id": "a", "text": text}]})
    with pytest.raises(InputError, match=r"unknown key 'unlike\.0\.text'"):
        parse_request(TeachRequest, {"name": "Rex", "unlike": [{"id": "a", "text": "Rex runs"}]})


def test_both_lists_are_bounded() -> None:
    with pytest.raises(InputError, match=f"right has {MOST_MARKS + 1} results; give at most {MOST_MARKS}"):
        marked(*range(1, MOST_MARKS + 2))
    lesson = {"name": "Rex", "like": [{"id": "a"}] * (MOST_MOMENTS + 1)}
    with pytest.raises(InputError, match=f"like has {MOST_MOMENTS + 1} moments; give at most {MOST_MOMENTS}"):
        parse_request(TeachRequest, lesson)
    with pytest.raises(InputError, match="unlike is 5; it must be a list of moments"):
        parse_request(TeachRequest, {"name": "Rex", "unlike": 5})
    assert LARGEST_RANK == MOST_OFFSET + MOST_RESULTS


def test_a_result_is_marked_in_one_way() -> None:
    with pytest.raises(InputError, match="marked as right and as wrong"):
        SearchRequest.parse({"text": "a", "right": [1], "wrong": [2, 1]})
