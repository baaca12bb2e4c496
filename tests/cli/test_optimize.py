from __future__ import annotations

import json
from pathlib import Path

import pytest
from lancedb.index import IvfFlat

from framecue.library.store import index


@pytest.fixture
def uri(run, loader, tmp_path: Path, clips: Path) -> str:
    uri = str(tmp_path / "videos.lance")
    for name in ("red.mp4", "green.mp4", "more"):
        assert run("index", clips / name, "--library", uri, "--model", "clip").code == 0
    loader.asked.clear()
    return uri


def test_files_are_joined_and_a_small_library_needs_no_index(run, loader, uri: str) -> None:
    result = run("optimize", "--library", uri, "--json")
    assert result.code == 0
    report = json.loads(result.out)
    assert report == {
        "library": uri,
        "num_rows": 3,
        "num_files": [3, 1],
        "num_versions_dropped": 0,
        "index": "none",
        "num_indexed_rows": 0,
    }
    assert "3 files joined to 1, 0 earlier versions dropped, " in result.err
    assert "no index: every vector is looked at, which is fast for so few" in result.err
    assert f"library {uri} holds 3 segments" in result.err
    assert loader.asked == []  # no model is needed
    assert "1 file, 0 earlier versions dropped, " in run("optimize", "--library", uri).err
    hits = json.loads(run("search", "red", "--library", uri, "--model", "clip", "--json").out)["results"]
    assert Path(hits[0]["path"]).name == "red.mp4"


def test_a_larger_library_gets_an_index(run, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "LEAST_INDEXED_ROWS", 3)
    monkeypatch.setattr(index, "WIDTH_UNIT", 4)  # the tests' model is 4 wide
    monkeypatch.setattr(index, "_config", lambda _: IvfFlat(distance_type="cosine", num_partitions=1))
    result = run("optimize", "--library", uri)
    assert (result.code, result.out) == (0, "")
    assert "index made, 3 segments in it" in result.err
    assert "index kept, 3 segments in it" in run("optimize", "--library", uri).err


def test_a_missing_library_is_one_line(run, tmp_path: Path) -> None:
    result = run("optimize", "--library", tmp_path / "none.lance")
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines()[-1].startswith("Error: no library at ")
    assert not (tmp_path / "none.lance").exists()
