from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def uri(run, loader, tmp_path: Path, clips: Path) -> str:
    uri = str(tmp_path / "videos.lance")
    assert run("index", clips, "--library", uri, "--model", "clip", "--adapter", "tuned").code == 0
    loader.asked.clear()
    return uri


def test_json(run, loader, uri: str, clips: Path) -> None:
    result = run("info", uri, "--json")
    assert (result.code, result.err) == (0, "")
    info = json.loads(result.out)
    assert list(info) == ["videos", "segments", "fingerprint", "files"]
    assert (info["videos"], info["segments"]) == (4, 4)
    assert info["fingerprint"] == loader.models[0].fingerprint()
    assert [file["path"] for file in info["files"]] == [
        str(clips / name) for name in ("blue.mp4", "green.mp4", "more/yellow.mp4", "red.mp4")
    ]
    assert [file["duration_seconds"] for file in info["files"]] == pytest.approx([1, 2, 1, 1], abs=0.05)
    assert loader.asked == []


def test_table_for_people(run, uri: str, clips: Path) -> None:
    result = run("info", uri)
    assert (result.code, result.err) == (0, "")
    lines = [line.split() for line in result.out.splitlines()]
    for row in (["videos", "4"], ["backbone", "clip"], ["adapter_source", "tuned"], ["revision", "none"]):
        assert row in lines
    assert ["0:02", str(clips / "green.mp4")] in lines


def test_missing_library_is_one_line(run, tmp_path: Path) -> None:
    result = run("info", tmp_path / "none.lance")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: no library at ")
    assert result.err.count("\n") == 1


def test_folder_of_something_else_is_one_line(run, clips: Path) -> None:
    result = run("info", clips)
    assert (result.code, result.out) == (1, "")
    assert result.err == f"Error: {clips} is a folder, but not a framecue library; name another place\n"
