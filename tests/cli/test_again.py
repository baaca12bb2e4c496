"""`framecue index --again`: a library is made anew with another model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture
def uri(run, loader, tmp_path: Path, clips: Path) -> str:
    uri = str(tmp_path / "videos.lance")
    assert run("index", clips, "--library", uri, "--model", "clip").code == 0
    loader.asked.clear()
    return uri


def test_a_line_for_people(run, loader, uri: str) -> None:
    result = run("index", "--again", "--model", "other", "--library", uri)
    assert (result.code, result.out) == (0, "")
    assert result.err == f"made anew with other: 4 encoded, 0 skipped; library {uri} holds 4 videos, 4 segments\n"
    assert loader.asked == [("other", None)]
    assert json.loads(run("info", uri, "--json").out)["fingerprint"]["backbone"] == "other"
    assert run("search", "red", "--library", uri).code == 0
    assert loader.asked[-1] == ("other", None)


def test_json(run, uri: str, tmp_path: Path, write_clip) -> None:
    write_clip(tmp_path / "new" / "white.mp4", "white")
    result = run("index", tmp_path / "new", "--again", "--model", "other", "--library", uri, "--json")
    report = json.loads(result.out)
    assert (report["library"], report["videos"], report["encoded"]) == (uri, 5, 5)


def test_another_adapter_of_the_same_model(run, loader, uri: str) -> None:
    assert run("index", "--again", "--adapter", "run", "--library", uri).code == 0
    assert loader.asked == [("clip", "run")]


def test_the_same_model_is_nothing_to_do(run, uri: str) -> None:
    result = run("index", "--again", "--model", "clip", "--library", uri)
    assert result.code == 0
    assert result.err.startswith(f"library {uri} has this model's vectors already\nnothing is encoded; library")


def test_pictures_are_counted(run, uri: str, clips: Path) -> None:
    Image.new("RGB", (64, 48), (0, 200, 0)).save(clips / "green.png")
    assert run("index", clips, "--images", "--library", uri).code == 0
    result = run("index", "--again", "--model", "other", "--library", uri, "--json")
    report = json.loads(result.out)
    counts = [report[name] for name in ("added", "encoded", "videos", "images", "segments")]
    assert counts == [5, 5, 4, 1, 5]
    assert result.err.startswith("made anew with other: 5 encoded, 0 skipped; library")
    again = json.loads(run("index", "--again", "--model", "other", "--library", uri, "--json").out)
    assert (again["videos"], again["images"]) == (4, 1)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--again"], "--again is given without --model"),
        (["--again", "--model", "other", "--watch"], "--again and --watch are given together"),
    ],
)
def test_wrong_usage(run, uri: str, args: list[str], says: str) -> None:
    result = run("index", *args, "--library", uri)
    assert result.code == 2
    assert says in result.err


def test_a_library_that_is_not_there(run, loader, tmp_path: Path) -> None:
    result = run("index", "--again", "--model", "other", "--library", tmp_path / "none.lance")
    assert result.code == 1
    assert "no library at" in result.err
    assert loader.asked == []
