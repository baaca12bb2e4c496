"""All frames of a grid: those that reading takes one by one, each once, with stand-ins where one cannot be decoded."""

import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.video import Extent, FrameSampling, GridOptions, decode_jpeg, read_frames, read_grid
from framecue.video.read import grid_frames
from framecue.video.read.grid_frames import GridFrame, GridFrames, put_together, read_grid_parts
from support.stored_videos import psnr

OPTIONS = GridOptions(frames_per_second=2, short_side=40)


@pytest.fixture
def film(videos):
    path = videos.folder / "film.mp4"
    videos.encode(path, [videos.grey_frame(number) for number in range(37)], gop=10)
    return path


def test_each_frame_of_the_grid_is_there_once(videos, film):
    made = read_grid(film, OPTIONS)
    assert made.extent == Extent(0.0, 3.7, 3.7)
    assert (made.first_moment, made.stand_ins) == (0, ())
    assert made.moment_frames.tolist() == list(range(8))
    np.testing.assert_allclose(made.times_seconds, np.arange(8) / 2)
    pixels = np.stack([decode_jpeg(picture) for picture in made.jpegs])
    assert pixels.shape[1:] == (40, 53, 3)
    assert videos.numbers(pixels) == [0, 5, 10, 15, 20, 25, 30, 35]
    assert psnr(pixels, read_frames(film, FrameSampling(8, None, 2), short_side=40).pixels) > 40


def test_a_frame_that_is_shown_for_long_is_kept_once(videos):
    path = videos.folder / "variable.mkv"
    videos.encode(path, [videos.grey_frame(number) for number in range(4)], times=[0, 40, 1900, 4000])
    made = read_grid(path, OPTIONS)
    assert made.moment_frames.tolist()[:9] == [0, 1, 1, 1, 2, 2, 2, 2, 3]
    np.testing.assert_allclose(made.times_seconds, [0, 0.04, 1.9, 4.0])
    assert len(made.jpegs) == 4


def test_a_window_is_widened_to_whole_seconds(videos, film):
    made = read_grid(film, GridOptions(2, 40, start_seconds=1.2, end_seconds=1.9))
    assert made.first_moment == 2
    assert videos.numbers(np.stack([decode_jpeg(picture) for picture in made.jpegs])) == [10, 15]
    with pytest.raises(VideoError, match=r"starts at 3\.8 seconds, but the video lasts 3\.700"):
        read_grid(film, GridOptions(2, 40, start_seconds=3.8))


def test_what_is_no_video(tmp_path):
    (tmp_path / "x.mp4").write_bytes(b"no video at all")
    with pytest.raises(VideoError, match=r"x\.mp4"):
        read_grid(tmp_path / "x.mp4", OPTIONS)


def test_a_frame_that_a_jump_missed_is_decoded_from_the_beginning(film, monkeypatch):
    decode, seen = grid_frames.decode_places, []

    def missing(path, index, places, problems, *, is_careful=False):
        seen.append((list(places), is_careful))
        for place, frame in decode(path, index, places, problems, is_careful=is_careful):
            if is_careful or place not in (15, 30):
                yield place, frame

    whole = read_grid(film, OPTIONS)
    monkeypatch.setattr(grid_frames, "decode_places", missing)
    made = read_grid(film, OPTIONS)
    assert seen == [([0, 5, 10, 15, 20, 25, 30, 35], False), ([15, 30], True)]
    assert made.jpegs == whole.jpegs
    assert made.stand_ins == ()


def parts(*numbers):
    head = GridFrames(
        Extent(0.0, 2.0, 2.0), 4, np.array([0, 1, 1, 2, 3], np.int32), times_seconds=np.array([0.0, 0.5, 1.2, 2.0])
    )
    return [head, *(GridFrame(number, bytes([number])) for number in numbers)]


def test_the_nearest_stands_in_for_a_missing_one():
    made = put_together("x", parts(3, 0, 2))  # in whichever order they come
    assert made.jpegs == (b"\0", b"\2", b"\3")
    assert made.times_seconds.tolist() == [0.0, 1.2, 2.0]
    assert made.moment_frames.tolist() == [0, 0, 0, 1, 2]
    assert made.stand_ins == (5, 6)
    assert put_together("x", parts(0, 1, 2, 3)).stand_ins == ()
    assert len(put_together("x", parts(1, 2)).jpegs) == 2
    with pytest.raises(VideoError, match="x: only 1 of 4 frames on the grid can be decoded: the file is damaged"):
        put_together("x", parts(1))


def test_a_file_of_which_nothing_can_be_decoded(film, monkeypatch):
    monkeypatch.setattr(grid_frames, "decode_places", lambda *args, **options: iter(()))
    with pytest.raises(VideoError, match="none of its frames can be decoded"):
        list(read_grid_parts(film, OPTIONS))
