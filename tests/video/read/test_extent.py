"""How many bytes a file lacks by its own account."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from framecue.video import write_video
from framecue.video.read.extent import missing_bytes


@pytest.fixture
def video(tmp_path: Path) -> Path:
    frames = [np.full((32, 32, 3), 9 * place, dtype=np.uint8) for place in range(20)]
    write_video(tmp_path / "a.mp4", frames, frames_per_second=10)
    return tmp_path / "a.mp4"


def test_an_mp4_lacks_what_was_cut_off(video: Path) -> None:
    content = video.read_bytes()
    assert missing_bytes(video) == 0
    for lost in (1, 7, 100):
        video.write_bytes(content[:-lost])
        assert missing_bytes(video) == lost
    video.write_bytes(content + b"\0\0\0")  # stray bytes are no loss
    assert missing_bytes(video) == 0


def test_boxes_with_long_lengths_and_without_any(tmp_path: Path) -> None:
    file = tmp_path / "a.mov"
    head = (8).to_bytes(4, "big") + b"ftyp"
    file.write_bytes(head + (1).to_bytes(4, "big") + b"mdat" + (1000).to_bytes(8, "big") + bytes(84))
    assert missing_bytes(file) == 900
    file.write_bytes(head + (0).to_bytes(4, "big") + b"mdat" + bytes(84))
    assert missing_bytes(file) == 0


def test_an_avi_lacks_what_its_chunk_declares(tmp_path: Path) -> None:
    file = tmp_path / "a.avi"
    file.write_bytes(b"RIFF" + (100).to_bytes(4, "little") + b"AVI " + bytes(96))
    assert missing_bytes(file) == 0
    file.write_bytes(b"RIFF" + (100).to_bytes(4, "little") + b"AVI " + bytes(46))
    assert missing_bytes(file) == 50


@pytest.mark.parametrize("content", [b"", b"abc", b"\x1aE\xdf\xa3" + bytes(40), bytes(100)])
def test_other_files_do_not_say(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert missing_bytes(tmp_path / "a") == 0
