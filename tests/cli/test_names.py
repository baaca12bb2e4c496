from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from framecue.library import Library


@pytest.fixture
def uri(run, taught_library: str, clips: Path) -> str:
    place = ("--library", taught_library)
    like = (clips / "green.mp4", clips / "more" / "yellow.mp4")
    assert run("teach", "Rex", "--like", *like, "--unlike", clips / "red.mp4", "--is", "plant", *place).code == 0
    assert run("teach", "a/b: sky", "--like", clips / "blue.mp4", *place).code == 0
    return taught_library


def test_the_list(run, uri: str, clips: Path) -> None:
    result = run("names", "--library", uri)
    assert result.code == 0
    heads, *rows = [line for line in result.out.splitlines() if line.strip(" ─")]
    assert heads.split() == ["name", "is", "found", "place", "time", "example"]
    assert [row.split()[0] for row in rows if "plant" in row] == ["Rex"]
    assert [Path(row.split()[-1]).name for row in rows if ".mp4" in row] == [
        "blue.mp4",
        "green.mp4",
        "yellow.mp4",
        "red.mp4",
    ]
    assert any("unlike" in row and "red.mp4" in row for row in rows)
    assert "a/b: sky: how well it is found cannot be told from one example" in result.out
    assert "One example alone says little" in result.err


def test_json_and_pictures(run, uri: str, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "pictures"
    result = run("names", "--library", uri, "--pictures", folder, "--json")
    assert (result.code, result.err) == (0, "")
    document = json.loads(result.out)
    assert document["library"] == uri
    assert [name["name"] for name in document["names"]] == ["a/b: sky", "Rex"]
    assert [Path(name["picture"]).name for name in document["names"]] == ["a_b_ sky.webp", "Rex.webp"]
    assert document["names"][0]["quality"] == "unknown"
    for name in document["names"]:
        with Image.open(io.BytesIO(Path(name["picture"]).read_bytes())) as picture:
            assert picture.format == "WEBP"
    again = run("names", "--library", uri, "--pictures", folder)
    assert again.code == 1
    assert "exists already" in again.err
    assert "wrote 2 pictures" in run("names", "--library", uri, "--pictures", folder, "--force").err


def test_a_library_without_names(run, taught_library: str) -> None:
    result = run("names", "--library", taught_library)
    assert (result.code, result.out) == (0, "")
    assert "was taught no names; after a search, `framecue teach NAME --like 1,4`" in result.err
    assert json.loads(run("names", "--library", taught_library, "--json").out)["names"] == []


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--json", "forget", "Rex"], "--json is given before forget; give it after"),
        (["--force", "rename", "Rex", "Max"], "--force is given before rename; give it after"),
        (["--pictures", "x", "forget", "Rex"], "--pictures is given before forget"),
        (["frget", "Rex"], "did you mean forget"),
    ],
)
def test_wrong_usage(run, args: list[str], says: str) -> None:
    result = run("names", *args)
    assert (result.code, result.out) == (2, "")
    assert says in result.err


def test_no_such_library(run, tmp_path: Path) -> None:
    result = run("names", "--library", tmp_path / "none.lance")
    assert (result.code, result.out) == (1, "")
    assert result.err.count("\n") == 1


def test_pictures_where_no_folder_can_be(run, uri: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder, says in ((tmp_path / "file" / "x", "cannot be made"), ("s3://bucket/x", "s3://bucket/x")):
        result = run("names", "--library", uri, "--pictures", folder)
        assert (result.code, result.out) == (1, "")
        assert says in result.err
    assert len(Library(uri).taught_names()) == 2
