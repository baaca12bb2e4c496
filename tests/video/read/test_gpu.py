"""Decoding on a GPU, by a stand-in for torchcodec: the frames are PyAV's, and what cannot be done there is PyAV's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import support
from framecue.errors import VideoError
from framecue.video import (
    Content,
    FrameSampling,
    GpuDecoding,
    GpuUse,
    IsolatedReader,
    Moment,
    ReadOptions,
    Segmentation,
    read_frames,
)
from framecue.video.isolate.questions.moments import MomentsQuestion
from framecue.video.read import gpu
from framecue.video.read.budget import Limits, spending
from framecue.video.read.forward import read_segments
from framecue.video.read.gpu import decoding_on_gpu
from framecue.video.read.moments import read_moments
from framecue.video.read.packets import read_packet_index

STAND_IN = Path(next(iter(support.__path__))) / "torchcodec_stand_in"
ANY_SIZE = GpuDecoding(min_pixels=1)
SAMPLING = FrameSampling(6)
SEGMENTS = [(0.0, 2.0), (1.0, 3.0), (2.0, 5.0)]


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What came of importing torchcodec is forgotten before and after."""
    monkeypatch.setattr(gpu, "_torchcodec", gpu._Torchcodec())
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "torchcodec"]:
        del sys.modules[name]


@pytest.fixture
def torchcodec(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put the stand-in where torchcodec would be; the function says what goes wrong with it."""
    monkeypatch.syspath_prepend(STAND_IN)
    return lambda does: monkeypatch.setenv("TORCHCODEC_DOES", does)


@pytest.fixture
def film(videos) -> Path:
    """Fifty frames of 64 x 48 with a picture on them that is moving, a keyframe every ten."""
    ramp = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)
    pictures = [np.stack([np.roll(ramp, number, 1), ramp, 255 - ramp], -1) for number in range(50)]
    path = videos.folder / "film.mp4"
    videos.encode(path, pictures, gop=10)
    return path


def near(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether pictures are the same up to how colours are converted."""
    return found.shape == expected.shape and float(np.abs(found.astype(int) - expected.astype(int)).mean()) < 3


def windows(path: Path, short_side: int | None = None) -> list[np.ndarray]:
    found = read_segments(path, read_packet_index(path), SAMPLING, SEGMENTS, short_side=short_side)
    return [each.pixels for each in found if not isinstance(each, VideoError)]


@pytest.mark.parametrize("short_side", [None, 24])
def test_the_frames_are_those_that_pyav_gives(film: Path, torchcodec, short_side: int | None) -> None:
    expected, expected_windows = read_frames(film, SAMPLING, short_side=short_side), windows(film, short_side)
    with decoding_on_gpu(ANY_SIZE) as session:
        found = read_frames(film, SAMPLING, short_side=short_side)
        assert session is not None
        assert session.use() == GpuUse(6)
        found_windows = windows(film, short_side)
        assert session.use().num_frames > 6
        assert session.use().fallback is None
    assert near(found.pixels, expected.pixels)
    np.testing.assert_array_equal(found.times_seconds, expected.times_seconds)
    assert len(found_windows) == 3
    assert all(near(*pair) for pair in zip(found_windows, expected_windows, strict=True))


def test_a_variable_rate(videos, torchcodec) -> None:
    times = [0, 30, 400, 410, 1500, 1700, 1710, 3000]
    path = videos.folder / "variable.mkv"
    videos.encode(path, [videos.grey_frame(10 + 5 * number) for number in range(8)], times=times)
    with decoding_on_gpu(ANY_SIZE) as session:
        found = read_frames(path, FrameSampling(8))
    assert session is not None
    assert session.use() == GpuUse(len(set(found.times_seconds)))
    assert near(found.pixels, read_frames(path, FrameSampling(8)).pixels)


def test_small_pictures_and_other_uses_are_left_to_pyav(film: Path, torchcodec) -> None:
    with decoding_on_gpu(GpuDecoding()) as session:
        read_frames(film, SAMPLING)
    assert session is not None
    assert session.use() == GpuUse()
    with decoding_on_gpu(None) as session:
        read_frames(film, SAMPLING)
    assert session is None
    assert "torchcodec" not in sys.modules


@pytest.mark.parametrize(
    ("does", "reason"),
    [
        ("no driver", "torchcodec cannot open it (CUDA driver version is insufficient for CUDA runtime version)"),
        (
            "fallback",
            "torchcodec decodes it on the processor ([FFmpeg CUDA] Fallback status: Falling back due to: - Video not "
            "supported)",
        ),
        ("other times", "torchcodec counts its frames' times otherwise"),
        ("turn", "the GPU's pictures are (1, 64, 48, 3), PyAV's (1, 48, 64, 3)"),
    ],
)
def test_what_it_cannot_do_is_said_and_done_by_pyav(film: Path, torchcodec, does: str, reason: str) -> None:
    expected = read_frames(film, SAMPLING)
    torchcodec(does)
    with decoding_on_gpu(ANY_SIZE) as session:
        found = read_frames(film, SAMPLING)
        read_frames(film, SAMPLING)  # and it is not tried again
    assert session is not None
    assert session.use() == GpuUse(0, reason)
    np.testing.assert_array_equal(found.pixels, expected.pixels)


def test_pictures_that_are_others_than_pyavs_are_not_taken(film: Path, torchcodec) -> None:
    torchcodec("other pictures")
    with decoding_on_gpu(ANY_SIZE) as session:
        found = read_frames(film, SAMPLING)
    assert session is not None
    assert str(session.use().fallback).startswith("the GPU's pictures are others than PyAV's (by ")
    np.testing.assert_array_equal(found.pixels, read_frames(film, SAMPLING).pixels)


@pytest.mark.parametrize("part", ["torchcodec", "torchcodec.decoders"])
def test_without_torchcodec_or_with_a_broken_one(film: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    monkeypatch.setitem(sys.modules, part, None)
    with decoding_on_gpu(ANY_SIZE) as session:
        found = read_frames(film, SAMPLING)
    assert session is not None
    assert str(session.use().fallback).startswith("torchcodec cannot be imported (")
    np.testing.assert_array_equal(found.pixels, read_frames(film, SAMPLING).pixels)


def test_pyav_goes_on_where_it_fails(film: Path, torchcodec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "_BYTES_AT_ONCE", 4 * 64 * 48 * 3)
    torchcodec("fail later")
    expected, expected_windows = read_frames(film, SAMPLING), windows(film)
    with decoding_on_gpu(ANY_SIZE) as session:
        found = read_frames(film, SAMPLING)
    assert session is not None
    assert session.use() == GpuUse(4, "torchcodec cannot decode it (CUDA error: out of memory)")
    assert near(found.pixels, expected.pixels)
    np.testing.assert_array_equal(found.pixels[4:], expected.pixels[4:])
    with decoding_on_gpu(ANY_SIZE) as session:
        assert all(near(*pair) for pair in zip(windows(film), expected_windows, strict=True))
    assert session is not None
    assert session.use().num_frames == 4


def test_transparent_and_turned_pictures_and_other_kinds_of_files(
    videos, film: Path, torchcodec, monkeypatch: pytest.MonkeyPatch
) -> None:
    videos.encode(videos.folder / "film.avi", [videos.grey_frame(number) for number in range(9)], codec="mpeg4")
    videos.encode(
        videos.folder / "see-through.mkv",
        [videos.grey_frame(number) for number in range(9)],
        codec="ffv1",
        pix_fmt="yuva420p",
    )

    def fallback(path: Path) -> str | None:
        with decoding_on_gpu(ANY_SIZE) as session:
            read_frames(path, SAMPLING)
        assert session is not None
        assert session.use().num_frames == 0
        return session.use().fallback

    assert fallback(videos.folder / "film.avi") == "files of the kind avi are decoded by PyAV"
    assert fallback(videos.folder / "see-through.mkv") == "its pictures are transparent"
    monkeypatch.setattr(gpu, "is_upright", lambda frame: False)
    assert fallback(film) == "its pictures are turned"


def test_a_file_may_cost_no_more_than_elsewhere(film: Path, torchcodec) -> None:
    pixels_of_all = 46 * 64 * 48
    with spending(str(film), Limits(max_megapixels=2 * pixels_of_all / 1e6)), decoding_on_gpu(ANY_SIZE) as session:
        read_frames(film, SAMPLING)
    assert session is not None
    assert session.use().num_frames == 6
    with (
        spending(str(film), Limits(max_megapixels=0.01)),
        decoding_on_gpu(ANY_SIZE),
        pytest.raises(VideoError, match="megapixels in all, more than the"),
    ):
        read_frames(film, SAMPLING)


def events_of(reader: IsolatedReader, path: Path, use: GpuDecoding | None) -> tuple[list[object], list[GpuUse]]:
    options = ReadOptions(SAMPLING, Segmentation("windows", 1.0, 0.5))
    found = list(reader.read(str(path), options, lambda _: True, gpu=use))
    return [each for each in found if isinstance(each, Content | Moment)], [e for e in found if isinstance(e, GpuUse)]


@pytest.mark.isolated
@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_file_with_which_it_ends_the_other_process(film: Path, torchcodec, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ReadOptions(SAMPLING, Segmentation("windows", 1.0, 0.5))
    expected = [each for each in read_moments(str(film), options, lambda _: True) if isinstance(each, Moment)]
    torchcodec("crash later")
    # The call by which the decoders are compared is answered, the next one ends the process.
    monkeypatch.setenv("TORCHCODEC_CALLS", "1")
    with IsolatedReader() as reader:
        found, uses = events_of(reader, film, ANY_SIZE)
    (told, *again), (use,) = found, uses
    assert isinstance(told, Content)
    assert str(use.fallback).startswith("the decoder crashed on this file (SIGABRT)")
    for moment, known in zip(again, expected, strict=True):
        assert isinstance(moment, Moment)
        np.testing.assert_array_equal(moment.pixels, known.pixels)


def reader_that_loses(monkeypatch: pytest.MonkeyPatch, error: VideoError, *, content_again: Content) -> IsolatedReader:
    """A reader whose process ends after the first of two moments, and that then is told the content again."""
    moments = [Moment(start, start + 1, np.zeros((1, 2, 2, 3), np.uint8), b"") for start in (0.0, 1.0)]

    def ask(self: IsolatedReader, question: MomentsQuestion, decide: object) -> Iterator[object]:
        if question.gpu is not None:
            yield Content("a", True)
            yield moments[0]
            raise error
        yield content_again
        yield from moments

    monkeypatch.setattr(IsolatedReader, "ask", ask)
    return IsolatedReader()


def test_what_was_given_before_the_end_is_not_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = reader_that_loses(monkeypatch, VideoError("x.mp4", "it crashed"), content_again=Content("a", True))
    (content, first, second), uses = events_of(reader, Path("x.mp4"), ANY_SIZE)
    assert content == Content("a", True)
    assert [each.start_seconds for each in (first, second) if isinstance(each, Moment)] == [0.0, 1.0]
    assert uses == [GpuUse(0, "it crashed")]


def test_a_file_that_changes_meanwhile_and_one_that_is_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = reader_that_loses(monkeypatch, VideoError("x.mp4", "it crashed"), content_again=Content("b", True))
    with pytest.raises(VideoError, match="it changed while it was being read"):
        events_of(reader, Path("x.mp4"), ANY_SIZE)
    damaged = VideoError("x.mp4", "it is damaged", cause="content")
    reader = reader_that_loses(monkeypatch, damaged, content_again=Content("a", True))
    with pytest.raises(VideoError, match="it is damaged"):
        events_of(reader, Path("x.mp4"), ANY_SIZE)
