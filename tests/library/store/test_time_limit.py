from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from framecue.errors import InputError, LibraryError, TooSlowError
from framecue.library.search.filters import Filters, condition_for
from framecue.library.store import Store
from framecue.library.store.attempt import attempt
from framecue.library.store.time_limit import check_time, time_left, time_limit


def test_there_is_no_limit_unless_somebody_sets_one() -> None:
    assert time_left() is None
    with time_limit(None):
        assert time_left() is None
        check_time()


def test_what_is_left_of_a_limit_grows_less_and_ends() -> None:
    with time_limit(60):
        first = time_left()
        assert first is not None
        assert timedelta(seconds=59) < first <= timedelta(seconds=60)
        with time_limit(1e-9), pytest.raises(TooSlowError, match=r"the 1e-09 seconds that are allowed; ask for less"):
            check_time()
        assert time_left() is not None
    assert time_left() is None


def test_a_limit_is_for_the_thread_that_sets_it() -> None:
    with time_limit(1e-9), ThreadPoolExecutor(1) as other:
        assert other.submit(time_left).result() is None


def test_what_fails_after_the_end_was_ended_because_of_it() -> None:
    def fail() -> None:
        raise RuntimeError("Query timeout after 1 ms")

    with pytest.raises(LibraryError):
        attempt("a.lance", "read", fail)
    with time_limit(1e-9), pytest.raises(TooSlowError):
        attempt("a.lance", "read", fail)


@pytest.mark.parametrize("ask", ["scan", "count", "search"])
def test_reading_a_library_ends_in_time(make_store: Callable[..., Store], ask: str) -> None:
    store = make_store([{"path": f"/{number}.mp4"} for number in range(20)])
    asks: dict[str, Callable[[], Any]] = {
        "scan": lambda: store.table.scan(["path"]),
        "count": store.num_rows,
        "search": lambda: store.search(store.rows_at(["/1.mp4"])["/1.mp4"][0].vector, limit=3),
    }
    with time_limit(60):
        assert asks[ask]() is not None
    with time_limit(1e-9), pytest.raises(TooSlowError):
        asks[ask]()


def test_lancedb_itself_is_ended(make_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is given to LanceDB, which stops at it; here it gets none."""
    store = make_store([{"path": f"/{number}.mp4"} for number in range(200)])
    monkeypatch.setattr("framecue.library.store.table.time_left", lambda: timedelta(0))
    with pytest.raises(LibraryError, match="timeout"):
        store.table.scan(["path"], where="regexp_like(path, '(a*a*)*(b|c)*x$')")


def test_a_pattern_that_is_too_large_is_no_fault_of_the_library(make_store: Callable[..., Store]) -> None:
    store = make_store([{"path": "/a.mp4"}])
    with pytest.raises(InputError, match="a pattern is too large to look for"):
        store.table.scan(["path"], where=condition_for(store, Filters(path="?" * 1000)))
