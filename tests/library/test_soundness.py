"""What a check of a library finds, each with the way out."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from framecue.errors import LibraryError, LibraryNotFoundError
from framecue.library import Library
from framecue.library.indexing.passages_run import make_passages
from framecue.library.results import Finding
from framecue.library.soundness import Soundness, check_library
from framecue.library.store import Store
from framecue.library.store.place import again_place
from framecue.words.timed_text import TimedText
from support.sentences import IdeaEncoder


@pytest.fixture
def uri(tmp_path: Path, clips: Path, colour_model) -> str:
    shutil.copy(clips / "red.mp4", clips / "same.mp4")
    uri = str(tmp_path / "videos.lance")
    Library(uri, model=colour_model).add(clips)
    return uri


def one(found: Soundness, level: str) -> Finding:
    (finding,) = [finding for finding in found.findings if finding.level == level]
    return finding


def test_a_sound_library(uri: str) -> None:
    before = Store.open(uri).state()
    found = check_library(uri)
    assert {finding.level for finding in found.findings} == {"ok"}
    assert (found.num_videos, found.num_images, found.num_copies) == (4, 0, 1)
    assert (found.health.num_rows, found.health.num_read, found.health.error) == (4, 4, None)
    assert (found.health.num_bad_vectors, found.health.num_doubled) == (0, 0)
    assert found.health.has_text_index
    assert found.health.size_bytes is not None
    assert found.health.size_bytes > 1000
    assert (found.missing, found.away, found.is_begun_again) == ([], [], False)
    assert Store.open(uri).state() == before  # nothing was written


def test_rows_that_cannot_be_read(uri: str) -> None:
    (data,) = list((Path(uri) / "segments.lance" / "data").iterdir())
    data.write_bytes(data.read_bytes()[:200])
    try:
        found = check_library(uri)
    except LibraryError:
        return  # not even what it holds can be read: the error says so
    fault = one(found, "fault")
    assert "of 4 rows can be read" in fault.what
    assert "backup" in fault.way_out


@pytest.mark.parametrize("vector", [[0, 0, 0, 0], [np.inf, 0, 0, 0], [3, 0, 0, 0]])
def test_vectors_that_no_search_ranks_rightly(uri: str, clips: Path, vector: list[float]) -> None:
    store = Store.open(uri)
    (row,) = store.rows_at([str(clips / "red.mp4")])[str(clips / "red.mp4")]
    store.write([replace(row, vector=np.array(vector, dtype=np.float32))], replacing=[row.path])
    fault = one(check_library(uri), "fault")
    assert fault.what.startswith("1 segment has a vector that is not of length 1")
    assert f"framecue remove PATH --library {uri}" in fault.way_out


def test_segments_that_are_stored_twice(uri: str, clips: Path) -> None:
    store = Store.open(uri)
    store.write(store.rows_at([str(clips / "red.mp4")])[str(clips / "red.mp4")])
    note = one(check_library(uri), "note")
    assert note.what.startswith("1 segment is stored twice")


def test_files_that_are_gone_and_a_disk_that_is_away(uri: str, clips: Path) -> None:
    (clips / "green.mp4").unlink()
    found = check_library(uri)
    assert found.missing == [str(clips / "green.mp4")]
    assert "--prune" in one(found, "note").way_out
    (clips / "more" / "yellow.mp4").unlink()
    found = check_library(uri)
    assert found.away == [str(clips / "more" / "yellow.mp4")]
    assert [finding.way_out for finding in found.findings if "empty or away" in finding.what] == ["mount the disk"]


def test_one_that_is_being_made_anew(uri: str) -> None:
    Path(again_place(uri)).mkdir()
    found = check_library(uri)
    assert found.is_begun_again
    assert f"framecue index --again --model MODEL --library {uri}" in one(found, "note").way_out


def test_an_older_format(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framecue.library.soundness.SCHEMA_VERSION", 99)
    assert "the present one is 99" in one(check_library(uri), "note").what


@pytest.mark.parametrize(
    ("num_indexed", "says"),
    [
        (None, "it has 200000 segments and no approximate index"),
        (100_000, "100000 of 200000 segments are not in its approximate index yet"),
        (199_000, ""),
    ],
)
def test_an_index_that_is_missing_or_behind(
    uri: str, num_indexed: int | None, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    health = replace(check_library(uri).health, num_rows=200_000, num_indexed=num_indexed)
    monkeypatch.setattr("framecue.library.soundness.read_health", lambda store: health)
    found = check_library(uri)
    if says:
        assert says in one(found, "note").what
        assert f"framecue optimize --library {uri}" in one(found, "note").way_out
    else:
        assert found.findings[-1] == Finding("ok", "its approximate index is up to date (199000 of 200000 segments)")


def test_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(LibraryNotFoundError):
        check_library(str(tmp_path / "none.lance"))
    assert not (tmp_path / "none.lance").exists()


@pytest.fixture
def with_words(uri: str) -> str:
    """The library with a line of words in a file, and a passage of it."""
    store = Store.open(uri)
    video_id = min(held.video_id for held in store.snapshot().held.values())
    store.words.write(video_id, "speech", [TimedText(0.0, 0.5, "We signed the mortgage.", "said", "en")])
    make_passages(store, IdeaEncoder())
    return uri


def damage(uri: str, table: str) -> None:
    """Cut the files of a table's rows."""
    for data in (Path(uri) / f"{table}.lance" / "data").iterdir():
        data.write_bytes(data.read_bytes()[:40])


def test_words_and_passages_are_read_too(with_words: str) -> None:
    found = check_library(with_words)
    assert {finding.level for finding in found.findings} == {"ok"}
    assert (found.words_health.num_lines, found.words_health.num_passage_rows) == (1, 1)
    told = [finding.what for finding in found.findings]
    assert "1 line of words, all can be read" in told
    assert "1 passage or sentence to be found by meaning, all can be read" in told


def test_words_that_cannot_be_read(with_words: str) -> None:
    damage(with_words, "timed_texts")
    fault = one(check_library(with_words), "fault")
    assert fault.what.startswith("only 0 lines of its words can be read: ")
    assert "backup" in fault.way_out


def test_passages_that_cannot_be_read(with_words: str) -> None:
    damage(with_words, "passages")
    fault = one(check_library(with_words), "fault")
    assert fault.what.startswith("its passages cannot be read: ")
    assert "--no-meaning" in fault.way_out


def test_meanings_that_no_search_ranks_rightly(with_words: str) -> None:
    table = Store.open(with_words).passages.table()
    assert table is not None
    (vector,) = table.scan(["vector"])["vector"].to_pylist()
    table.lance.update(where="is_passage", values={"vector": [3 * value for value in vector]})
    fault = one(check_library(with_words), "fault")
    assert fault.what == "1 of its passages have a vector that is not of length 1, so their order is wrong"
