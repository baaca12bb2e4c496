from __future__ import annotations

import json

from framecue.words.request import WordsRequest


def test_what_a_request_leaves_open_is_as_it_was() -> None:
    had = WordsRequest(source="speech", model="small", language="de")
    assert WordsRequest(source="speech").over(had) == had
    assert WordsRequest(source="speech", language="en").over(had) == WordsRequest(
        source="speech", model="small", language="en"
    )
    assert WordsRequest(source="speech").over(None) == WordsRequest(source="speech")
    assert WordsRequest(source="speech", language="auto").over(had) == WordsRequest(source="speech", model="small")
    assert WordsRequest(source="speech", language="auto").over(None) == WordsRequest(source="speech")


def test_a_request_comes_back_as_it_was_kept() -> None:
    request = WordsRequest(source="speech", model="/m\u00f6del", language=None)
    assert WordsRequest.from_json(request.to_json()) == request
    later = {**json.loads(request.to_json()), "beams": 5}
    assert WordsRequest.from_json(json.dumps(later)) == request
