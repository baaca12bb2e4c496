from __future__ import annotations

import hashlib
import io
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framecue.errors import VideoError
from framecue.library.plan import Unit
from framecue.library.worker import THUMBNAIL_SIDE, Worker, prepare_ahead
from framecue.video import content_hash, write_video


def unit_of(path: Path) -> Unit:
    status = path.stat()
    return Unit(str(path), status.st_size, status.st_mtime)


def test_content_hash_is_of_all_bytes(tmp_path: Path) -> None:
    content = np.random.default_rng(0).bytes(3_000_001)
    (tmp_path / "a").write_bytes(content)
    assert content_hash(str(tmp_path / "a")) == hashlib.blake2b(content, digest_size=20).hexdigest()


def test_clip_becomes_one_row(tmp_path: Path, colour_model, write_clip) -> None:
    path = write_clip(tmp_path / "red.mp4", "red", seconds=2)
    worker = Worker(colour_model)
    prepared = worker.prepare(unit_of(path), set())
    assert prepared.clip is not None
    vectors = worker.encode([prepared.clip])
    assert vectors.dtype == np.float32
    (row,) = worker.rows(prepared, vectors[0])
    assert (row.path, row.video_id) == (str(path), content_hash(str(path)))
    assert (row.size_bytes, row.modified_seconds) == (path.stat().st_size, path.stat().st_mtime)
    assert row.start_seconds == 0
    assert row.end_seconds == row.duration_seconds == pytest.approx(2, abs=0.05)
    red = np.array([220, 30, 30]) / 255 - 0.5
    expected = np.append(red, 0.1) / np.linalg.norm(np.append(red, 0.1))
    np.testing.assert_allclose(row.vector, expected, atol=0.03)  # video coding shifts colours a little


def test_thumbnail_is_a_small_webp_of_the_middle(tmp_path: Path, colour_model) -> None:
    frames = [np.full((360, 640, 3), value, dtype=np.uint8) for value in (0, 0, 120, 120, 120, 120, 250, 250)]
    write_video(tmp_path / "a.mp4", frames, frames_per_second=8)
    clip = Worker(colour_model).prepare(unit_of(tmp_path / "a.mp4"), set()).clip
    assert clip is not None
    with Image.open(io.BytesIO(clip.thumbnail)) as picture:
        assert picture.format == "WEBP"
        assert picture.size == (THUMBNAIL_SIDE, THUMBNAIL_SIDE * 360 // 640)
        assert np.asarray(picture).mean() == pytest.approx(120, abs=5)
    assert len(clip.thumbnail) < 5_000


def test_known_content_is_not_read(tmp_path: Path, colour_model, write_clip) -> None:
    path = write_clip(tmp_path / "red.mp4", "red")
    encoded: set[str] = set()
    worker = Worker(colour_model)
    assert worker.prepare(unit_of(path), encoded).clip is not None
    assert encoded == {content_hash(str(path))}
    assert worker.prepare(unit_of(path), encoded).clip is None


@pytest.mark.parametrize("content", [b"", b"this is a text, not a video\n" * 50])
def test_what_is_no_video_is_a_video_error_and_not_known(tmp_path: Path, colour_model, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    encoded: set[str] = set()
    with pytest.raises(VideoError):
        Worker(colour_model).prepare(unit_of(path), encoded)
    assert encoded == set()


def test_file_that_has_gone_is_a_video_error(tmp_path: Path, colour_model, write_clip) -> None:
    unit = unit_of(write_clip(tmp_path / "red.mp4", "red"))
    (tmp_path / "red.mp4").unlink()
    with pytest.raises(VideoError, match="No such file"):
        Worker(colour_model).prepare(unit, set())


class CountingWorker:
    """Prepares nothing, and counts how far ahead it has been asked to."""

    def __init__(self) -> None:
        self.prepared: list[str] = []
        self.threads: set[int] = set()

    def prepare(self, unit: Unit, encoded: set[str]) -> Unit:
        self.threads.add(threading.get_ident())
        self.prepared.append(unit.path)
        if unit.path == "bad":
            raise VideoError(unit.path, "broken")
        if unit.path == "bug":
            raise ZeroDivisionError
        return unit


def test_units_are_read_ahead_in_order_in_one_other_thread() -> None:
    worker = CountingWorker()
    units = [Unit(str(i), 1, 1.0) for i in range(20)]
    results = prepare_ahead(worker, units, set(), depth=3)  # type: ignore[arg-type]
    assert next(results)[0] is units[0]
    assert len(worker.prepared) <= 4
    assert [unit for unit, _ in results] == units[1:]
    assert worker.prepared == [unit.path for unit in units]
    assert len(worker.threads) == 1
    assert threading.get_ident() not in worker.threads


def test_bad_unit_comes_as_its_error_and_a_defect_is_raised() -> None:
    units = [Unit(name, 1, 1.0) for name in ("a", "bad", "b")]
    results = list(prepare_ahead(CountingWorker(), units, set(), depth=2))  # type: ignore[arg-type]
    assert [type(result).__name__ for _, result in results] == ["Unit", "VideoError", "Unit"]
    with pytest.raises(ZeroDivisionError):
        list(prepare_ahead(CountingWorker(), [Unit("bug", 1, 1.0)], set(), depth=2))  # type: ignore[arg-type]


def test_stopping_early_reads_no_more() -> None:
    worker = CountingWorker()
    results = prepare_ahead(worker, [Unit(str(i), 1, 1.0) for i in range(20)], set(), depth=3)  # type: ignore[arg-type]
    next(results)
    results.close()
    assert len(worker.prepared) <= 4


def test_batches_hold_about_as_many_frames_whatever_the_sampling(make_model) -> None:
    assert Worker(make_model(num_frames=4)).clips_per_encode == 16
    assert Worker(make_model(num_frames=12)).clips_per_encode == 5
    assert Worker(make_model(num_frames=100)).clips_per_encode == 1
