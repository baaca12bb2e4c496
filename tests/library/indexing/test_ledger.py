"""A run with readers that read nothing from disk: what a file's segments become, whatever goes wrong on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.library.indexing import ledger as indexing
from framecue.library.indexing.encode import SegmentEncoder
from framecue.library.indexing.ledger import Outcome
from framecue.library.indexing.plan import Plan
from framecue.library.indexing.run import run_plan
from framecue.library.indexing.runner import LocalRunner
from framecue.library.indexing.unit import Unit
from framecue.library.state import FileState
from framecue.library.store import Snapshot, Store
from framecue.video import Content, Moment, Progress, ReadOptions, Segmentation

Event = Content | Progress | Moment
SEGMENTATION = Segmentation(kind="windows")


class Reader:
    """Gives what the test says for each path: a list of grey values, one a segment, or where it breaks off."""

    def __init__(self, files: dict[str, tuple[str, list[int | str]]]) -> None:
        self.files = files
        self.num_read = 0

    def __call__(
        self, path: str, options: ReadOptions, is_wanted: Callable[[str], bool]
    ) -> Iterator[Content | Progress | Moment]:
        video_id, segments = self.files[Path(path).name]
        if not is_wanted(video_id):
            yield Content(video_id, is_wanted=False)
            return
        self.num_read += 1
        yield Content(video_id, True, 2.5 * len(segments) + 2.5, len(segments))
        for number, value in enumerate(segments):
            if isinstance(value, str):
                raise VideoError(path, value)
            yield Progress()
            pixels = np.full((options.sampling.num_frames, 2, 2, 3), value, dtype=np.uint8)
            yield Moment(2.5 * number, 2.5 * number + 5, pixels, b"picture")


def run(tmp_path: Path, model: Any, files: dict[str, tuple[str, list]], *, num_readers: int = 1, **options: Any):
    """Index the files, in this order; they exist, as a run looks where known contents are."""
    units = []
    for name in files:
        path = tmp_path / name
        path.touch()
        units.append(Unit(str(path), FileState(0, path.stat().st_mtime)))
    uri = str(tmp_path / "videos.lance")
    fingerprint = model.fingerprint().to_dict()
    readers = [Reader(files) for _ in range(num_readers)]
    store = Store.open(uri) if Path(uri).exists() else None
    outcome = run_plan(
        Plan(tuple(units), (), ()),
        LocalRunner(SegmentEncoder(model, segmentation=SEGMENTATION), readers),
        store=store,
        snapshot=store.snapshot() if store else Snapshot(),
        make_store=lambda: Store.create(uri, fingerprint, SEGMENTATION),
        **options,
    )
    return outcome, readers


def held(tmp_path: Path) -> dict[str, int]:
    """How many segments each file has."""
    store = Store.open(str(tmp_path / "videos.lance"))
    return {Path(path).name: item.num_segments for path, item in store.held().items()}


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    return outcome.added, outcome.encoded, len(outcome.duplicates), len(outcome.skipped)


@pytest.mark.parametrize("num_readers", [1, 2, 3])
def test_every_segment_is_a_row_with_its_own_vector(tmp_path: Path, make_model, num_readers: int) -> None:
    files = {"a": ("A", [0, 255, 0]), "b": ("B", [255]), "c": ("C", list(range(0, 250, 10)))}
    model = make_model(num_frames=12)  # five clips a batch: batches go across files
    outcome, _ = run(tmp_path, model, files, num_readers=num_readers)
    assert counts(outcome) == (3, 3, 0, 0)
    assert held(tmp_path) == {"a": 3, "b": 1, "c": 25}
    assert model.num_encoded == 29
    rows = Store.open(str(tmp_path / "videos.lance")).rows_of("A")
    assert [(row.start_seconds, row.end_seconds) for row in rows] == [(0, 5), (2.5, 7.5), (5, 10)]
    assert {row.duration_seconds for row in rows} == {10.0}
    assert [row.vector[0] > 0 for row in rows] == [False, True, False]
    assert all(row.thumbnail == b"picture" for row in rows)


def test_a_file_that_breaks_off_leaves_nothing_behind(tmp_path: Path, colour_model) -> None:
    files = {"a": ("A", [1, 2]), "b": ("B", [3, 4, "broken at 5 s"]), "c": ("C", [5])}
    outcome, _ = run(tmp_path, colour_model, files)
    assert [(Path(item.path).name, item.reason) for item in outcome.skipped] == [("b", "broken at 5 s")]
    assert held(tmp_path) == {"a": 2, "c": 1}


def test_a_vector_that_is_not_finite_costs_its_file(tmp_path: Path, make_model, monkeypatch) -> None:
    model = make_model()
    encode = model._vector
    monkeypatch.setattr(model, "_vector", lambda colours: encode(colours) * np.where(colours[:, :1] == 0, np.nan, 1))
    outcome, _ = run(tmp_path, model, {"a": ("A", [9, 0, 9]), "b": ("B", [9, 9])})
    assert [Path(item.path).name for item in outcome.skipped] == ["a"]
    assert "no finite vector" in outcome.skipped[0].reason
    assert held(tmp_path) == {"b": 2}


def test_videos_are_committed_whole(tmp_path: Path, make_model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "ROWS_PER_COMMIT", 4)
    commits: list[dict[str, int]] = []
    write = Store.write

    def watched(self: Store, rows: Any, **options: Any) -> None:
        write(self, rows, **options)
        commits.append(held(tmp_path))

    monkeypatch.setattr(Store, "write", watched)
    files = {name: (name, [10] * number) for name, number in (("a", 3), ("b", 9), ("c", 2), ("d", 1))}
    run(tmp_path, make_model(num_frames=64), files)  # one clip a batch
    sizes = {"a": 3, "b": 9, "c": 2, "d": 1}
    assert len(commits) >= 2
    assert all(sizes[name] == number for commit in commits for name, number in commit.items())
    assert commits[-1] == sizes


@pytest.mark.parametrize("num_readers", [1, 2])
def test_the_first_of_equal_files_is_stored(tmp_path: Path, colour_model, num_readers: int) -> None:
    files = {name: ("same", [7, 8]) for name in ("a", "b", "c", "d")}
    outcome, readers = run(tmp_path, colour_model, files, num_readers=num_readers)
    assert counts(outcome) == (1, 1, 3, 0)
    assert {Path(copy.original).name for copy in outcome.duplicates} == {"a"}
    assert held(tmp_path) == {"a": 2}
    assert sum(reader.num_read for reader in readers) <= num_readers


def test_a_copy_of_a_file_that_failed_is_tried_itself(tmp_path: Path, colour_model) -> None:
    files = {"a": ("same", [7, "the disk has a bad block"]), "b": ("same", [7, 8]), "c": ("same", [7, 8])}
    outcome, readers = run(tmp_path, colour_model, files)
    assert counts(outcome) == (1, 1, 1, 1)
    assert held(tmp_path) == {"b": 2}
    assert readers[0].num_read == 2


def test_equal_files_that_all_fail_are_all_reported(tmp_path: Path, colour_model) -> None:
    files = {name: ("same", ["broken"]) for name in ("a", "b", "c")} | {"d": ("D", [1])}
    outcome, readers = run(tmp_path, colour_model, files)
    assert sorted(Path(item.path).name for item in outcome.skipped) == ["a", "b", "c"]
    assert held(tmp_path) == {"d": 1}
    assert readers[0].num_read == 4


def test_progress_grows_within_a_long_file(tmp_path: Path, colour_model) -> None:
    calls: list[tuple[float, int]] = []
    files = {"a": ("A", [1] * 9), "b": ("A", [1] * 9), "c": ("C", ["broken"])}
    run(tmp_path, colour_model, files, progress=lambda done, total: calls.append((done, total)))
    assert calls == sorted(calls)
    assert {total for _, total in calls} == {3}
    assert {0.1, 0.5, 0.9, 1.0, 2.0, 3.0} <= {done for done, _ in calls}


def test_what_was_committed_before_a_defect_stays(
    tmp_path: Path, colour_model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "ROWS_PER_COMMIT", 1)
    files = {"a": ("A", [1] * 16), "b": ("B", [2] * 16)}

    def fail(done: float, total: int) -> None:
        if done == 2:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(tmp_path, colour_model, files, progress=fail)
    assert held(tmp_path) == {"a": 16, "b": 16}
