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
