from __future__ import annotations

import numpy as np
import pytest

from framecue.errors import InputError, LibraryError
from framecue.library.store import Store

COLUMNS = (
    "video_id, path, start_seconds, end_seconds, duration_seconds, size_bytes, modified_seconds, caption, subtitles, "
    "text, indexed_seconds, reading, kind, recorded_seconds, object_tag"
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


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("1/0 > 1", "divide by zero"),
        ("duration_seconds > 0 AND size_bytes % (size_bytes - size_bytes) = 1", "divide by zero"),
        ("cast(path as int) > 1", "cannot cast string '/a.mp4'"),
        ("to_timestamp('x') is null", "error parsing timestamp from 'x'"),
        ("split_part(path, '/', 0) = 'a'", "field position must not be zero"),
        ("abs(-9223372036854775808) > 1", "overflow on abs"),
        ("regexp_like(path, '((a{0,100}){0,100}){0,100}')", "Regular expression did not compile"),
    ],
)
def test_a_condition_that_fails_for_a_row_is_no_damaged_library(store: Store, where: str, says: str) -> None:
    store.check_condition(where)
    for read in (
        lambda: store.num_files(f"({where})"),
        lambda: store.search(np.ones(4, dtype=np.float32), limit=3, where=f"({where})"),
        lambda: store.to_arrow(where=f"({where})"),
    ):
        with pytest.raises(InputError) as caught, store.condition_at_work(where):
            read()
        message = str(caught.value)
        assert message.startswith(f"the condition (where) {where!r} cannot be used: ")
        assert says.lower() in message.lower()
        assert "\n" not in message
        assert ".rs" not in message


def test_a_damaged_library_is_no_wrong_condition(store: Store) -> None:
    store.check_condition("duration_seconds > 0")
    for where in (None, "duration_seconds > 0"):
        with pytest.raises(LibraryError, match="damaged"), store.condition_at_work(where):
            raise LibraryError("damaged")
