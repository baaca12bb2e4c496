from __future__ import annotations

from pathlib import Path
from typing import Any

import lancedb
import pytest

from framecue.errors import FramecueError, LibraryError
from framecue.library.store.attempt import attempt, connect, index_cache_bytes
from framecue.library.store.sql import is_one_of, quoted


def test_errors_become_one_kind_with_one_line() -> None:
    def fail() -> None:
        raise RuntimeError("lance error: no room, /place/in/sources.rs:1:2\nmore")

    with pytest.raises(LibraryError, match=r"^library /x cannot be read: lance error: no room$"):
        attempt("/x", "read", fail)
    with pytest.raises(KeyError):
        attempt("/x", "read", lambda: {}["not LanceDB's"])
    assert attempt("/x", "read", lambda: 7) == 7


def test_an_error_without_words_is_named() -> None:
    def fail() -> None:
        raise OSError

    with pytest.raises(LibraryError, match=r"cannot be written: OSError$"):
        attempt("/x", "written", fail)


def test_libraries_of_a_process_share_what_is_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions, connect_by_lancedb = [], lancedb.connect

    def watched(uri: str, *, session: lancedb.Session, **options: Any) -> lancedb.DBConnection:
        sessions.append(session)
        return connect_by_lancedb(uri, session=session, **options)

    monkeypatch.setattr(lancedb, "connect", watched)
    for name in ("a", "b", "a"):
        connect(str(tmp_path / name))
    assert len(sessions) == 3
    assert all(session is sessions[0] for session in sessions)


def test_texts_are_quoted() -> None:
    assert quoted("it's") == "'it''s'"
    assert is_one_of(["/a", "/it's"]) == "path IN ('/a', '/it''s')"


@pytest.mark.parametrize(("told", "expected"), [(None, 1 << 30), ("", 1 << 30), ("4", 4 << 30), (" 0.5 ", 1 << 29)])
def test_how_much_of_an_index_is_kept_is_told_by_the_environment(monkeypatch, told: str | None, expected: int) -> None:
    monkeypatch.delenv("FRAMECUE_INDEX_CACHE_GB", raising=False)
    if told is not None:
        monkeypatch.setenv("FRAMECUE_INDEX_CACHE_GB", told)
    assert index_cache_bytes() == expected


@pytest.mark.parametrize("told", ["much", "0", "-1", "nan", "inf"])
def test_what_is_no_number_of_gigabytes_is_refused(monkeypatch, told: str) -> None:
    monkeypatch.setenv("FRAMECUE_INDEX_CACHE_GB", told)
    with pytest.raises(FramecueError, match=f"FRAMECUE_INDEX_CACHE_GB is '{told}'; give a number of gigabytes"):
        index_cache_bytes()
