"""Clips and sheets say that framecue made them."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from PIL import ExifTags, Image

from framecue.video import CLIP_SUFFIXES, SHEET_MARK, VideoReader, clip_video
from support.colours import write_clip


def is_marked(path: Path) -> bool:
    with VideoReader(path) as video:
        return video.is_marked


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("suffix", CLIP_SUFFIXES)
def test_a_clip_says_what_it_was_cut_out_of(tmp_path: Path, suffix: str, exact: bool) -> None:
    source = write_clip(tmp_path / "my film.mp4", "red", seconds=2)
    made = clip_video(source, tmp_path / f"clip{suffix}", 0.0, 1.0, exact=exact)
    assert is_marked(made.output)
    assert not is_marked(source)
    with av.open(str(made.output)) as container:
        comments = [value for name, value in container.metadata.items() if name.lower() == "comment"]
    assert comments == ["framecue clip of my film.mp4@0:00–0:01"]  # noqa: RUF001
    # Cutting a clip gives a clip.
    assert is_marked(clip_video(made.output, tmp_path / f"again{suffix}", 0.0, 0.5).output)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_sheet_says_what_it_is(tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Software] = SHEET_MARK
    Image.new("RGB", (32, 32)).save(tmp_path / f"sheet{suffix}", exif=exif.tobytes())
    exif[ExifTags.Base.Software] = "a camera"
    Image.new("RGB", (32, 32)).save(tmp_path / f"photo{suffix}", exif=exif.tobytes())
    assert is_marked(tmp_path / f"sheet{suffix}")
    assert not is_marked(tmp_path / f"photo{suffix}")
