"""``framecue export``, and a library that is made by one runtime and searched by the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framecue.cli.export import PRECISIONS


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMECUE_CACHE", str(tmp_path / "cache"))


def test_a_library_made_by_one_is_searched_by_the_other(run, clips: Path, tmp_path: Path) -> None:
    folder, uri = tmp_path / "graphs", tmp_path / "a.lance"
    named = ("--model", "moji-clip", "--adapter", "moji-prompt-switch")
    result = run("export", "moji-clip", "--adapter", "moji-prompt-switch", "--output", folder, "--json")
    assert result.code == 0
    made = json.loads(result.out)
    assert (made["precision"], made["graph"], made["cosine"]) == ("float32", "video-6f-float32.onnx", None)
    assert made["largest_difference"] < 1e-5

    indexed = run("index", clips, "--library", uri, "--model", folder, "--json")
    assert indexed.code == 0
    assert json.loads(indexed.out)["encoded_by"] == {"runtime": "onnx", "precision": "float32"}
    assert "encoded by ONNX Runtime in float32\n" in indexed.err
    assert "encoded by     ONNX Runtime in float32" in run("info", uri).out

    searches = [("--model", folder), named, ()]
    answers = [json.loads(run("search", "a red square", "--library", uri, *how, "--json").out) for how in searches]
    scores = [[hit["score"] for hit in answer["results"]] for answer in answers]
    assert len(scores[0]) > 1
    for each in scores[1:]:
        assert each == pytest.approx(scores[0], abs=1e-4)
    # And the other way: what PyTorch adds goes with it.
    (clips / "again.mp4").write_bytes(next(clips.glob("*.mp4")).read_bytes() + b"\0")
    added = run("index", clips, "--library", uri, *named, "--runtime", "torch", "--dtype", "float32", "--json")
    assert json.loads(added.out)["encoded_by"] == {"runtime": "torch", "precision": "float32"}
    assert "encoded by     ONNX Runtime in float32, PyTorch in float32" in run("info", uri).out


def test_an_exported_folder_takes_no_adapter(run, clips: Path, tmp_path: Path) -> None:
    (tmp_path / "graph.json").write_text("{}", encoding="utf-8")
    named = ("--model", tmp_path, "--adapter", "moji-prompt-switch")
    result = run("index", clips, "--library", tmp_path / "a.lance", *named)
    assert result.code == 1
    assert "an exported model has its adapter inside; leave out --adapter moji-prompt-switch" in result.err


def test_what_precisions_are_called() -> None:
    assert PRECISIONS == {"fp32": "float32", "int8": "int8"}
