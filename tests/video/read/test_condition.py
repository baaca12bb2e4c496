"""Whether a file is whole: cut off and damaged ones are told from sound ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.video import IsolatedFrameSource, write_video
from framecue.video.read.condition import read_condition


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


@pytest.mark.isolated
def test_it_is_found_out_in_another_process(video: Path, tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_text("no video")
    with IsolatedFrameSource() as source:
        assert source.condition(video) == read_condition(video)
        with pytest.raises(VideoError):
            source.condition(tmp_path / "no.mp4")
