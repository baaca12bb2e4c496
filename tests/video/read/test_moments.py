"""Reading a video as a stream: its content first, then each segment's frames, and what damage costs."""

import hashlib
import io
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from framecue.errors import VideoError
from framecue.video import (
    Content,
    FrameSampling,
    Moment,
    ReadOptions,
    Segmentation,
    content_hash,
    read_moments,
)
from framecue.video.read import moments
from framecue.video.read.frames import Frames
from framecue.video.read.heartbeat import heard_by
from framecue.video.read.thumbnail import make_thumbnail, middle_frame

COLOURS = [(200, 40, 40), (40, 200, 40), (40, 40, 200), (220, 220, 220), (30, 30, 30)]
LENGTHS = [40, 62, 15, 38, 45]  # frames of each colour, 10 a second
EDGES = [0.0, 4.0, 10.2, 11.7, 15.5, 20.0]


@pytest.fixture
def film(videos):
    pictures = [
        np.full((48, 64, 3), colour, np.uint8)
        for colour, length in zip(COLOURS, LENGTHS, strict=True)
        for _ in range(length)
    ]
    path = videos.folder / "film.mp4"
    videos.encode(path, pictures, codec_options={"bf": "2"}, gop=250)
    return path


def read(path, *, is_wanted=lambda video_id: True, **options):
    options.setdefault("sampling", FrameSampling(4))
    events = list(read_moments(str(path), ReadOptions(**options), is_wanted))
    return events[0], events[1:]


def test_a_video_of_five_shots(film):
    content, found = read(film, short_side=24)
    assert content == Content(content_hash(str(film)), True, 20.0, 5)
    assert content.video_id == hashlib.blake2b(film.read_bytes(), digest_size=20).hexdigest()
    assert [(moment.start_seconds, moment.end_seconds) for moment in found] == [*pairwise(EDGES)]
    for moment, colour in zip(found, COLOURS, strict=True):
        assert moment.pixels.shape == (4, 24, 32, 3)
        assert moment.pixels.dtype == np.uint8
        assert np.abs(moment.pixels.mean(axis=(0, 1, 2)) - colour).max() < 8
        picture = np.asarray(Image.open(io.BytesIO(moment.thumbnail)))
        assert np.abs(picture.mean(axis=(0, 1)) - colour).max() < 12


def test_windows_and_whole_and_no_shots_of_a_short_video(film, monkeypatch):
    _, windows = read(film, segmentation=Segmentation("shots", 6.0, 3.0))
    monkeypatch.setattr(moments, "find_cuts", None)
    content, found = read(film, segmentation=Segmentation("windows", 6.0, 3.0))
    spans = [(moment.start_seconds, moment.end_seconds) for moment in found]
    assert spans == [(pytest.approx(at), pytest.approx(at + 6)) for at in (0, 2.8, 5.6, 8.4, 11.2, 14)]
    assert content.num_segments == 6
    assert len(windows) == 5
    for options in ({"segmentation": Segmentation("whole")}, {"segmentation": Segmentation("shots", 7.0)}):
        content, found = read(film, **options)
        assert content.num_segments == 1
        assert [(moment.start_seconds, moment.end_seconds) for moment in found] == [(0.0, 20.0)]


def test_what_is_not_wanted_is_not_opened(film, monkeypatch):
    monkeypatch.setattr(moments, "VideoReader", None)
    asked = []
    content, found = read(film, is_wanted=lambda video_id: asked.append(video_id))
    assert content == Content(content_hash(str(film)), is_wanted=False)
    assert (asked, found) == ([content.video_id], [])


def test_overlapping_windows_may_share_their_frames(videos):
    rng = np.random.default_rng(0)
    small = rng.integers(0, 255, (40, 6, 8, 3), dtype=np.uint8)
    pictures = small.repeat(8, axis=1).repeat(8, axis=2)
    path = videos.folder / "film.mp4"
    videos.encode(path, [pictures[number // 5] for number in range(200)], codec_options={"bf": "2"}, gop=50)
    options = {"segmentation": Segmentation("windows", 6.0, 3.0, shares_frames=True)}
    content, found = read(path, **options)
    spans = [(moment.start_seconds, moment.end_seconds) for moment in found]
    # Intervals of 15 frames, four a window: the last window ends half a second before the film.
    assert spans == [(0, 6), (3, 9), (6, 12), (9, 15), (12, 18), (13.5, 20)]
    assert content.num_segments == 6
    distinct = {frame.tobytes() for moment in found for frame in moment.pixels}
    assert len(distinct) == 13
    for before, after in pairwise(found[:5]):
        np.testing.assert_array_equal(before.pixels[2:], after.pixels[:2])


def test_a_still_image(videos):
    path = videos.folder / "it.png"
    Image.new("RGB", (400, 100), (10, 200, 90)).save(path)
    content, (moment,) = read(path)
    assert (content.duration_seconds, content.num_segments) == (0.0, 1)
    assert (moment.start_seconds, moment.end_seconds) == (0.0, 0.0)
    assert Image.open(io.BytesIO(moment.thumbnail)).size == (192, 48)


@pytest.mark.parametrize("pause_seconds", [40, 10**6])
def test_a_stretch_of_one_picture_is_one_moment(videos, pause_seconds):
    # Slides, or a recording that lost its clock: not thousands of windows of the same picture.
    times = [*range(0, 8000, 100), *range(8000 + pause_seconds * 1000, 16000 + pause_seconds * 1000, 100)]
    path = videos.folder / "slides.mkv"
    videos.encode(path, [videos.grey_frame(n // 4) for n in range(len(times))], times=times, gop=20)
    content, found = read(path)
    spans = [(round(moment.start_seconds, 3), round(moment.end_seconds, 3)) for moment in found]
    assert content.num_segments == len(spans) < 10
    assert (7.9, 8.0 + pause_seconds) in spans
    assert spans[-1][1] == pytest.approx(content.duration_seconds)


def test_moments_come_as_they_are_read(film, monkeypatch):
    stream = read_moments(str(film), ReadOptions(FrameSampling(2)), lambda video_id: True)
    assert isinstance(next(stream), Content)
    assert isinstance(next(stream), Moment)
    film.unlink()
    stream.close()
    with pytest.raises(VideoError, match=r"film\.mp4: no such file|cannot be read"):
        list(read_moments(str(film), ReadOptions(FrameSampling(2)), lambda video_id: True))


def test_no_more_than_a_few_moments_are_in_memory(videos):
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 255, (90, 160, 3), dtype=np.uint8) for _ in range(20)]
    path = videos.folder / "long.mkv"
    videos.encode(path, [noise[n % 20] for n in range(600)], codec="mjpeg", pix_fmt="yuvj420p")
    options = ReadOptions(FrameSampling(12), Segmentation("windows"))
    num_moments = 0
    tracemalloc.start()
    for event in read_moments(str(path), options, lambda video_id: True):
        num_moments += isinstance(event, Moment)
        del event
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert num_moments == 23
    assert peak < 6 * 12 * noise[0].nbytes


def test_a_file_whose_packets_say_nothing_is_refused_only_if_it_is_wanted(film, monkeypatch):
    def nothing(path, *arguments):
        raise VideoError(path, "its video stream is empty")

    monkeypatch.setattr(moments, "scan_packets", nothing)
    content, found = read(film, is_wanted=lambda video_id: False)
    assert (content, found) == (Content(content_hash(str(film)), is_wanted=False), [])
    with pytest.raises(VideoError, match="its video stream is empty") as caught:
        read(film)
    assert caught.value.cause == "content"


def test_a_file_that_can_be_opened_and_not_be_hashed(film, monkeypatch):
    def broken(path):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(moments, "content_hash", broken)
    with pytest.raises(VideoError, match=r"cannot be read \(Input/output error\)") as caught:
        read(film)
    assert caught.value.cause is None


def losing(monkeypatch, lost):
    """Let these of the segments be undecodable."""
    read_segments = moments.read_segments

    def lossy(*arguments, **options):
        for number, step in enumerate(read_segments(*arguments, **options)):
            yield VideoError(arguments[0], "none of its frames can be decoded") if number in lost else step

    monkeypatch.setattr(moments, "read_segments", lossy)


def test_segments_that_cannot_be_decoded_are_left_out(film, monkeypatch):
    losing(monkeypatch, {0, 2})
    content, found = read(film)
    assert content.num_segments == 5
    assert [moment.start_seconds for moment in found] == [4.0, 11.7, 15.5]


def test_a_video_that_lost_more_than_half_of_its_segments_is_damaged(film, monkeypatch):
    losing(monkeypatch, {1, 2, 4})
    with pytest.raises(VideoError, match="more than half of its 5 segments cannot be decoded"):
        read(film)


def test_signs_of_life_in_each_long_step(film, monkeypatch):
    monkeypatch.setattr(moments, "_BLOCK_BYTES", 100)
    beats = [0]

    def count() -> None:
        beats[0] += 1

    num_blocks = -(-film.stat().st_size // 100)
    with heard_by(count):
        list(read_moments(str(film), ReadOptions(FrameSampling(4)), lambda video_id: False))
        # Hashing, and the packets in the same pass.
        assert beats[0] >= num_blocks + sum(LENGTHS)
        beats[0] = 0
        events = read_moments(str(film), ReadOptions(FrameSampling(4)), lambda video_id: True)
        next(events)
        # The same again, and looking for shots.
        assert beats[0] > num_blocks + 200 + 50
        before = beats[0]
        next(events)
        assert beats[0] > before


def test_a_thumbnail_is_of_the_middle_by_time():
    pixels = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    # Three passes of two frames: in that order the fourth is an early one.
    frames = Frames(pixels, np.array([0.0, 5.0, 1.0, 6.0, 2.0, 7.0]))
    assert middle_frame(frames)[0, 0, 0] == 1
    assert Image.open(io.BytesIO(make_thumbnail(pixels[0][::-1, ::-1]))).size == (4, 4)
