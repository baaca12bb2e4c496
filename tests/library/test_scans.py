"""How often commands ask LanceDB: the whole table is read once at most, and nothing is asked for twice."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lancedb.db import LanceDBConnection
from lancedb.table import LanceTable

from framecue.library import Filters, Library, Query
from framecue.library.store import Store
from framecue.library.store.filter_indexes import indexed_columns, lacking, make_indexes
from framecue.library.store.table import TABLE
from support.colours import ColourEncoder


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """LanceDB's plans of all that has read rows of the whole table of segments; what indexes know is no such thing.

    LanceDB's merges are left out: they read the keys of all rows, whatever the caller does.
    """
    found: list[str] = []
    execute, count, explain = LanceTable._execute_query, LanceTable.count_rows, LanceTable._explain_plan

    def note(plan: str) -> None:
        # Full text search asks its index alone, and takes the rows that it finds by their numbers.
        reads_fragments = "num_fragments=" in plan or "FtsScorer" not in plan
        if reads_fragments and ("ScalarIndexQuery" not in plan or "refine_filter=--" not in plan):
            found.append(plan)

    def executed(table: LanceTable, query, *args, **named):
        if table.name == TABLE:
            note(explain(table, query))
        return execute(table, query, *args, **named)

    def counted(table: LanceTable, filter: str | None = None) -> int:
        if table.name == TABLE and filter is not None:
            note(table.search().where(filter).select(["path"]).explain_plan())
        return count(table, filter)

    monkeypatch.setattr(LanceTable, "_execute_query", executed)
    monkeypatch.setattr(LanceTable, "count_rows", counted)
    return found


@pytest.fixture
def library(tmp_path: Path, clips: Path, colour_model) -> Library:
    """With the indexes that a large library has."""
    library = Library(tmp_path / "films.lance", model=colour_model)
    library.add(clips)
    table = Store.open(library.uri).table
    make_indexes(table, lacking(table, indexed_columns(table)))
    return Library(library.uri, model=colour_model)


def test_what_is_read_is_counted(library: Library, scans: list[str]) -> None:
    store = Store.open(library.uri)
    store.table.scan(["path"])
    assert len(scans) == 1
    store.table.scan(["path"], where="path = '/a'")
    store.table.count("duration_seconds > 1")
    assert len(scans) == 1
    store.table.count("duration_seconds > 1 AND end_seconds > 1")
    assert len(scans) == 2


def test_info_reads_the_rows_once_and_then_only_after_a_commit(library: Library, scans: list[str]) -> None:
    found = library.info()
    assert (found.num_videos, len(scans)) == (4, 1)
    assert found.indexed_seconds is not None
    library.info()
    assert len(scans) == 1


def test_a_run_reads_the_rows_once_and_a_watch_never_again(library: Library, clips: Path, scans: list[str]) -> None:
    assert library.add(clips).unchanged == 4
    assert len(scans) == 1
    # As a watch does at an event: one library, plan after plan.
    shutil.copy(clips / "red.mp4", clips / "copy.mp4")
    (clips / "blue.mp4").rename(clips / "azure.mp4")
    os.utime(clips / "green.mp4", (time.time() + 5, time.time() + 5))
    (clips / "red.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nred\n")
    report = library.add(library.plan(clips, within=[str(clips)]), prune=True)
    assert (report.moved, len(report.duplicates), report.subtitles_updated) == (1, 1, 1)
    assert library.add(library.plan(clips, within=[str(clips / "red.mp4")])).unchanged == 1
    assert len(scans) == 1


def test_a_search_looks_at_the_rows_once(library: Library, clips: Path, tmp_path: Path, scans: list[str]) -> None:
    filters = Filters(
        folder=clips, path="*.mp4", longer_than_seconds=0.5, after="1990-01-01", kind="video", where="size_bytes > 1"
    )
    for options in ({}, {"filters": filters}):
        assert library.search("red", k=2, **options)
        assert len(scans) == 1
        scans.clear()
    # A video's own rows are looked up, whether by its path or by its content.
    elsewhere = shutil.copy(clips / "red.mp4", tmp_path / "elsewhere.mp4")
    for path in (clips / "red.mp4", elsewhere):
        assert library.search(Query(videos=[path]), k=1)[0].path == str(clips / "red.mp4")
        assert len(scans) == 1
        scans.clear()


def test_filters_are_looked_up(library: Library, clips: Path, scans: list[str]) -> None:
    for filters in (
        Filters(folder=clips),
        Filters(longer_than_seconds=0.5, shorter_than_seconds=100),
        Filters(after="1990-01-01", before="2200-01-01"),
        Filters(kind="video"),
        Filters(where="duration_seconds BETWEEN 0.5 AND 100 OR kind = 'image'", folder=clips),
    ):
        assert library.count_videos(filters) == 4
    assert scans == []


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often LanceDB was asked for tables, for what a commit holds, and for rows."""
    counts: Counter[str] = Counter()

    def count(kind: type, name: str) -> None:
        real = getattr(kind, name)

        def noting(self: Any, *given: Any, **named: Any) -> Any:
            counts[name] += 1
            return real(self, *given, **named)

        monkeypatch.setattr(kind, name, noting)

    for name in ("open_table", "table_names", "list_tables"):
        count(LanceDBConnection, name)
    for name in ("list_indices", "count_rows", "stats", "index_stats", "list_versions"):
        count(LanceTable, name)
    for name in ("search", "take_row_ids", "checkout_latest"):
        count(LanceTable, name)
    return counts


def test_a_search_asks_for_no_more_than_rows_where_nobody_has_written(
    tmp_path: Path, clips: Path, colour_model: ColourEncoder, asked: Counter[str]
) -> None:
    library = Library(tmp_path / "videos.lance", model=colour_model)
    library.add(clips)
    first = library.search("red")
    asked.clear()
    assert library.search("red") == first
    # By vector, in names, and what else the rows of the hits hold.
    assert asked == {"search": 2, "take_row_ids": 1}
    asked.clear()
    # Another object knows nothing yet, and asks once for what it needs.
    assert Library(library.uri, model=colour_model).search("red") == first
    assert asked == {"search": 2, "take_row_ids": 1, "open_table": 1, "list_indices": 1, "count_rows": 1}
    library.search("red", hybrid=True)
    # Who has written costs one look at the table that was written to.
    Library(library.uri).remove(clips / "red.mp4")
    asked.clear()
    assert len(library.search("red")) == len(first) - 1
    assert asked == {"search": 2, "take_row_ids": 1, "open_table": 1, "list_indices": 1, "count_rows": 1}


def test_a_run_that_finds_nothing_new_and_a_description_ask_for_nothing_where_nobody_has_written(
    tmp_path: Path, clips: Path, colour_model: ColourEncoder, asked: Counter[str]
) -> None:
    library = Library(tmp_path / "videos.lance", model=colour_model)
    library.add(clips)
    library.info()
    asked.clear()
    assert library.add(clips).unchanged == 4
    assert asked == {}
    library.info()
    assert asked == {"stats": 1}
    asked.clear()
    other = Library(library.uri, model=colour_model)
    assert other.add(clips).unchanged == 4
    other.info()
    # One look at the only table, and one at what it holds.
    assert asked == {"open_table": 1, "search": 1, "stats": 1, "list_indices": 1}
