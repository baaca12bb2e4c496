from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from framecue.paths import absolute_path, exists, is_dir, is_file, is_url, is_utf8, path_on_disk, user_path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "home"


def test_the_home_folder_is_written_out(home: Path) -> None:
    assert user_path("~") == str(home)
    assert user_path("~/a.mp4") == user_path(Path("~/a.mp4")) == str(home / "a.mp4")


@pytest.mark.parametrize("path", ["a.mp4", "a/~/b", "./~", "", "~nobody-here/a.mp4", "/x/../y"])
def test_other_paths_stay_as_they_are(path: str) -> None:
    assert user_path(path) == path


def test_an_absolute_path_has_neither_home_nor_dots(home: Path, tmp_path: Path) -> None:
    assert absolute_path("a.mp4") == absolute_path(Path("./b/../a.mp4")) == str(tmp_path / "here" / "a.mp4")
    assert absolute_path("~/videos/") == str(home / "videos")
    assert absolute_path("/x//y/../z") == "/x/z"
    assert absolute_path("~nobody-here") == str(tmp_path / "here" / "~nobody-here")


def test_an_absolute_path_keeps_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert absolute_path(os.path.join("..", "link", "a.mp4")) == str(tmp_path / "link" / "a.mp4")  # noqa: PTH118


@pytest.mark.parametrize("path", ["s3://bucket/a.mp4", "gs://bucket", "file:///a.mp4", "https://host/a.mp4"])
def test_urls(path: str) -> None:
    assert is_url(path)


@pytest.mark.parametrize("path", ["/a.mp4", "C:/a.mp4", "a:b.mp4", "", Path("s3://bucket/a.mp4")])
def test_what_is_no_url(path: str | Path) -> None:
    # pathlib makes one slash of two: such a path has stopped being a URL.
    assert not is_url(path)


@pytest.mark.parametrize("name", ["é", "한글", "ế", "が"])
def test_a_path_as_the_disk_has_it(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    composed, apart = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    folder = tmp_path / apart / "x" / composed
    folder.mkdir(parents=True)
    for typed in (f"{composed}/x/{apart}", f"{apart}/x/{composed}", f"{composed}/x/{composed}"):
        assert path_on_disk(f"{tmp_path}/{typed}") == str(folder)
    assert path_on_disk(f"{folder}/{composed}.mp4") == f"{folder}/{composed}.mp4"
    assert path_on_disk(f"/{composed} is nowhere/{apart}") == f"/{composed} is nowhere/{apart}"
    monkeypatch.chdir(tmp_path)
    assert path_on_disk(composed) == apart
    assert path_on_disk("a.mp4") == "a.mp4"
    assert path_on_disk(os.fsdecode(b"/caf\xe9")) == os.fsdecode(b"/caf\xe9")


def test_what_is_text() -> None:
    assert is_utf8("/é.mp4")
    assert not is_utf8(os.fsdecode(b"/caf\xe9"))


@pytest.mark.parametrize("name", ["x" * 5_000, "x/" * 5_000, "a\0b", "caf\udce9", "nothing"])
def test_no_file_has_such_a_name(tmp_path: Path, name: str) -> None:
    for place in (name, tmp_path / name):
        assert (exists(place), is_file(place), is_dir(place)) == (False, False, False)


def test_what_there_is(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("a")
    assert (exists(file), is_file(file), is_dir(file)) == (True, True, False)
    assert (exists(tmp_path), is_file(tmp_path), is_dir(tmp_path)) == (True, False, True)
