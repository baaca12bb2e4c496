from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest


@pytest.fixture
def uri(run, loader, tmp_path: Path, clips: Path) -> str:
    uri = str(tmp_path / "videos.lance")
    assert run("index", clips, "--library", uri, "--model", "clip").code == 0
    loader.asked.clear()
    return uri


def test_files_and_folders_leave_the_library_and_stay_on_the_disk(run, loader, uri: str, clips: Path) -> None:
    result = run("remove", clips / "more", clips / "red.mp4", clips / "none.mp4", "--library", uri, "--json")
    assert result.code == 0
    report = json.loads(result.out)
    (skipped,) = report.pop("skipped")
    assert report == {"library": uri, "removed": 2, "kept": [], "videos": 2, "images": 0, "segments": 2}
    assert skipped["path"] == str(clips / "none.mp4")
    assert f"2 removed, 1 skipped; library {uri} holds 2 videos, 2 segments" in result.err
    files = [Path(file["path"]).name for file in json.loads(run("info", uri, "--json").out)["files"]]
    assert files == ["blue.mp4", "green.mp4"]
    assert (clips / "red.mp4").exists()
    assert loader.asked == []


def test_nothing_known_is_one_line(run, uri: str, clips: Path) -> None:
    result = run("remove", clips / "none.mp4", "--library", uri)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"Error: nothing to remove: {clips / 'none.mp4'}: the library knows no such file")
    assert result.err.count("\n") == 1


def test_missing_library_is_one_line(run, tmp_path: Path) -> None:
    result = run("remove", tmp_path, "--library", tmp_path / "none.lance")
    assert result.code == 1
    assert result.err.startswith("Error: no library at ")


def test_a_duplicate_that_takes_the_place_is_named(run, loader, uri: str, clips: Path) -> None:
    shutil.copy(clips / "red.mp4", clips / "zz.mp4")
    assert run("index", clips, "--library", uri).code == 0
    result = run("remove", clips / "red.mp4", "--library", uri, "--json")
    assert json.loads(result.out)["kept"] == [{"path": str(clips / "red.mp4"), "under": str(clips / "zz.mp4")}]
    assert f"kept {clips / 'zz.mp4'}: a duplicate of {clips / 'red.mp4'}, in whose place" in result.err
