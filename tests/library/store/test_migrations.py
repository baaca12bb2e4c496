from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import lancedb
import numpy as np
import pyarrow as pa
import pytest

from framecue.errors import InputError, LibraryError
from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.index import LEAST_INDEXED_ROWS
from framecue.library.store.migrations import (
    MIGRATIONS,
    OLDEST_FORMAT,
    SCHEMA_VERSION,
    Migration,
    format_of,
    migrate,
)
from framecue.library.store.rows import Row, make_schema
from framecue.library.store.table import TABLE

LATER = (
    *MIGRATIONS,
    Migration(SCHEMA_VERSION + 1, (("one", pa.string()), ("two", pa.int64()))),
    Migration(SCHEMA_VERSION + 2, (("three", pa.binary()),)),
)
QUERY = np.array([1, 0, 0, 0], dtype=np.float32)


@pytest.fixture
def old(tmp_path: Path, make_format_2, make_row) -> Store:
    rows = [make_row(path=f"/{name}.mp4", subtitles=f"the {name}") for name in ("a", "b", "it's")]
    return make_format_2(str(tmp_path / "old.lance"), rows)


def files_of(store: Store) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in Path(store.uri).rglob("*") if path.is_file()}


def data_files(store: Store) -> set[Path]:
    return set(Path(store.uri).glob("*.lance/data/*"))


def test_the_steps_follow_each_other_and_add_what_may_be_empty() -> None:
    assert [step.format for step in MIGRATIONS] == list(range(OLDEST_FORMAT + 1, SCHEMA_VERSION + 1))
    assert all(field.nullable for step in MIGRATIONS for field in step.fields())


def test_steps_that_were_published_stay_as_they_are() -> None:
    """Libraries were made by them. Add a line here for a new step; change none."""
    assert [(step.format, step.columns) for step in MIGRATIONS] == [
        (3, (("indexed_seconds", pa.float64()),)),
        (4, (("reading", pa.int64()), ("kind", pa.string()), ("recorded_seconds", pa.float64()))),
        (5, (("object_tag", pa.string()),)),
    ]


def test_a_new_library_has_the_newest_format_and_nothing_to_migrate(make_store) -> None:
    store = make_store([{"path": "/a.mp4"}])
    version = store.table.lance.version
    assert store.format == SCHEMA_VERSION == 5
    assert not store.migrate()
    assert store.table.lance.version == version


def test_an_older_format_is_read_without_writing_anything(old: Store) -> None:
    before = files_of(old)
    store = Store.open(old.uri)
    assert store.format == 2
    assert list(store.snapshot().held) == ["/a.mp4", "/b.mp4", "/it's.mp4"]
    assert [row.indexed_seconds for rows in store.rows_at(["/a.mp4", "/b.mp4"]).values() for row in rows] == [None] * 2
    assert [row.subtitles for row in store.rows_of("id of /a.mp4")] == ["the a"]
    assert len(store.search(QUERY, limit=9)) == 3
    assert len(store.search(QUERY, limit=9, where="subtitles = 'the b'")) == 1
    assert store.thumbnails([("/a.mp4", 0.0)]) == [None]
    assert files_of(store) == before


def test_a_step_is_one_commit_that_writes_no_rows(old: Store) -> None:
    version, data = old.table.lance.version, data_files(old)
    assert old.migrate()
    assert (old.format, old.table.lance.version, data_files(old)) == (SCHEMA_VERSION, version + len(MIGRATIONS), data)
    assert not old.migrate()
    assert old.table.lance.version == version + len(MIGRATIONS)
    again = Store.open(old.uri)
    assert (again.format, again.fingerprint, again.held()) == (SCHEMA_VERSION, old.fingerprint, old.held())


def test_a_migrated_library_has_the_columns_of_a_new_one(old: Store) -> None:
    old.migrate()
    new = make_schema(old.fingerprint, {})
    assert old.table.schema.equals(new.with_metadata(old.table.schema.metadata), check_metadata=True)


def test_a_write_migrates_before_and_keeps_when_segments_were_encoded(old: Store, make_row) -> None:
    old.write([make_row(path="/new.mp4", indexed_seconds=1_800_000_000.5)])
    old.write([make_row(path="/b.mp4", indexed_seconds=7.0)], replacing=["/b.mp4"])
    store = Store.open(old.uri)
    assert store.format == SCHEMA_VERSION
    times = {path: [row.indexed_seconds for row in rows] for path, rows in store.rows_at(list(store.held())).items()}
    assert times == {"/a.mp4": [None], "/b.mp4": [7.0], "/it's.mp4": [None], "/new.mp4": [1_800_000_000.5]}
    assert [match.path for match in store.search(QUERY, limit=9, where="indexed_seconds > 8")] == ["/new.mp4"]


def test_nothing_to_write_migrates_nothing(old: Store) -> None:
    old.write([])
    assert Store.open(old.uri).format == 2


def test_a_column_that_is_not_there_yet_is_named_as_such(old: Store) -> None:
    with pytest.raises(InputError, match="there is no column indexed_seconds yet, the next `framecue index` that has"):
        old.check_condition("indexed_seconds > 1")
    old.migrate()
    old.check_condition("indexed_seconds > 1")


def test_who_opened_the_older_format_goes_on_with_it(old: Store, make_row) -> None:
    """As where nothing is locked: two runs, and a search beside them."""
    first, second, third = (Store.open(old.uri) for _ in range(3))
    assert first.migrate()
    assert second.format == 2
    assert len(second.search(QUERY, limit=9)) == 3
    second.write([make_row(path="/new.mp4", indexed_seconds=1.0)])
    assert second.format == SCHEMA_VERSION
    third.refresh()
    assert third.format == SCHEMA_VERSION
    assert len(third.search(QUERY, limit=9)) == 4


def test_a_library_is_migrated_from_any_step_on(old: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ends between two steps leaves a library of the format between them."""
    add, left = old.table.lance.add_columns, [None] * 4

    def add_four(columns: list[pa.Field]) -> None:
        if not left:
            raise KeyboardInterrupt
        left.pop()
        add(columns)

    with monkeypatch.context() as patch:
        patch.setattr(old.table.lance, "add_columns", add_four)
        with pytest.raises(KeyboardInterrupt):
            migrate(old.table, LATER)
    between = lancedb.connect(old.uri).open_table(TABLE)
    assert format_of(between.schema) == SCHEMA_VERSION + 1
    assert between.schema.names[-3:] == ["object_tag", "one", "two"]
    assert migrate(old.table, LATER)
    assert not migrate(old.table, LATER)
    assert format_of(old.table.schema) == SCHEMA_VERSION + 2
    assert old.table.schema.names[-4:] == ["object_tag", "one", "two", "three"]
    assert list(old.held()) == ["/a.mp4", "/b.mp4", "/it's.mp4"]


def test_a_library_that_a_newer_framecue_migrated_is_refused(old: Store) -> None:
    kept = Store.open(old.uri)
    migrate(old.table, LATER)
    says = "has format 7, this framecue reads formats 2 to 5; use the framecue that made it"
    with pytest.raises(LibraryError, match=says):
        Store.open(old.uri)
    with pytest.raises(LibraryError, match=says):
        kept.refresh()


def test_format_1_is_refused(tmp_path: Path) -> None:
    schema = make_schema({"embedding_dim": 4}, {})
    fields = [field for field in schema if not field.metadata]
    first = pa.schema(fields, metadata={**schema.metadata, b"framecue.schema_version": b"1"})
    lancedb.connect(tmp_path).create_table(TABLE, schema=first)
    with pytest.raises(LibraryError, match=r"has format 1, .* use the framecue that made it, or index into a new lib"):
        Store.open(str(tmp_path))


def test_a_full_disk_leaves_the_older_format(old: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(columns: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(old.table.lance, "add_columns", full)
        with pytest.raises(LibraryError, match=r"old\.lance cannot be brought to format 3: No space left"):
            old.migrate()
    assert Store.open(old.uri).format == 2
    assert old.migrate()


DYING = """
import os, resource, signal, sys
from framecue.library.store.lean import import_lean

import_lean()
from lancedb.table import LanceTable
from framecue.library.store import Store

store, moment = Store.open(sys.argv[1]), sys.argv[2]
add = LanceTable.add_columns

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def add_and_die(self, columns):
    add(self, columns)
    die()

if moment == "before":
    LanceTable.add_columns = die
elif moment == "after":
    LanceTable.add_columns = add_and_die
else:
    # The system kills it as soon as a file grows beyond so many bytes.
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(moment), int(moment)))
store.migrate()
print("it lives")
"""


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="the system does not kill who writes too much")
@pytest.mark.parametrize(("moment", "leaves"), [("before", 2), ("1", 2), ("700", 2), ("after", 3)])
def test_a_run_that_is_killed_leaves_a_library_and_the_next_one_finishes(
    old: Store, make_row, moment: str, leaves: int
) -> None:
    held = old.held()
    done = subprocess.run(
        [sys.executable, "-c", DYING, old.uri, moment],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (-signal.SIGKILL, -signal.SIGXFSZ), done.stderr
    assert "it lives" not in done.stdout
    store = Store.open(old.uri)
    assert (store.format, store.held()) == (leaves, held)
    assert len(store.search(QUERY, limit=9)) == 3
    assert store.migrate()
    store.write([make_row(path="/new.mp4", indexed_seconds=1.0)])
    assert Store.open(old.uri).format == SCHEMA_VERSION
    assert list(Store.open(old.uri).held()) == [*held, "/new.mp4"]


def test_both_indexes_work_on_and_take_in_what_comes_later(tmp_path: Path, make_format_2: Callable[..., Store]) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((LEAST_INDEXED_ROWS, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    def row(number: int, path: str, **changes: float) -> Row:
        return Row(
            video_id=path,
            path=path,
            start_seconds=0.0,
            end_seconds=2.0,
            vector=vectors[number],
            duration_seconds=2.0,
            state=FileState(10, 5.5),
            **changes,  # type: ignore[arg-type]
        )

    old = make_format_2(
        str(tmp_path / "old.lance"), [row(i, f"/{i}/word{i}.mp4") for i in range(len(vectors))], width=16
    )
    old.ensure_text_index()
    assert old.optimize().index == "made"
    assert old.format == 2
    query = vectors[7].astype(np.float32)
    found = [match.path for match in old.search(query, limit=5)]
    assert found[0] == "/7/word7.mp4"

    assert old.migrate()
    for store in (old, Store.open(old.uri)):
        assert [match.path for match in store.search(query, limit=5)] == found
        assert [match.match.path for match in store.search_texts([("word7", 1.0)], query, limit=5)] == found[:1]
    indexes = {index.columns[0]: index.name for index in old.table.lance.list_indices()}
    assert set(indexes) >= {"vector", "text"}
    for name in indexes.values():
        stats = old.table.lance.index_stats(name)
        assert (stats.num_indexed_rows, stats.num_unindexed_rows) == (LEAST_INDEXED_ROWS, 0)

    old.write([row(7, "/moved/word7.mp4", indexed_seconds=1.0)], replacing=["/7/word7.mp4"])
    old.write([row(8, "/more/again8.mp4", indexed_seconds=2.0)])
    assert old.optimize().num_indexed_rows == LEAST_INDEXED_ROWS + 1
    for store in (old, Store.open(old.uri)):
        assert store.search(query, limit=1)[0].path == "/moved/word7.mp4"
        texts = store.search_texts([("again8", 1.0), ("word7", 1.0)], query, limit=5)
        assert {match.match.path for match in texts} == {"/moved/word7.mp4", "/more/again8.mp4"}
        assert len(store.search(query, limit=5, where="indexed_seconds IS NOT NULL")) == 2
