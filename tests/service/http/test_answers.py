from __future__ import annotations

import json
import os

import pytest

from framecue.service.http.answers import AsciiJSONResponse


@pytest.mark.parametrize(
    "value",
    [
        {"path": os.fsdecode(b"/caf\xe9.mp4"), "name": "\ud83d"},
        {"text": "<script>alert('&amp;')</script>", "emoji": "🐙", "line": "\u2028"},
        [1.5, None, True, "\x00\x1f"],
    ],
)
def test_anything_is_written_in_ascii_and_read_as_it_was(value: object) -> None:
    body = AsciiJSONResponse(value).body
    assert bytes(body).isascii()
    assert json.loads(bytes(body)) == value
    assert not set(b"<>&") & set(bytes(body))


def test_what_json_does_not_know_is_not_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        AsciiJSONResponse(float("nan"))
