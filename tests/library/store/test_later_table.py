from __future__ import annotations

import os
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from lancedb.db import LanceDBConnection

from framecue.library.store.attempt import connect
from framecue.library.store.later_table import LaterTable, commits_of
from framecue.library.store.table import Table

SCHEMA = pa.schema([pa.field("name", pa.string())])


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return str(tmp_path / "videos.lance")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tables that were opened, or looked for, since."""
    names, really = [], LanceDBConnection.open_table
    monkeypatch.setattr(LanceDBConnection, "open_table", lambda self, name: (names.append(name), really(self, name))[1])
    return names


def write(uri: str, *names: str) -> None:
    """What another process does."""
    table = connect(uri).create_table("notes", schema=SCHEMA, exist_ok=True)
    table.add(pa.table({"name": list(names)}, schema=SCHEMA))


def names_in(table: Table | None) -> list[str]:
    assert table is not None
    return sorted(table.scan(["name"]).column("name").to_pylist())


def test_it_is_opened_once_for_each_commit_of_others(uri: str, opened: list[str]) -> None:
    later = LaterTable(uri, connect(uri), "notes")
    assert later.table() is None
    assert opened == []  # its folder tells that there is none
    write(uri, "a")
    assert later.table() is None  # as it was
    for _ in range(3):
        later.refresh()
        assert names_in(later.table()) == names_in(later.table()) == ["a"]
    assert opened == ["notes"]
    write(uri, "b")
    del opened[:]
    assert names_in(later.table()) == ["a"]
    for _ in range(3):
        later.refresh()
        assert names_in(later.table()) == ["a", "b"]
    assert opened == ["notes"]


def test_one_that_was_deleted_is_gone_and_one_that_was_made_anew_is_another(uri: str) -> None:
    later = LaterTable(uri, connect(uri), "notes")
    write(uri, "a")
    assert names_in(later.table()) == ["a"]
    shutil.rmtree(Path(uri) / "notes.lance")
    later.refresh()
    assert later.table() is None
    write(uri, "b")  # with the same numbers of commits
    later.refresh()
    assert names_in(later.table()) == ["b"]


def test_what_this_process_makes_and_takes_out_is_known_at_once(uri: str) -> None:
    later = LaterTable(uri, connect(uri), "notes")
    assert later.table() is None
    later.put(Table(uri, connect(uri).create_table("notes", schema=SCHEMA)))
    assert names_in(later.table()) == []
    write(uri, "a")
    later.refresh()
    assert names_in(later.table()) == ["a"]
    later.put(None)
    assert later.table() is None


def test_a_folder_without_a_commit_is_no_table(uri: str) -> None:
    (Path(uri) / "notes.lance" / "_versions").mkdir(parents=True)
    assert LaterTable(uri, connect(uri), "notes").table() is None


def test_each_commit_makes_another_value(uri: str) -> None:
    assert commits_of(uri, "notes") == ()
    seen = []
    for name in "abc":
        write(uri, name)
        seen.append(commits_of(uri, "notes"))
        assert commits_of(uri, "notes") == seen[-1]
    assert len(set(seen)) == 3


def test_where_that_cannot_be_known_no_value_equals_another(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert commits_of("s3://bucket/videos.lance", "notes") != commits_of("s3://bucket/videos.lance", "notes")
    write(uri, "a")

    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", refuse)
    assert commits_of(uri, "notes") != commits_of(uri, "notes")
