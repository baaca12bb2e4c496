from __future__ import annotations

from pathlib import Path

import pytest

from framecue.errors import VideoError
from framecue.video.read.in_memory import as_file


def test_bytes_are_a_file_for_as_long_as_the_block_runs() -> None:
    with as_file(b"abc") as path:
        assert Path(path).read_bytes() == b"abc"
    assert not Path(path).exists()
    with as_file(Path("/a.mp4")) as path:
        assert path == "/a.mp4"


def test_an_error_does_not_name_the_file() -> None:
    with pytest.raises(VideoError, match=r"^the given bytes: no video$"), as_file(b"abc") as path:
        raise VideoError(path, "no video")
