"""A library that is made anew with another model: what is kept, what serves meanwhile, and what may come in between."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from framecue.encoder import Encoder, Fingerprint
from framecue.errors import LibraryError, LibraryNotFoundError, ModelError, NotOfflineError
from framecue.library import AddOptions, Library
from framecue.library.again import make_again
from framecue.library.indexing import ledger as indexing
from framecue.library.indexing import pace as worker
from framecue.library.store import Store
from framecue.library.store import store as store_module
from framecue.library.store.place import again_place
from framecue.library.store.table import Table
from framecue.video import Segmentation
from support.colours import ColourEncoder, write_clip


class WideEncoder(ColourEncoder):
    """Another model: its vectors are wider. It stops the run before a call, if it is told to."""

    embedding_dim = 7
    stop_before: int | None = None

    def __init__(self) -> None:
        super().__init__(name="wide")

    def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
        if self.stop_before is not None and len(self.batches) >= self.stop_before:
            raise KeyboardInterrupt
        return _widened(super().embed_videos(pixel_values))

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return _widened(super().embed_texts(texts))


def _widened(vectors: np.ndarray) -> np.ndarray:
    return np.concatenate([vectors, np.zeros((len(vectors), 3), dtype=np.float32)], axis=1)


@pytest.fixture
def uri(tmp_path: Path, clips: Path, colour_model) -> str:
    """A library of four clips, one with subtitles and one that is there twice."""
    (clips / "red.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nhello there\n")
    shutil.copy(clips / "blue.mp4", clips / "same.mp4")
    uri = str(tmp_path / "videos.lance")
    Library(uri, model=colour_model).add(clips)
    return uri


@pytest.fixture
def a_commit_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "ROWS_PER_COMMIT", 1)
    monkeypatch.setattr(worker, "FRAMES_PER_ENCODE", 1)


def model_of(uri: str) -> str:
    return Fingerprint.from_dict(Store.open(uri).fingerprint).backbone


def best(uri: str, model: Encoder, text: str) -> str:
    return Path(Library(uri, model=model).search(text, k=1)[0].path).name


def test_all_files_have_the_new_models_vectors_and_all_else_stays(uri: str, clips: Path) -> None:
    before, model = Library(uri).info(), WideEncoder()
    old_rows = Store.open(uri).rows_at([str(clips / "red.mp4")])[str(clips / "red.mp4")]
    report = make_again(uri, model)
    assert (report.uri, report.added, report.unchanged, report.encoded, report.skipped) == (uri, 4, 0, 4, [])
    after = Library(uri).info()
    assert (model_of(uri), after.fingerprint.embedding_dim) == ("wide", 7)
    assert (after.files, after.duplicates) == (before.files, before.duplicates)
    assert after.duplicates
    for colour in ("red", "green", "blue", "yellow"):
        assert best(uri, model, colour) == f"{colour}.mp4"
    rows = Store.open(uri).rows_at([str(clips / "red.mp4")])[str(clips / "red.mp4")]
    assert [row.vector.shape for row in rows] == [(7,)]
    for name in ("video_id", "start_seconds", "end_seconds", "subtitles", "sidecars", "state", "thumbnail"):
        assert [getattr(row, name) for row in rows] == [getattr(row, name) for row in old_rows]
    assert rows[0].subtitles == "hello there"
    library = Library(uri, model=model)
    assert Path(library.search("green", k=1, hybrid=True)[0].path).name == "green.mp4"
    assert not Path(again_place(uri)).exists()
    # And it is a library like any other.
    again = library.add(clips)
    assert (again.unchanged, again.encoded) == (5, 0)


@pytest.mark.usefixtures("a_commit_a_file")
def test_until_it_is_done_the_old_vectors_serve_and_a_stopped_run_goes_on(uri: str, colour_model) -> None:
    model = WideEncoder()
    model.stop_before = 2
    with pytest.raises(KeyboardInterrupt):
        make_again(uri, model)
    assert model_of(uri) == "colours"
    assert best(uri, colour_model, "yellow") == "yellow.mp4"
    model.stop_before = None
    report = make_again(uri, model)
    assert (report.unchanged, report.added, report.encoded) == (2, 2, 2)
    assert model.num_encoded == 4
    assert model_of(uri) == "wide"


def test_whoever_is_searching_sees_the_old_library_until_the_one_commit(uri: str, colour_model) -> None:
    searching = Store.open(uri)
    before = searching.snapshot().num_segments
    make_again(uri, WideEncoder())
    # The commit that it shows is still there.
    vector = colour_model.embed_texts(["red"])[0]
    assert Path(searching.search(vector, limit=1)[0].path).name == "red.mp4"
    assert searching.num_rows() == before


def test_a_failure_in_the_middle_of_the_exchange_leaves_the_library_and_what_was_encoded(
    uri: str, colour_model, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, exchanged_rows = WideEncoder(), store_module.exchanged_rows

    def broken(old: Table, new: Table) -> pa.RecordBatchReader:
        rows = exchanged_rows(old, new)

        def batches() -> Iterator[pa.RecordBatch]:
            yield next(iter(rows)).slice(0, 1)
            raise OSError("the disk is full")

        return pa.RecordBatchReader.from_batches(rows.schema, batches())

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "exchanged_rows", broken)
        with pytest.raises(LibraryError, match=r"cannot be written: .*the disk is full"):
            make_again(uri, model)
    assert model_of(uri) == "colours"
    assert best(uri, colour_model, "yellow") == "yellow.mp4"
    report = make_again(uri, model)
    assert (report.encoded, report.unchanged) == (0, 4)
    assert model_of(uri) == "wide"


def test_a_run_that_was_killed_after_the_exchange_is_cleared_up(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("framecue.library.again.drop_library", lambda place: None)
        make_again(uri, WideEncoder())
    assert Path(again_place(uri)).exists()
    said: list[str] = []
    report = make_again(uri, WideEncoder(), on_notice=said.append)
    assert (report.encoded, report.added, report.unchanged) == (0, 0, 5)
    assert said == [f"library {uri} has this model's vectors already"]
    assert not Path(again_place(uri)).exists()


def test_what_was_begun_for_another_model_is_begun_anew(uri: str, make_model) -> None:
    model = WideEncoder()
    model.stop_before = 0
    with pytest.raises(KeyboardInterrupt):
        make_again(uri, model)
    said: list[str] = []
    make_again(uri, make_model(name="third"), on_notice=said.append)
    assert model_of(uri) == "third"
    assert len(said) == 1
    assert "was for another model" in said[0]


def test_captions_stay_with_equal_segments(uri: str, clips: Path) -> None:
    store = Store.open(uri)
    (row,) = store.rows_at([str(clips / "green.mp4")])[str(clips / "green.mp4")]
    store.write([replace(row, caption="a green thing")], replacing=[row.path])
    make_again(uri, WideEncoder())
    (row,) = Store.open(uri).rows_at([row.path])[row.path]
    assert row.caption == "a green thing"
    hits = Library(uri, model=WideEncoder()).search("red", k=4, hybrid=True)
    assert len(hits) == 4


def test_a_column_that_framecue_does_not_know_is_taken_over(uri: str) -> None:
    store = Store.open(uri)
    store.table.lance.add_columns([pa.field("mine", pa.string())])
    store.table.lance.update(where="path LIKE '%red.mp4'", values={"mine": "holiday"})
    make_again(uri, WideEncoder())
    found = Store.open(uri).table.scan(["path", "mine"])
    values = dict(zip(found.column("path").to_pylist(), found.column("mine").to_pylist(), strict=True))
    assert {Path(path).name: value for path, value in values.items() if value} == {"red.mp4": "holiday"}


def test_own_columns_are_taken_over(uri: str, clips: Path) -> None:
    taken = datetime(2024, 5, 1, tzinfo=timezone.utc)
    Library(uri).set_metadata({clips / "red.mp4": {"rating": 3, "taken": taken}, clips / "blue.mp4": {"rating": 4}})
    before = Store.open(uri).metadata()
    make_again(uri, WideEncoder())
    assert Store.open(uri).metadata() == before
    library = Library(uri, model=WideEncoder())
    assert library.metadata_columns == {"rating": "int", "taken": "datetime"}
    assert library.search("red")[0].metadata == {"rating": 3, "taken": taken}
    assert library.set_metadata({clips / "red.mp4": {"rating": 5}}).updated == 1


def test_other_segments_may_be_asked_for(uri: str) -> None:
    make_again(uri, WideEncoder(), options=AddOptions(segmentation=Segmentation("whole")))
    assert Store.open(uri).segmentation.kind == "whole"


def test_further_files_are_indexed_as_well(uri: str, tmp_path: Path) -> None:
    write_clip(tmp_path / "new" / "white.mp4", "white")
    report = make_again(uri, WideEncoder(), paths=tmp_path / "new")
    assert report.num_videos == 5
    assert best(uri, WideEncoder(), "white") == "white.mp4"


@pytest.mark.parametrize("how", ["deleted", "damaged"])
def test_files_that_would_be_lost_keep_the_old_vectors(uri: str, clips: Path, colour_model, how: str) -> None:
    if how == "deleted":
        (clips / "green.mp4").unlink()
    else:
        (clips / "green.mp4").write_text("no video any more " * 1000)
    model = WideEncoder()
    with pytest.raises(LibraryError, match=r"keeps its vectors: 1 of its files cannot be encoded .*green"):
        make_again(uri, model)
    assert model_of(uri) == "colours"
    assert best(uri, colour_model, "green") == "green.mp4"
    report = make_again(uri, model, options=AddOptions(prune=True))
    assert (report.removed, report.encoded, report.num_videos) == (1, 0, 3)
    assert [Path(item.path).name for item in report.skipped] == ["green.mp4"]
    assert model_of(uri) == "wide"


def test_a_disk_that_is_away_keeps_the_old_vectors_also_with_prune(uri: str, clips: Path) -> None:
    (clips / "more" / "yellow.mp4").unlink()  # the folder stays, empty, as a mount point does
    with pytest.raises(LibraryError, match="its disk may not be mounted"):
        make_again(uri, WideEncoder(), options=AddOptions(prune=True))
    assert model_of(uri) == "colours"


def test_a_moved_file_is_found_where_it_is_now(uri: str, clips: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (clips / "green.mp4").rename(tmp_path / "elsewhere" / "green.mp4")
    make_again(uri, WideEncoder(), paths=tmp_path / "elsewhere")
    assert model_of(uri) == "wide"
    assert str(tmp_path / "elsewhere" / "green.mp4") in [file.path for file in Library(uri).info().files]


def test_what_others_add_and_remove_meanwhile_is_not_lost(uri: str, clips: Path, tmp_path: Path, colour_model) -> None:
    write_clip(tmp_path / "late" / "black.mp4", "black")
    calls: list[Callable[[], object]] = [
        lambda: Library(uri, model=colour_model).add(tmp_path / "late"),
        lambda: Library(uri).remove(clips / "more"),
    ]

    def progress(done: float, total: int) -> None:
        while calls:
            calls.pop(0)()

    make_again(uri, WideEncoder(), progress=progress)
    held = {Path(file.path).name for file in Library(uri).info().files}
    assert "black.mp4" in held
    assert "yellow.mp4" not in held


def test_an_empty_library_is_made_anew_too(uri: str, clips: Path) -> None:
    Library(uri).remove(clips)
    make_again(uri, WideEncoder())
    assert (model_of(uri), Library(uri).info().num_videos) == ("wide", 0)


def test_a_model_that_cannot_serve_is_refused_before_anything_is_encoded(uri: str, make_model) -> None:
    with pytest.raises(NotOfflineError):
        make_again(uri, make_model(name="online", offline=False))

    class Mute(WideEncoder):
        def check_texts(self) -> None:
            raise ModelError("it has no tokenizer")

    with pytest.raises(ModelError, match="no tokenizer"):
        make_again(uri, Mute())
    assert model_of(uri) == "colours"
    assert not Path(again_place(uri)).exists()


def test_there_has_to_be_a_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryNotFoundError):
        make_again(str(tmp_path / "none.lance"), WideEncoder())
    assert not (tmp_path / "none.lance").exists()
