from __future__ import annotations

import pytest

from framecue.errors import InputError
from framecue.library.store import Store

COLUMNS = (
    "video_id, path, start_seconds, end_seconds, duration_seconds, size_bytes, modified_seconds, caption, subtitles, "
    "text, indexed_seconds, reading, kind, recorded_seconds"
)


@pytest.fixture
def store(make_store) -> Store:
    return make_store([{"path": "/a.mp4"}])


@pytest.mark.parametrize(
    "where",
    [
        "path LIKE '%.mp4' AND duration_seconds BETWEEN 1 AND 90",
        "caption IS NULL OR caption = ''",
        "lower(subtitles) LIKE '%hello%'",
        "end_seconds - start_seconds > 1.5",
        "size_bytes > 1000000",
        "video_id IN ('x', 'y')",
    ],
)
def test_what_can_be_asked(store: Store, where: str) -> None:
    store.check_condition(where)


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("nope > 3", "there is no column nope"),
        ('path = "/a.mp4"', "there is no column"),
        ("path = ", "Expected: an expression"),
        ("path = 'x' foo bar", "Expected: ), found: foo"),
        ("path", "it is neither true nor false of a video"),
        ("nosuch(path) = 1", "nosuch"),
        ("duration_seconds > 'x'", "could not convert"),
        ("size_bytes > 1.5", "could not convert"),
        ("count(*) > 1", "not"),
        ("path IN (SELECT path FROM t)", "not supported"),
    ],
)
def test_what_cannot_is_one_line_that_names_the_columns(store: Store, where: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        store.check_condition(where)
    message = str(caught.value)
    assert message.startswith(f"the condition (where) {where!r} cannot be used: ")
    assert says in message
    assert message.endswith(f"; columns: {COLUMNS}")
    assert "\n" not in message
    assert ".rs" not in message
