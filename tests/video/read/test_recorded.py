from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import ExifTags, Image

from framecue.video import VideoReader

UTC = datetime(2024, 5, 31, 16, 12, 33, tzinfo=timezone.utc).timestamp()


def write(path: Path, metadata: dict[str, str]) -> Path:
    options = {"movflags": "use_metadata_tags"} if path.suffix in (".mp4", ".mov") else {}
    with av.open(str(path), "w", options=options) as container:
        container.metadata.update(metadata)
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".3gp"])
def test_what_a_container_says(tmp_path: Path, suffix: str) -> None:
    with VideoReader(write(tmp_path / f"a{suffix}", {"creation_time": "2024-05-31T16:12:33Z"})) as video:
        assert video.recorded_seconds == UTC
    with VideoReader(write(tmp_path / f"b{suffix}", {})) as video:
        assert video.recorded_seconds is None


def test_quicktimes_own_date_has_a_time_zone_and_comes_first(tmp_path: Path) -> None:
    metadata = {"com.apple.quicktime.creationdate": "2024-05-31T18:12:33+0200", "creation_time": "2024-06-03T00:00:00Z"}
    with VideoReader(write(tmp_path / "a.mov", metadata)) as video:
        assert video.recorded_seconds == UTC


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_exif_of_a_picture(tmp_path: Path, suffix: str) -> None:
    picture = Image.new("RGB", (32, 32))
    exif = Image.Exif()
    exif[ExifTags.IFD.Exif] = {
        ExifTags.Base.DateTimeOriginal: "2024:05:31 18:12:33",
        ExifTags.Base.OffsetTimeOriginal: "+02:00",
    }
    picture.save(tmp_path / f"a{suffix}", exif=exif)
    picture.save(tmp_path / f"b{suffix}")
    with VideoReader(tmp_path / f"a{suffix}") as video:
        assert video.recorded_seconds == UTC
    with VideoReader(tmp_path / f"b{suffix}") as video:
        assert video.recorded_seconds is None


def test_a_damaged_exif_block_costs_the_date_alone(tmp_path: Path) -> None:
    Image.new("RGB", (32, 32)).save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    with VideoReader(tmp_path / "a.jpg") as video:
        assert video.recorded_seconds is None
        assert video.info().width == 32
