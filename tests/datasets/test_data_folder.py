"""Annotation files and videos are found by their names, however a dataset's folder is laid out."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from framecue.datasets.data_folder import DataFolder
from framecue.errors import DatasetError


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_files_are_found_anywhere_and_the_nearest_counts(tmp_path: Path) -> None:
    touch(tmp_path, "x/data.json", "data.json", "x/y/list.TXT", "videos/all/a.mp4", "b.webm", "x/b.webm")
    files = DataFolder(tmp_path)
    assert files.find("none.json", "DATA.json") == tmp_path / "data.json"
    assert files.find("none.json") is None
    assert files.require("list.txt") == tmp_path / "x/y/list.TXT"
    assert files.video("a") == tmp_path / "videos/all/a.mp4"
    assert files.video("b") == tmp_path / "b.webm"
    assert files.video("c") is None
    assert files.video("c", "a") == tmp_path / "videos/all/a.mp4"


def test_what_is_too_deep_or_hidden_is_not_found(tmp_path: Path) -> None:
    files = DataFolder(touch(tmp_path, "1/2/3/4/5/a.mp4", "1/2/3/4/5/6/b.mp4", ".cache/c.mp4", "._d.mp4"))
    assert files.video("a") is not None
    assert [files.video(name) for name in "bcd"] == [None] * 3


def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    touch(tmp_path, "elsewhere/a.mp4", "data/x.json")
    (tmp_path / "data" / "videos").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "self").symlink_to(tmp_path / "data")
    (tmp_path / "data" / "nothing.mp4").symlink_to("nowhere")
    (tmp_path / "data" / "loop").symlink_to("loop")
    files = DataFolder(tmp_path / "data")
    assert files.video("a") == tmp_path / "data/videos/a.mp4"
    assert (files.video("nothing"), files.video("loop")) == (None, None)


def test_endings_have_an_order_and_dots_belong_to_names(tmp_path: Path) -> None:
    files = DataFolder(touch(tmp_path, "a.webm", "a.mp4", "a.AVI", "3_FILM_00.01.02.003-00.01.04.500.avi", "b", "c."))
    assert files.video("a") == tmp_path / "a.mp4"
    assert files.video("3_FILM_00.01.02.003-00.01.04.500") is not None
    assert files.video("b") == tmp_path / "b"
    assert files.video("c") == tmp_path / "c."


def test_the_videos_may_lie_elsewhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    touch(tmp_path, "data/list.txt", "data/raw/a.mp4", "data/small/a.mp4", "videos/a.mp4")
    with caplog.at_level(logging.WARNING):
        assert DataFolder(tmp_path / "data").video("a") == tmp_path / "data/raw/a.mp4"
    assert "video_dir=" in caplog.text
    assert DataFolder(tmp_path / "data", video_dir=Path("small")).video("a") == tmp_path / "data/small/a.mp4"
    assert DataFolder(tmp_path / "data", video_dir=tmp_path / "videos").video("a") == tmp_path / "videos/a.mp4"


def test_what_is_missing_is_said_with_where_people_get_it(tmp_path: Path) -> None:
    files = DataFolder(tmp_path, home="; people get it from https://example.org")
    with pytest.raises(DatasetError) as caught:
        files.require("a.json", "b.json")
    assert str(caught.value) == (
        f"{tmp_path}: there is no a.json (nor b.json) in it or in its folders, 5 deep; people get it from "
        "https://example.org"
    )
    for broken in ({"folder": tmp_path / "none"}, {"folder": tmp_path, "video_dir": Path("none")}):
        with pytest.raises(DatasetError, match="none: no such folder; give the folder of the dataset's files"):
            DataFolder(**broken)


def test_renamed_videos_are_suggested(tmp_path: Path) -> None:
    names = ["VIDEO1.mp4", "msrvtt_video2.mp4", "video3_small.mp4", "video0004.mp4", "video5.mp4", "v_Abc-d_E.mkv"]
    files = DataFolder(touch(tmp_path, *names))
    missing = ["video1", "video2", "video3", "video4", "video9", "Abc-d_E"]
    found = files.suggestions(missing, [tmp_path / "video5.mp4"])
    assert {name: path.name for name, path in found.items()} == {
        "video1": "VIDEO1.mp4",
        "video2": "msrvtt_video2.mp4",
        "video3": "video3_small.mp4",
        "video4": "video0004.mp4",
        "Abc-d_E": "v_Abc-d_E.mkv",
    }
    # A file that has a name of its own is not suggested for another.
    assert files.suggestions(["VIDEO5"], [tmp_path / "video5.mp4"]) == {}
