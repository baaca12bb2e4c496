from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from framecue.errors import InputError
from framecue.uses.places import VideoPlace, check_window, find_places


@pytest.fixture
def folder(tmp_path: Path, videos: list[str]) -> Path:
    """A folder of two videos, one below, among what is no video."""
    folder = tmp_path / "all"
    (folder / "below").mkdir(parents=True)
    shutil.copy(videos[0], folder / "b.mp4")
    shutil.copy(videos[1], folder / "below" / "a.mp4")
    shutil.copy(videos[2], folder / ".hidden.mp4")
    (folder / "types.ts").write_text("export const a = 1;\n")
    (folder / "notes.txt").write_text("x")
    (folder / "still.png").write_bytes(b"x")
    return folder


def test_a_folder_gives_its_videos_as_an_indexing_run_takes_them(folder: Path) -> None:
    found = find_places([folder, folder / "b.mp4"])
    assert found.places == (VideoPlace(str(folder / "b.mp4")), VideoPlace(str(folder / "below" / "a.mp4")))
    assert found.skipped == ()
    assert find_places(folder, exclude=["below"]).places == (VideoPlace(str(folder / "b.mp4")),)
    # What is named is tried, whatever it is.
    named = find_places([folder / "types.ts", folder / "still.png"])
    assert [Path(place.path).name for place in named.places] == ["types.ts", "still.png"]


def test_what_is_not_there_is_skipped_with_a_reason(folder: Path) -> None:
    found = find_places([folder / "gone.mp4", folder / "b.mp4", "s3://bucket/a.mp4", ""])
    assert [place.path for place in found.places] == [str(folder / "b.mp4")]
    assert [Path(item.path).name for item in found.skipped] == ["gone.mp4", "a.mp4", "''"]


def test_moments_where_they_are_wanted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    path = str(folder / "b.mp4")
    assert find_places("b.mp4@0:01-1:02.5", moments=True).places == (VideoPlace(path, 1.0, 62.5),)
    assert find_places("b.mp4@0:01-1:02.5").places == ()
    # A file of that very name is a file.
    shutil.copy(path, folder / "b.mp4@1-2")
    assert find_places("b.mp4@1-2", moments=True).places == (VideoPlace(str(folder / "b.mp4@1-2")),)
    for other in ("b@c.mp4", "@", "b.mp4@2-1"):
        found = find_places(other, moments=True)
        assert (len(found.places), len(found.skipped)) == (0, 1)
    assert find_places("s3://a//b.mp4@1-2", moments=True).places == (VideoPlace("s3://a/b.mp4", 1.0, 2.0),)


def test_a_place_has_the_name_that_clip_takes() -> None:
    assert VideoPlace("a.mp4").name == VideoPlace("a.mp4", 1.0).name == "a.mp4"
    assert VideoPlace("a.mp4", 1.0, 62.5).name == "a.mp4@0:01-1:02.5"


def test_a_window_holds_something() -> None:
    for start, end in ((None, None), (0.0, 1.0), (2.0, None), (None, 0.5)):
        check_window(start, end, "x")
    for start, end in ((-1.0, None), (1.0, 1.0), (None, 0.0)):
        with pytest.raises(InputError, match=r"^line 3: the window is from"):
            check_window(start, end, "line 3")
