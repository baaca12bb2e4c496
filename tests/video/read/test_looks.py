"""Single pictures at moments: the frame that is shown then, once, and no larger than wanted."""

from __future__ import annotations

import numpy as np
import pytest

from framecue.errors import InputError, VideoError
from framecue.video import IsolatedReader, Look, read_looks
from framecue.video.isolate.questions.looks import LooksQuestion


def told(videos, looks: list[Look]) -> list[tuple[float, float, int]]:
    return [(look.first_seconds, look.last_seconds, *videos.numbers(look.pixels[None])) for look in looks]


@pytest.fixture
def film(videos):
    path = videos.folder / "film.mp4"
    videos.encode(path, [videos.grey_frame(number) for number in range(50)], gop=10)
    return path


def test_each_moment_has_the_frame_that_is_shown_then(videos, film):
    looks = list(read_looks(film, [3.05, 0.0, 1.25, 4.999], long_side=640))
    assert told(videos, looks) == [(0.0, 0.0, 0), (1.25, 1.25, 12), (3.05, 3.05, 30), (4.999, 4.999, 49)]


def test_a_picture_comes_once_for_all_its_moments_and_what_is_outside_counts_as_the_edge(videos, film):
    looks = list(read_looks(film, [-1.0, 0.05, 2.01, 2.08, 2.04, 90.0], long_side=640))
    assert told(videos, looks) == [(-1.0, 0.05, 0), (2.01, 2.08, 20), (90.0, 90.0, 49)]
    assert not list(read_looks(film, [], long_side=640))


def test_a_picture_stays_on_for_as_long_as_it_is_shown(videos):
    path = videos.folder / "slides.mp4"
    videos.encode(path, [videos.grey_frame(number) for number in range(3)], times=[0, 1000, 9000])
    assert told(videos, list(read_looks(path, [1.0, 5.0, 8.9], long_side=640))) == [(1.0, 8.9, 1)]


def test_the_long_side_is_bounded(videos, film):
    (look,) = read_looks(film, [1.0], long_side=32)
    assert look.pixels.shape == (24, 32, 3)
    assert look.pixels.dtype == np.uint8
    assert look.pixels.flags.c_contiguous
    tall = videos.folder / "tall.mp4"
    videos.encode(tall, [videos.grey_frame(0, size=(96, 32))])
    assert [look.pixels.shape for look in read_looks(tall, [0.0], long_side=48)] == [(48, 16, 3)]
    with pytest.raises(InputError, match="long_side is 0"):
        list(read_looks(film, [1.0], long_side=0))


def test_a_damaged_part_costs_its_own_pictures(videos):
    rng = np.random.default_rng(0)
    film = videos.folder / "film.mp4"
    videos.encode(film, [rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(30)], gop=10)
    whole = list(read_looks(film, [0.0, 1.5, 2.9], long_side=640))
    data = bytearray(film.read_bytes())
    start = data.index(b"mdat") + 4
    middle = start + (data.index(b"moov") - start) // 2
    data[middle - 2000 : middle + 2000] = bytes(4000)
    film.write_bytes(data)
    looks = list(read_looks(film, [0.0, 1.5, 2.9], long_side=640))
    assert [look.first_seconds for look in looks if look.first_seconds != 1.5] == [0.0, 2.9]
    np.testing.assert_array_equal(looks[0].pixels, whole[0].pixels)


def test_what_cannot_be_read_is_an_error(videos):
    (videos.folder / "no.mp4").write_bytes(b"no video")
    with pytest.raises(VideoError):
        list(read_looks(videos.folder / "no.mp4", [0.0], long_side=640))


@pytest.mark.isolated
def test_another_process_gives_the_same(film):
    with IsolatedReader() as reader:
        there = [part for part in reader.ask(LooksQuestion(str(film), (0.0, 2.0), 40)) if isinstance(part, Look)]
    here = list(read_looks(film, (0.0, 2.0), long_side=40))
    assert len(there) == len(here) == 2
    for one, other in zip(there, here, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        assert (one.first_seconds, one.last_seconds) == (other.first_seconds, other.last_seconds)
