from __future__ import annotations

import json
from pathlib import Path

import pytest

from framecue.library import Library


@pytest.fixture
def uri(run, taught_library: str, clips: Path) -> str:
    for name, colour in (("Rex", "green"), ("Max", "red")):
        assert run("teach", name, "--like", clips / f"{colour}.mp4", "--library", taught_library).code == 0
    return taught_library


def test_a_name_is_forgotten(run, uri: str) -> None:
    result = run("names", "forget", "rex", "--library", uri, "--json")
    assert result.code == 0
    assert json.loads(result.out) == {"library": uri, "forgotten": "rex"}
    assert result.err == "forgot rex\n"
    assert [name.name for name in Library(uri).taught_names()] == ["Max"]


def test_a_name_that_was_not_taught(run, uri: str) -> None:
    result = run("names", "forget", "Leo", "--library", uri)
    assert (result.code, result.out) == (1, "")
    assert result.err == f"Error: library {uri} was not taught 'Leo'; its names: Max, Rex\n"


def test_the_library_may_be_named_before_the_command(run, uri: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("FRAMECUE_LIBRARY", str(tmp_path / "none.lance"))
    assert run("names", "--library", uri, "forget", "Rex").code == 0
    assert run("names", "forget", "Max").code == 1
    monkeypatch.setenv("FRAMECUE_LIBRARY", uri)
    assert run("names", "forget", "Max").code == 0
