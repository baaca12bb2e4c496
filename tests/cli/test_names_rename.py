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


def test_a_name_is_called_otherwise(run, uri: str, clips: Path) -> None:
    result = run("names", "rename", "rex", "Old Rex", "--library", uri, "--json")
    assert (result.code, result.err) == (0, "rex is Old Rex from now on\n")
    assert json.loads(result.out)["name"] == "Old Rex"
    assert [name.name for name in Library(uri).taught_names()] == ["Max", "Old Rex"]
    found = json.loads(run("search", "old rex", "-k", 1, "--library", uri, "--json").out)["results"]
    assert found[0]["path"] == str(clips / "green.mp4")


def test_what_cannot_be(run, uri: str) -> None:
    for old, new, says in (
        ("Leo", "Lea", "Leo"),
        ("Rex", "max", "taught already"),
        ("Rex", " ", "name"),
        ("Rex", "dog", "is an ordinary word"),
    ):
        result = run("names", "rename", old, new, "--library", uri)
        assert (result.code, result.out) == (1, "")
        assert says in result.err
        assert result.err.count("\n") == 1
    assert [name.name for name in Library(uri).taught_names()] == ["Max", "Rex"]


def test_an_ordinary_word_where_that_is_meant(run, uri: str) -> None:
    assert run("names", "rename", "Rex", "dog", "--library", uri, "--yes").code == 0
