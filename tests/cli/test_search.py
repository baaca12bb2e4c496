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


def test_json(run, uri: str, clips: Path) -> None:
    result = run("search", "green", "--library", uri, "-k", "2", "--json")
    assert (result.code, result.err) == (0, "")
    answer = json.loads(result.out)
    assert answer.keys() == {"query", "results"}
    assert answer["query"] == "green"
    best, second = answer["results"]
    assert list(best) == ["rank", "path", "start_seconds", "end_seconds", "score"]
    assert (best["rank"], best["path"], best["start_seconds"]) == (1, str(clips / "green.mp4"), 0)
    assert best["end_seconds"] == pytest.approx(2, abs=0.05)
    assert 1 >= best["score"] > second["score"]
    assert second["rank"] == 2


def test_table_for_people(run, uri: str, clips: Path) -> None:
    result = run("search", "green", "--library", uri)
    assert (result.code, result.err) == (0, "")
    lines = [line.split() for line in result.out.splitlines() if line.strip()]
    assert lines[0] == ["rank", "score", "time", "path"]
    ranks = [line for line in lines if line[0].isdigit()]
    assert [line[0] for line in ranks] == ["1", "2", "3", "4"]
    assert ranks[0][2:] == ["0:00\u20130:02", str(clips / "green.mp4")]
    assert float(ranks[0][1]) > 0.9


def test_library_names_its_model(run, loader, uri: str) -> None:
    run("search", "red", "--library", uri)
    assert loader.asked == [("clip", None)]


def test_another_model_is_refused(run, uri: str) -> None:
    result = run("search", "red", "--library", uri, "--model", "other")
    assert (result.code, result.out) == (1, "")
    assert 'its backbone is "clip", not "other"' in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_query_of_only_spaces_is_one_line_before_a_model_is_loaded(run, loader, uri: str, text: str) -> None:
    result = run("search", text, "--library", uri)
    assert (result.code, result.out) == (1, "")
    assert result.err == "Error: the query is empty; describe in words what the video shows\n"
    assert loader.asked == []


def test_missing_library_is_one_line_before_a_model_is_loaded(run, loader, tmp_path: Path) -> None:
    result = run("search", "red", "--library", tmp_path / "none.lance")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"Error: no library at {tmp_path / 'none.lance'}; make one with `framecue index")
    assert result.err.count("\n") == 1
    assert loader.asked == []
    assert not (tmp_path / "none.lance").exists()
