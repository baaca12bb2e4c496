from __future__ import annotations

from pathlib import Path

import pytest

from framecue.errors import InputError
from framecue.library import Library
from framecue.library.indexing.prefetch import Abandonable
from framecue.library.indexing.readers import open_readers
from framecue.video import Content, FrameSampling, Moment, ReadOptions


def test_there_are_as_many_readers_as_are_wanted() -> None:
    with open_readers(number=3, stall_seconds=60) as readers:
        assert len(readers) == 3


def test_readers_read_and_end_with_the_block(tmp_path: Path, write_clip) -> None:
    path = write_clip(tmp_path / "red.mp4", "red")
    options = ReadOptions(FrameSampling(2))
    with open_readers(number=1, stall_seconds=60) as (read, *_):
        content, moment = read(str(path), options, lambda video_id: True)
        assert isinstance(content, Content)
        assert isinstance(moment, Moment)
        assert moment.pixels[:, 20, 20, 0].min() > 180
    with pytest.raises(RuntimeError, match="closed"):
        next(read(str(path), options, lambda video_id: True))


def test_one_that_is_abandoned_reads_no_more(tmp_path: Path) -> None:
    with open_readers(number=1, stall_seconds=60) as (read, *_):
        assert isinstance(read, Abandonable)
        read.abandon()
        with pytest.raises(RuntimeError, match="closed"):
            next(read(str(tmp_path / "x.mp4"), ReadOptions(FrameSampling(2)), lambda video_id: True))


def test_a_limit_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="stall_seconds is 0"), open_readers(number=1, stall_seconds=0):
        pass


@pytest.mark.isolated
def test_a_library_reads_files_in_another_process(tmp_path: Path, clips: Path, colour_model) -> None:
    (clips / "text.mp4").write_text("not a video " * 100)
    library = Library(tmp_path / "videos.lance", model=colour_model)
    report = library.add(clips)
    assert (report.added, len(report.skipped)) == (4, 1)
    assert Path(library.search("red", k=1)[0].path).name == "red.mp4"
