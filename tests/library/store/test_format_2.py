"""A library that the code before format 3 made (see format_2/README.md) opens, is searched, and goes on."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import lancedb
import numpy as np
import pytest

from framecue.library import Filters, Library
from framecue.library.store import Store
from framecue.library.store.copies import COPIES_TABLE
from framecue.library.store.migrations import SCHEMA_VERSION
from framecue.library.store.table import TABLE

MADE = Path(__file__).with_name("format_2")
COPY, ORIGINAL = "red.mp4", "red again.mp4"
FILMS = ("blue.mp4", "green.mp4", "it's more/yellow.mp4", ORIGINAL)
FINGERPRINT = (
    b'{"adapter": null, "adapter_source": null, "backbone": "colours", "embedding_dim": 4, "method": "mean-pool", '
    b'"revision": null, "sampling": {"chunk_frames": null, "num_frames": 4}}'
)
QUERY = np.array([1, 0, 0, 0], dtype=np.float32)


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """A copy of the library."""
    return str(shutil.copytree(MADE / "library.lance", tmp_path / "library.lance"))


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A copy of the films."""
    return Path(shutil.copytree(MADE / "videos", tmp_path / "videos"))


@pytest.fixture
def films_in_place(uri: str, films: Path) -> Path:
    """The films where the library says that they are, as they were when they were indexed."""
    database = lancedb.connect(uri)
    for name in (TABLE, COPIES_TABLE):
        database.open_table(name).update(values_sql={"path": f"replace(path, '/videos/', '{films}/')"})
    store = Store.open(uri)
    assert store.format == 2
    for path, known in {**store.copies(), **store.held()}.items():
        os.utime(path, (known.state.modified_seconds,) * 2)
    for item in store.held().values():
        for name, _, modified_ns in json.loads(item.sidecars or "[]"):
            os.utime(films / name, ns=(modified_ns,) * 2)
    return films


def test_it_is_what_the_older_code_wrote(uri: str) -> None:
    store = Store.open(uri)
    assert (store.format, store.segmentation.kind) == (2, "windows")
    assert store.table.schema.metadata[b"framecue.schema_version"] == b"2"
    assert store.table.schema.metadata[b"framecue.fingerprint"] == FINGERPRINT
    assert "indexed_seconds" not in store.table.schema.names
    assert {path: item.num_segments for path, item in store.held().items()} == {
        f"/videos/{name}": 6 if name == "green.mp4" else 1 for name in FILMS
    }
    assert list(store.copies()) == [f"/videos/{COPY}"]


def test_it_is_looked_at_and_searched_and_stays_as_it_is(uri: str, colour_model) -> None:
    before = {path: path.read_bytes() for path in Path(uri).rglob("*") if path.is_file()}
    library = Library(uri, model=colour_model)
    info = library.info()
    assert (info.num_videos, info.num_segments) == (4, 9)
    assert [(copy.path, copy.original) for copy in info.duplicates] == [(f"/videos/{COPY}", f"/videos/{ORIGINAL}")]
    for colour in ("red", "green", "blue", "yellow"):
        assert Path(library.search(colour, k=1)[0].path).stem.split()[0] == colour
        assert colour in library.search(colour, k=1, hybrid=True)[0].path
    assert [hit.path for hit in library.search("white", k=1)] == ["/videos/green.mp4"]
    assert library.search("white", k=1)[0].start_seconds >= 6.0
    folder = Filters(folder="/videos/it's more")
    assert [hit.path for hit in library.search("red", filters=folder)] == ["/videos/it's more/yellow.mp4"]
    where = Filters(where="subtitles LIKE '%dog%'")
    assert {hit.path for hit in library.search("red", filters=where, all_moments=True)} == {"/videos/green.mp4"}
    assert all(library.thumbnails(library.search("red")))
    words = Store.open(uri).search_texts([("dog", 1.0)], QUERY, limit=9)
    assert [match.match.start_seconds for match in words] == [0.0, 2.0]
    assert {path: path.read_bytes() for path in Path(uri).rglob("*") if path.is_file()} == before


def assert_all_is_found(library: Library, films: Path, *, more: int = 0) -> None:
    store = Store.open(library.uri)
    assert store.format == SCHEMA_VERSION
    assert store.table.schema.metadata[b"framecue.fingerprint"] == FINGERPRINT
    assert set(store.held()) >= {str(films / name) for name in FILMS[:3]}
    assert (len(store.held()), len(store.copies()), store.num_rows()) == (4 + more, 1, 9 + more)
    for colour in ("green", "blue", "yellow", "red"):
        assert colour in Path(library.search(colour, k=1)[0].path).name
    assert [match.match.start_seconds for match in store.search_texts([("dog", 1.0)], QUERY, limit=9)] == [0.0, 2.0]


def test_a_run_with_nothing_new_encodes_and_writes_nothing(uri: str, films_in_place: Path, colour_model) -> None:
    report = Library(uri, model=colour_model).add(films_in_place)
    assert (report.unchanged, report.encoded, report.skipped, report.num_segments) == (5, 0, [], 9)
    assert colour_model.num_encoded == 0


def test_a_run_with_one_new_film_encodes_that_alone(uri: str, films_in_place: Path, colour_model, write_clip) -> None:
    write_clip(films_in_place / "black.mp4", "black")
    library = Library(uri, model=colour_model)
    report = library.add(films_in_place)
    assert (report.added, report.unchanged, report.encoded) == (1, 5, 1)
    assert colour_model.num_encoded == 1
    assert_all_is_found(library, films_in_place, more=1)
    assert "black.mp4" in library.search("black", k=1)[0].path


def test_films_that_were_moved_are_known_by_their_content(uri: str, films: Path, colour_model) -> None:
    library = Library(uri, model=colour_model)
    report = library.add(films)
    assert (report.moved, report.added, report.encoded, colour_model.num_encoded) == (4, 0, 0, 0)
    assert [duplicate.path for duplicate in report.duplicates] == [str(films / COPY)]
    assert library.remove("/videos").removed == 1  # the note about the copy, which another folder of films had
    assert_all_is_found(library, films)


def test_subtitles_are_brought_up_to_date(uri: str, films_in_place: Path, colour_model) -> None:
    (films_in_place / "green.srt").write_text("1\n00:00:07,000 --> 00:00:07,500\nA cat sleeps\n")
    report = Library(uri, model=colour_model).add(films_in_place)
    assert (report.subtitles_updated, report.encoded) == (1, 0)
    store = Store.open(uri)
    assert store.format == SCHEMA_VERSION
    assert [match.match.start_seconds for match in store.search_texts([("cat", 1.0)], QUERY, limit=9)] == [6.0]
    assert store.search_texts([("dog", 1.0)], QUERY, limit=9) == []


def test_it_is_optimized_and_loses_nothing(uri: str, films_in_place: Path, colour_model) -> None:
    library = Library(uri, model=colour_model)
    assert library.optimize().num_rows == 9
    Store.open(uri).migrate()
    assert library.optimize().num_rows == 9
    assert_all_is_found(library, films_in_place)


def test_files_are_taken_out_of_it(uri: str) -> None:
    report = Library(uri).remove(["/videos/green.mp4", f"/videos/{ORIGINAL}"])
    assert report.removed == 2
    store = Store.open(uri)
    assert set(store.held()) == {"/videos/blue.mp4", "/videos/it's more/yellow.mp4", f"/videos/{COPY}"}
    assert store.copies() == {}
