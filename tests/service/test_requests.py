from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from framecue.cli.query_options import read_query_line
from framecue.errors import InputError
from framecue.library import Filters, HeldMoment, InOrder, Query
from framecue.library.search.given_vectors import QueryVector
from framecue.library.search.query import SearchOptions
from framecue.library.search.weights import LegWeights
from framecue.service.requests import (
    MOST_EXPLAINED,
    MOST_OFFSET,
    MOST_RESULTS,
    HeldVideoRequest,
    SearchRequest,
    parse_json,
)

# As cli/query_options has them; a picture and a video are files there, which a service does not read by their paths.
LINE_KEYS = {"text", "with", "without", "at", "then", "within"}
OF_A_SERVICE = {"videos", "in_video", "library", "right", "wrong"}


def test_its_keys_are_those_of_a_line_and_all_options_and_filters() -> None:
    options = {item.name for item in fields(SearchOptions)} - {"filters"}
    filters = {item.name for item in fields(Filters)}
    keys = {field.alias or name for name, field in SearchRequest.model_fields.items()}
    assert keys == LINE_KEYS | options | filters | OF_A_SERVICE


@pytest.mark.parametrize(
    "document",
    [
        {"text": "a dog"},
        {"text": 'said:"hello there" a cake'},
        {"text": "rain, then sun"},
        {"text": "a", "with": "b^0.5", "without": ["c", "d^2"]},
        {"with": ["a", "said:b"]},
        {"text": "a", "then": ["b", "c"], "within": "0:30"},
        {"text": "a", "then": "b", "within": 4.5},
    ],
)
def test_it_says_what_a_line_of_a_file_of_queries_says(document: dict[str, Any]) -> None:
    assert SearchRequest.parse(document).query() == read_query_line(json.dumps(document))


def test_left_out_everything_is_as_usual() -> None:
    request = SearchRequest.parse({"text": "a"})
    assert request.options() == SearchOptions()
    assert request.library is None


def test_options_and_filters_stand_side_by_side() -> None:
    request = SearchRequest.parse(
        {
            "text": "a",
            "k": 3,
            "offset": 6,
            "all_moments": True,
            "only": ["seen", "said"],
            "weights": {"said": 2},
            "min_score": -0.5,
            "min_confidence": 0.25,
            "folder": "/v",
            "path": "*.mp4",
            "longer_than_seconds": 1,
            "shorter_than_seconds": 9.5,
            "after": "2024-05-31",
            "before": "2024-06-01",
            "kind": "video",
            "where": "end_seconds < 60",
            "library": "films",
        }
    )
    filters = Filters(
        folder="/v",
        path="*.mp4",
        longer_than_seconds=1,
        shorter_than_seconds=9.5,
        after="2024-05-31",
        before="2024-06-01",
        kind="video",
        where="end_seconds < 60",
    )
    assert request.options() == SearchOptions(
        k=3,
        offset=6,
        all_moments=True,
        only=("seen", "said"),
        weights=LegWeights(said=2),
        min_score=-0.5,
        min_confidence=0.25,
        filters=filters,
    )
    assert request.library == "films"


def test_one_video_is_a_filter_beside_the_condition_that_was_written() -> None:
    def where(**given: str) -> str | None:
        filters = SearchRequest.parse({"text": "a", **given}).options().filters
        return None if filters is None else filters.where

    assert where(in_video="f00d") == "video_id = 'f00d'"
    assert where(in_video="f00d", where="a < 1 OR b") == "video_id = 'f00d' AND (a < 1 OR b)"
    assert where(in_video="' OR ''='") == "video_id = ''' OR ''''='''"
    with pytest.raises(InputError, match="its parentheses do not match"):
        where(in_video="f00d", where="true) OR (true")


def test_videos_are_those_of_the_library() -> None:
    videos = [{"id": "f00d", "at": "1:02"}, {"id": "beef"}]
    told = SearchRequest.parse({"text": "at night", "videos": videos}).query()
    assert told.query == Query("at night", videos=[HeldMoment("f00d", 62.0), HeldMoment("beef")])
    assert HeldVideoRequest(id="f00d").at is None


def test_what_came_with_it_is_searched_for_too() -> None:
    vector = QueryVector(np.array([0.0, 1.0], dtype=np.float32).tobytes(), "of the picture a.png")
    told = SearchRequest.parse({"text": "a", "then": "b"}).query(vectors=[vector])
    assert told.query == InOrder([Query("a", vectors=vector.values), Query("b")])
    assert told.label == "a, vector of the picture a.png, then: b"


def test_what_takes_long_is_known() -> None:
    long = ({"explain": True}, {"refine": True}, {"where": "end_seconds < 60"})
    quick: tuple[dict[str, Any], ...] = ({}, {"in_video": "f00d"}, {"path": "*.mp4"})
    assert [SearchRequest.parse({"text": "a", **given}).takes_long for given in (*long, *quick)] == [True] * 3 + [
        False
    ] * 3


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], r"the request is \[\]; it must be a JSON object"),
        ("a dog", "it must be a JSON object"),
        ({"text": 3}, "text is 3; it must be a text"),
        ({"txt": "a"}, r"unknown key 'txt' \(did you mean 'text'\?\)"),
        ({"with_texts": "a"}, "unknown key 'with_texts'"),
        ({"text": "a", "image": "/etc/passwd"}, "reads no file by its path; upload it as the field image"),
        ({"text": "a", "video": "a.mp4"}, "upload it as the field video of multipart/form-data, or name a video"),
        ({"videos": ["/a.mp4"]}, r"'videos\.0' must be an object"),
        ({"videos": [{"path": "/a.mp4"}]}, r"'videos\.0\.id' is missing"),
        ({"videos": [{"id": "f0", "path": "/a"}]}, r"unknown key 'videos\.0\.path'.*; allowed: at, id"),
        ({"videos": [{"id": "f0"}] * 9}, "videos"),
        ({"text": "a", "k": 0}, f"'k' must be at least 1 and at most {MOST_RESULTS}"),
        ({"text": "a", "k": MOST_RESULTS + 1}, f"at most {MOST_RESULTS}"),
        ({"text": "a", "k": "3"}, "'k' must be an integer"),
        ({"text": "a", "k": True}, "'k' must be an integer"),
        ({"text": "a", "offset": MOST_OFFSET + 1}, f"at least 0 and at most {MOST_OFFSET}"),
        ({"text": "a", "explain": 1}, "'explain' must be a boolean"),
        ({"text": "a", "explain": True, "k": MOST_EXPLAINED + 1}, f"at most {MOST_EXPLAINED}, as each result's file"),
        ({"text": "a", "kind": "sound"}, "'kind' must be 'video' or 'image' or null"),
        ({"text": "a", "min_score": 2}, "'min_score' must be at least -1 and at most 1"),
        ({"text": "a", "after": "soon"}, "after is 'soon', which is no date"),
        ({"text": "a", "after": "2025-01-01", "before": "2024-01-01"}, "no file was recorded after"),
        ({"text": "a", "where": "a; b"}, "; has no place in it"),
        ({"text": "a", "where": "repeat(path, 9) = ''"}, "uses the function repeat"),
        ({"text": "a", "path": "/"}, "the glob of paths is '/'"),
        ({"text": "a", "folder": ""}, "the name of the folder is empty"),
        ({"text": "a", "within": 3}, "within is how soon `then` comes"),
        ({"text": "a", "then": " "}, "then is empty"),
        ({"text": "a", "hybrid": True, "only": "seen"}, "leave out it or only"),
        ({"text": "a", "in_video": ""}, "in_video is empty; give the video_id of a hit"),
        ({"text": "x" * 2001}, "text has 2001 characters; give at most 2000"),
    ],
)
def test_what_makes_no_sense_is_told_in_a_sentence(document: object, says: str) -> None:
    with pytest.raises(InputError, match=says) as told:
        SearchRequest.parse(document)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 1000


@pytest.mark.parametrize("document", [{}, {"text": ""}, {"text": " \n"}, {"k": 3}, {"then": "a"}])
def test_a_request_for_nothing_is_told_when_its_query_is_asked_for(document: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="the query is empty; describe in words what the video shows"):
        SearchRequest.parse(document).query()


def test_json_is_read_strictly() -> None:
    assert parse_json(b'{"text": "a", "k": 3}') == {"text": "a", "k": 3}
    for content, says in (
        (b"", "the request is not JSON"),
        (b"{", "the request is not JSON"),
        (b'{"k": NaN}', "NaN, which JSON does not know"),
        (b'{"k": -Infinity}', "-Infinity, which JSON"),
        (b'"\xff"', "not text in UTF-8"),
        (b"[" * 100_000, "too deep|not JSON"),
        (b"9" * 10_000, "not JSON"),
    ):
        with pytest.raises(InputError, match=says):
            parse_json(content)


def test_its_description_names_each_key() -> None:
    schema = SearchRequest.model_json_schema()
    assert schema["additionalProperties"] is False
    assert {"with", "without", "text", "weights"} <= schema["properties"].keys()
    assert all("description" in each for each in schema["properties"].values())
