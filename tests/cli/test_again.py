"""`framecue index --again`: a library is made anew with another model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def uri(run, loader, tmp_path: Path, clips: Path) -> str:
    uri = str(tmp_path / "videos.lance")
    assert run("index", clips, "--library", uri, "--model", "clip").code == 0
    loader.asked.clear()
    return uri


def test_a_line_for_people(run, loader, uri: str) -> None:
    result = run("index", "--again", "--model", "other", "--library", uri)
    assert (result.code, result.out) == (0, "")
    assert result.err == f"4 added (4 encoded), 0 unchanged, 0 skipped; library {uri} holds 4 videos, 4 segments\n"
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
    assert result.err.startswith(f"library {uri} has this model's vectors already\n0 added (0 encoded), 4 unchanged")


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
