from __future__ import annotations

from collections.abc import Callable

import pytest

from framecue.service.mcp.untrusted import CLOSE, OPEN
from support.assistant import Call, problem, text_of, told
from support.served import SAID, Served

Ids = Callable[[str], str]


def test_the_right_moment_comes_first(call: Call, id_of: Ids, served: Served) -> None:
    for path, caption in served.clips[:3]:
        found = told(call("search", text=caption, k=3))
        first = found["hits"][0]
        assert first["video"] == id_of(path)
        assert (first["rank"], first["kind"], first["fits"]) == (1, "video", True)
        assert 0 <= first["confidence"] <= 1
        assert found["fits"] is True
        assert found["query"] == caption


def test_no_path_is_told(call: Call, id_of: Ids, served: Served) -> None:
    for result in (
        call("search", text="a frog", k=20),
        call("info", limit=100),
        call("moments_of", video=id_of(served.film)),
        call("words_of", video=id_of(served.film)),
        call("frames", video=id_of(served.film), count=1),
    ):
        assert not result.is_error
        assert served.folder not in text_of(result)
        assert served.folder not in str(result.structured_content)


def test_what_is_said_is_found_and_marked(call: Call, id_of: Ids, served: Served) -> None:
    first = told(call("search", text=f'said:"{SAID[1]}"'))["hits"][0]
    assert first["video"] == id_of(served.film)
    assert 4 <= first["start_seconds"] < first["end_seconds"] <= 8
    assert {"leg": "said", "text": f"{OPEN}{SAID[1]}{CLOSE}", "confidence": 1.0} in first["why"]


def test_pages_follow_each_other(call: Call) -> None:
    whole = told(call("search", text="an animal", k=7))
    first = told(call("search", text="an animal", k=4))
    rest = told(call("search", text="an animal", k=4, offset=first["next_offset"]))
    assert "next_offset" not in whole
    assert "next_offset" not in rest
    assert [hit["video"] for hit in whole["hits"]] == [hit["video"] for hit in first["hits"] + rest["hits"]]
    past = told(call("search", text="an animal", offset=50))
    assert (past["hits"], "next_offset" in past) == ([], False)


def test_more_like_a_moment(call: Call, id_of: Ids, served: Served) -> None:
    start, end, _ = served.scenes[2]
    film = id_of(served.film)
    found = told(call("search", like=[{"id": film, "at": (start + end) / 2}], all_moments=True, k=1))
    assert found["hits"][0]["video"] == film
    assert found["hits"][0]["start_seconds"] == pytest.approx(start, abs=0.1)


def test_one_thing_after_another(call: Call, id_of: Ids, served: Served) -> None:
    first, second = served.scenes[0], served.scenes[2]
    found = told(call("search", text=first[2], then=[second[2]], within=20))["hits"][0]
    assert found["video"] == id_of(served.film)
    starts = [part["start_seconds"] for part in found["parts"]]
    assert starts == pytest.approx([first[0], second[0]], abs=0.1)
    assert [[why["leg"] for why in part["why"]] for part in found["parts"]] == [["seen"], ["seen"]]


def test_filters_and_legs(call: Call, id_of: Ids, served: Served) -> None:
    film = id_of(served.film)
    longer = told(call("search", text="a frog", longer_than_seconds=10))["hits"]
    assert [hit["video"] for hit in longer] == [film]
    assert told(call("search", text="worm", only=["said"]))["hits"][0]["video"] == film
    assert told(call("search", text="worm", kind="image"))["hits"] == []
    assert told(call("search", text="a frog", path="film.*"))["hits"][0]["video"] == film
    assert told(call("search", text="a stone", min_confidence=1.0))["hits"] == []


def test_moments_come_in_the_order_of_time_or_ranked(call: Call, id_of: Ids, served: Served) -> None:
    film = id_of(served.film)
    plain = told(call("moments_of", video=film, limit=3))
    assert [moment["start_seconds"] for moment in plain["moments"]] == [0.0, 4.0, 8.0]
    assert all(set(moment) == {"start_seconds", "end_seconds"} for moment in plain["moments"])
    assert plain["duration_seconds"] == 16
    rest = told(call("moments_of", video=film, limit=3, offset=plain["next_offset"]))
    assert [moment["start_seconds"] for moment in rest["moments"]] == [12.0]
    assert "next_offset" not in rest
    start, _, caption = served.scenes[1]
    ranked = told(call("moments_of", video=film, text=caption))["moments"]
    assert ranked[0]["start_seconds"] == pytest.approx(start, abs=0.1)
    assert len(ranked) == 4
    assert ranked[0]["confidence"] > ranked[1]["confidence"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("search", {}),
        ("search", {"text": "   "}),
        ("search", {"text": "a", "before": "yesterday"}),
        ("search", {"text": "a", "longer_than_seconds": 5, "shorter_than_seconds": 2}),
        ("search", {"text": "a", "within": 3}),
        ("search", {"like": [{"id": "0" * 40}]}),
        ("search", {"text": "a", "library": "elsewhere"}),
        ("moments_of", {"video": "../../etc/passwd"}),
        ("moments_of", {"video": "' OR 1=1 --", "text": "a"}),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    call: Call, served: Served, tool: str, arguments: dict[str, object]
) -> None:
    told = problem(call(tool, **arguments))
    assert 10 < len(told) < 400
    assert served.folder not in told
