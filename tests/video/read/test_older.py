"""What an older framecue found in a file, and whether it is found today."""

from __future__ import annotations

import av
import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.video import IsolatedReader, OlderReading, probe
from framecue.video.read import older
from framecue.video.read.older import SecondLook, look_again, reading_difference
from support.recordings import flagged, record


@pytest.fixture(params=[True, False], ids=["read whole", "looked at"])
def small_or_large(request, monkeypatch):
    """Let files be small enough to be read whole, or not."""
    if not request.param:
        monkeypatch.setattr(older, "_SMALL_BYTES", 0)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts", ".avi"])
def test_a_file_that_is_read_as_it_was(tmp_path, suffix, small_or_large):
    path = record(tmp_path / f"a{suffix}", pictures=(0, 20), size=(48, 64))
    assert reading_difference(path, OlderReading(0.0, probe(path).duration_seconds, (64, 48))) is None
    assert reading_difference(path, OlderReading(0.0, probe(path).duration_seconds)) is None


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
def test_pictures_that_begin_late(tmp_path, suffix, small_or_large):
    path = record(tmp_path / f"a{suffix}", pictures=(10, 14), sound=(0, 14))
    assert reading_difference(path, OlderReading(0.0, 4.0, (64, 48))) == "times"


def test_a_length_that_was_wrong(tmp_path, small_or_large):
    path = record(tmp_path / "a.ts", pictures=(0, 6))
    path.write_bytes(flagged(path.read_bytes()))
    assert reading_difference(path, OlderReading(0.0, 0.2, (64, 48))) == "times"


@pytest.mark.parametrize("size", [(48, 64), (64, 64), (96, 64)])
def test_pictures_of_another_shape(tmp_path, size, small_or_large):
    path = record(tmp_path / "a.mp4", pictures=(0, 6), size=(48, 64))
    assert reading_difference(path, OlderReading(0.0, 6.0, size)) == "shape"


def test_pictures_that_change_midway(tmp_path, small_or_large):
    parts = [
        record(tmp_path / f"{n}.ts", pictures=(6 * n, 6 * n + 6), size=size)
        for n, size in enumerate([(48, 64), (64, 48)])
    ]
    path = tmp_path / "a.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert reading_difference(path, OlderReading(0.0, probe(path).duration_seconds, (64, 48))) == "shape"


def test_it_is_asked_of_another_process(tmp_path):
    path = record(tmp_path / "a.mkv", pictures=(10, 12), sound=(0, 12))
    with IsolatedReader() as reader:
        assert reader.look_again(str(path), OlderReading(0.0, 2.0)) == SecondLook("times")
        assert reader.look_again(str(path), OlderReading(10.0, 12.0, (64, 48))) == SecondLook()
        with pytest.raises(VideoError, match="no such file"):
            reader.look_again(str(tmp_path / "none.mp4"), OlderReading(0.0, 2.0))


def test_when_it_was_recorded_is_seen_on_the_way(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        container.metadata["creation_time"] = "2024-05-31T16:12:33Z"
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    found = look_again(path, OlderReading(0.0, probe(path).duration_seconds))
    assert found == SecondLook(None, 1717171953.0)
