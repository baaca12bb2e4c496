from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framecue.errors import VideoError
from framecue.service.mcp.pictures import MAX_BYTES, PictureReader, as_jpeg
from framecue.video import write_video


def noise(side: int, number: int) -> list[tuple[float, np.ndarray]]:
    """Pictures that no JPEG makes small."""
    rng = np.random.default_rng(0)
    return [(float(n), rng.integers(0, 256, (side, side + 20, 3), dtype=np.uint8)) for n in range(number)]


def test_pictures_fit_into_an_answer_however_much_there_is_in_them() -> None:
    made = as_jpeg(noise(1000, 2), max_bytes=100_000)
    assert sum(len(each.jpeg) for each in made) <= 100_000
    for each in made:
        with Image.open(io.BytesIO(each.jpeg)) as opened:
            assert opened.format == "JPEG"
            assert opened.size == (each.width, each.height)
            assert each.width > each.height > 64
    assert [each.at_seconds for each in made] == [0.0, 1.0]


def test_ordinary_pictures_keep_their_size() -> None:
    grey = np.full((600, 800, 3), 128, np.uint8)
    made = as_jpeg([(1.0, grey)] * 8)
    assert {(each.width, each.height) for each in made} == {(800, 600)}
    assert sum(len(each.jpeg) for each in made) < MAX_BYTES


def test_what_cannot_get_any_smaller_is_given_as_it_is() -> None:
    (made,) = as_jpeg(noise(60, 1), max_bytes=10)
    assert max(made.width, made.height) <= 64


def test_the_same_picture_gives_the_same_bytes() -> None:
    first, second = (as_jpeg(noise(300, 1), max_bytes=20_000) for _ in range(2))
    assert first == second


def test_frames_are_read_in_the_order_of_the_moments_and_a_broken_file_costs_itself_alone(tmp_path: Path) -> None:
    good, broken = tmp_path / "good.mp4", tmp_path / "broken.mp4"
    levels = [30, 30, 220, 220]
    write_video(good, (np.full((64, 96, 3), level, np.uint8) for level in levels), frames_per_second=2)
    broken.write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(200))
    with PictureReader() as reader:
        with pytest.raises(VideoError):
            reader.read(str(broken), [0.0], long_side=64)
        bright, dark = reader.read(str(good), [1.6, 0.1], long_side=48)
    assert (bright.at_seconds, dark.at_seconds) == (1.6, 0.1)
    assert (bright.width, bright.height) == (48, 32)
    shown = [np.asarray(Image.open(io.BytesIO(each.jpeg)), np.int16).mean() for each in (bright, dark)]
    assert shown == pytest.approx([220, 30], abs=6)
