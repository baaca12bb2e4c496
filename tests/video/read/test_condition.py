"""Whether a file is whole: cut off and damaged ones are told from sound ones."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.video import Frames, FrameSampling, IsolatedFrameSource, write_video
from framecue.video.read.condition import read_condition
from framecue.video.read.decode import VideoReader


@pytest.fixture
def video(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(60)]
    write_video(tmp_path / "whole.mp4", frames, frames_per_second=10)
    return tmp_path / "whole.mp4"


def test_a_whole_video_has_no_problem(video: Path) -> None:
    found = read_condition(video)
    assert found.problem is None
    assert (found.info.num_frames, found.info.width) == (60, 64)
    assert found.info.duration_seconds == pytest.approx(6)


def test_a_still_picture_of_one_frame_is_whole(tmp_path: Path) -> None:
    write_video(tmp_path / "one.mp4", [np.zeros((16, 16, 3), dtype=np.uint8)], frames_per_second=1)
    assert read_condition(tmp_path / "one.mp4").problem is None


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_video_that_was_cut_off_has_a_problem(video: Path, tmp_path: Path, share: float) -> None:
    content = video.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(content[: int(len(content) * share)])
    try:
        problem = read_condition(cut).problem
    except VideoError as error:
        problem = error.reason
    assert problem is not None


def test_a_video_whose_end_is_noise_has_a_problem(video: Path) -> None:
    content = bytearray(video.read_bytes())
    place = content.find(b"mdat")
    end = content.find(b"moov")
    start = place + 4
    stop = end - 4 if end > place else len(content)
    middle = start + (stop - start) * 9 // 10
    content[middle:stop] = bytes(stop - middle)
    video.write_bytes(bytes(content))
    try:
        problem = read_condition(video).problem
    except VideoError as error:
        problem = error.reason
    assert problem is not None


def _remuxed(video: Path, times: list[float]) -> Path:
    """The first packets of a video of keyframes alone, shown at other times."""
    found = video.with_name("remuxed.mkv")
    with av.open(str(video)) as source, av.open(str(found), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet, time in zip(source.demux(source.streams.video[0]), times, strict=False):
            packet.stream, packet.time_base = stream, Fraction(1, 1000)
            packet.pts = packet.dts = round(time * 1000)
            packet.duration = 100
            target.mux(packet)
    return found


@pytest.fixture
def keyframes(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    with av.open(str(tmp_path / "keyframes.mkv"), "w") as target:
        stream = target.add_stream("mpeg4", rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width = stream.height = 64
        stream.gop_size = 1
        for _ in range(200):
            picture = np.full((64, 64, 3), 90, dtype=np.uint8)
            picture[20:36, 20:36] = rng.integers(0, 256, 3)
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        target.mux(stream.encode())
    return tmp_path / "keyframes.mkv"


def test_a_hole_in_the_middle_is_named(keyframes: Path) -> None:
    assert read_condition(keyframes).problem is None
    content = bytearray(keyframes.read_bytes())
    start, end = len(content) * 3 // 8, len(content) * 5 // 8
    content[start:end] = bytes(end - start)
    keyframes.write_bytes(bytes(content))
    problem = read_condition(keyframes).problem
    assert problem is not None
    assert problem.startswith("it has no pictures from ")


def test_a_gap_between_even_pictures_is_a_loss(keyframes: Path) -> None:
    even = [number / 10 for number in range(60)]
    assert read_condition(_remuxed(keyframes, even)).problem is None
    lost = [time + (1.2 if time >= 3 else 0) for time in even]
    assert read_condition(_remuxed(keyframes, lost)).problem == (
        "it has no pictures from 2.9 to 4.2 seconds: a part of it is damaged"
    )
    # A few pictures dropped are none, nor do slides that stay on for as long as they please.
    assert read_condition(_remuxed(keyframes, [time + (0.6 if time >= 3 else 0) for time in even])).problem is None
    slides = [0.0, 0.1, 4.0, 4.1, 9.0, 9.2, 9.3, 15.0, 15.1, 15.4]
    assert read_condition(_remuxed(keyframes, slides)).problem is None


def test_a_frame_in_the_middle_that_cannot_be_decoded_is_named(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = VideoReader.read_frames

    def damaged(self: VideoReader, sampling: FrameSampling, **options: Any) -> Frames:
        return replace(read(self, sampling, **options), num_replaced=int(sampling.num_frames > 1))

    monkeypatch.setattr(VideoReader, "read_frames", damaged)
    assert read_condition(video).problem == "1 of 4 frames across it cannot be decoded: it is damaged"


@pytest.mark.isolated
def test_it_is_found_out_in_another_process(video: Path, tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_text("no video")
    with IsolatedFrameSource() as source:
        assert source.condition(video) == read_condition(video)
        with pytest.raises(VideoError):
            source.condition(tmp_path / "no.mp4")
