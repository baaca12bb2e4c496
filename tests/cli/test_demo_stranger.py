from __future__ import annotations

from pathlib import Path

import pytest

from framecue.cli.demo_search import DemoSearch
from framecue.cli.demo_stranger import NAME, STRANGER, DemoLesson, write_stranger
from framecue.datasets.captions import read_captions
from framecue.datasets.moji_motion.actors import ACTORS, STRANGERS
from framecue.errors import DatasetError
from framecue.library import Hit, TaughtName
from framecue.names.check import is_ordinary


def lesson(*, rank: int | None, before: int | None) -> DemoLesson:
    hits = [Hit(rank or 1, "/4.mp4" if rank else "/9.mp4", 0, 2, 0.5, video_id="x", duration_seconds=2.0)]
    name = TaughtName(NAME, None, 1, (), (), fits=True, taught_at=0.0)
    return DemoLesson(name, ["/1.mp4", "/2.mp4", "/3.mp4"], DemoSearch("Leo falls", "/4.mp4", hits), before, 3.4)


def test_what_came_of_it() -> None:
    assert lesson(rank=1, before=23).in_words() == (
        'Leo was taught from 3 clips in 3 s: "Leo falls" finds a fourth one at place 1, which was at 23 before.'
    )
    assert lesson(rank=None, before=None).in_words().endswith("not among the first, which was far down before.")
    document = lesson(rank=2, before=23).to_dict()
    assert (document["rank_before"], document["rank"], document["query"]) == (23, 2, "Leo falls")
    assert "seconds" not in document


def test_four_clips_of_somebody_whom_nobody_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framecue.datasets.moji_motion.files.IMAGE_SIZE", 64)
    assert STRANGER in STRANGERS
    assert STRANGER not in ACTORS
    assert not is_ordinary(NAME)
    files = write_stranger(tmp_path / "taught", seed=1, overwrite=False)
    assert [file.name for file in files] == [f"0000{number}.mp4" for number in range(4)]
    assert all(file.is_file() for file in files)
    assert all(STRANGER in clip.captions[0] for clip in read_captions(tmp_path / "taught"))
    with pytest.raises(DatasetError):
        write_stranger(tmp_path / "taught", seed=1, overwrite=False)
    assert write_stranger(tmp_path / "taught", seed=1, overwrite=True) == files
