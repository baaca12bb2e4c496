"""A video in an object store is refused with the way out, wherever one can be named; a library may be in one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framecue.library import Library

URL = "s3://bucket/holiday.mp4"
WAY_OUT = "files in object stores and on the web cannot be read yet; copy it to a disk, or mount the store there"


@pytest.fixture
def uri(tmp_path: Path, clips: Path, colour_model) -> str:
    uri = str(tmp_path / "videos.lance")
    Library(uri, model=colour_model).add(clips)
    return uri


@pytest.mark.parametrize(
    "arguments",
    [
        ["index", URL, "--library", "LIBRARY"],
        ["index", URL, "--library", "NEW", "--watch"],
        ["remove", URL, "--library", "LIBRARY"],
        ["search", "--video", URL, "--library", "LIBRARY"],
        ["search", "--video", URL, "--at", "1", "--library", "LIBRARY"],
        ["search", "--image", "s3://bucket/dog.png", "--library", "LIBRARY"],
        ["search", "red", "--folder", "s3://bucket", "--library", "LIBRARY"],
        ["clip", f"{URL}@0-1", "--output", "OUTPUT"],
        ["caption", URL, "--model", "colours"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_a_video_there_is_refused(run, loader, uri: str, tmp_path: Path, arguments: list[str]) -> None:
    places = {"LIBRARY": uri, "NEW": str(tmp_path / "new.lance"), "OUTPUT": str(tmp_path / "out.mp4")}
    result = run(*(places.get(argument, argument) for argument in arguments))
    assert result.code == 1
    assert result.err.strip().count("\n") == 0
    assert WAY_OUT in result.err


def test_the_files_beside_it_are_indexed(run, loader, uri: str, clips: Path) -> None:
    result = run("index", URL, clips, "--library", uri, "--json")
    document = json.loads(result.out)
    assert (result.code, document["unchanged"]) == (0, 4)
    assert document["skipped"] == [{"path": URL, "reason": WAY_OUT}]


@pytest.mark.parametrize(
    "arguments",
    [
        ["clip", "CLIP@0-1", "--output", URL],
        ["clip", "CLIP@0-1", "CLIP@1-2", "--output", "s3://bucket/folder/"],
        ["search", "red", "--library", "LIBRARY", "--sheet", "s3://bucket/sheet.png"],
        ["search", "red", "--library", "LIBRARY", "--clip", "1", "--output", URL],
        ["demo", "--dir", "s3://bucket/demo"],
        ["moji-motion", "s3://bucket/data"],
        ["import-checkpoint", "x.pth", "--format", "x-pool", "--output", "s3://bucket/model"],
    ],
    ids=lambda arguments: " ".join(arguments[:1] + arguments[-1:]),
)
def test_nothing_is_written_there(run, loader, uri: str, clips: Path, tmp_path: Path, monkeypatch, arguments) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    places = {"LIBRARY": uri}
    result = run(*(places.get(word, word.replace("CLIP", str(clips / "red.mp4"))) for word in arguments))
    assert result.code == 1
    assert result.err.strip().count("\n") == 0
    assert result.err.startswith(f"Error: {arguments[-1]}: ")
    assert "in object stores and on the web cannot be" in result.err
    assert sorted(tmp_path.iterdir()) == before


def test_a_video_there_is_named_as_it_was_written(run, loader, tmp_path: Path) -> None:
    for arguments in (["clip", f"{URL}@0-1", "--output", tmp_path / "out.mp4"], ["caption", URL, "--model", "colours"]):
        assert run(*arguments).err == f"Error: {URL}: {WAY_OUT}\n"
