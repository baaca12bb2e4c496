from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framecue.errors import InputError, VideoError
from framecue.pictures import as_image
from framecue.video import FrameSampling, PlainFrameSource, picture_frames, still_frames, write_video

SOURCE = PlainFrameSource()
PIXELS = np.random.default_rng(0).integers(0, 256, (30, 44, 3), dtype=np.uint8)
CLEAR = np.dstack([PIXELS, PIXELS[::-1, :, 0]])


@pytest.mark.parametrize("short_side", [None, 13, 100])
@pytest.mark.parametrize("pixels", [PIXELS, CLEAR], ids=["RGB", "RGBA"])
def test_pixels_are_the_frames_that_a_file_of_them_gives(
    pixels: np.ndarray, short_side: int | None, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(pixels).save(path)
    sampling = FrameSampling(3)
    expected = picture_frames(path, sampling, SOURCE, short_side=short_side)
    assert len(expected) == 3
    for same in (pixels, Image.open(io.BytesIO(path.read_bytes())), path.read_bytes()):
        frames = picture_frames(as_image(same), sampling, SOURCE, short_side=short_side)
        np.testing.assert_array_equal(frames, expected)


def test_a_picture_is_no_larger_than_asked() -> None:
    assert still_frames(PIXELS, 2, short_side=15).shape == (2, 15, 22, 3)
    np.testing.assert_array_equal(still_frames(PIXELS, 1)[0], PIXELS)


def test_a_video_is_no_picture(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", [PIXELS] * 4, frames_per_second=4)
    with pytest.raises(InputError, match=r"a\.mp4: a video of 4 frames, not a picture"):
        picture_frames(tmp_path / "a.mp4", FrameSampling(1), SOURCE)
    with pytest.raises(InputError, match="the given bytes: a video of 4 frames"):
        picture_frames(as_image((tmp_path / "a.mp4").read_bytes()), FrameSampling(1), SOURCE)
    with pytest.raises(VideoError, match="the given bytes: "):
        picture_frames(as_image(io.BytesIO(b"no picture").getvalue()), FrameSampling(1), SOURCE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_the_same_way_wherever_it_is(orientation: int, tmp_path: Path) -> None:
    tall = np.zeros((48, 32, 3), dtype=np.uint8)
    tall[:16, :, 0], tall[16:, :16, 1] = 230, 230
    image = Image.fromarray(tall)
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(tmp_path / "a.jpg", exif=exif, quality=95, subsampling=0)
    data = (tmp_path / "a.jpg").read_bytes()
    of_file, of_bytes, of_pillow = (
        picture_frames(as_image(one), FrameSampling(1), SOURCE).astype(int)
        for one in (tmp_path / "a.jpg", data, Image.open(io.BytesIO(data)))
    )
    np.testing.assert_array_equal(of_file, of_bytes)
    # Two decoders of JPEG may round differently.
    assert np.abs(of_file - of_pillow).mean() < 3
