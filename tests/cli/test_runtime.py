"""``index --runtime``: when a graph is made, when it is taken, and what does not go together."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from framecue.cli import runtime
from framecue.cli.runtime import WORTH_BYTES, WORTH_FILES, is_worth_it

MOJI = ("--model", "moji-clip", "--adapter", "moji-prompt-switch")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMECUE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(runtime, "_has_gpu", lambda: False)


def plan_of(*sizes: int) -> SimpleNamespace:
    return SimpleNamespace(units=[SimpleNamespace(state=SimpleNamespace(size_bytes=size)) for size in sizes])


def test_a_run_is_long_by_its_files_or_by_their_size() -> None:
    assert is_worth_it(plan_of(*[1] * WORTH_FILES))
    assert not is_worth_it(plan_of(*[1] * (WORTH_FILES - 1)))
    assert is_worth_it(plan_of(WORTH_BYTES))
    assert not is_worth_it(plan_of())


def test_a_graph_is_made_when_asked_and_taken_after_that(run, clips: Path, tmp_path: Path) -> None:
    uri = tmp_path / "a.lance"
    first = run("index", clips, "--library", uri, *MOJI, "--runtime", "onnx", "--dtype", "float32", "--json")
    assert first.code == 0
    assert json.loads(first.out)["encoded_by"] == {"runtime": "onnx", "precision": "float32"}
    assert "choosing what encodes videos on this machine" in first.err
    (clips / "again.mp4").write_bytes(next(clips.glob("*.mp4")).read_bytes() + b"\0")
    second = run("index", clips, "--library", uri, "--runtime", "onnx", "--dtype", "float32", "--json")
    assert json.loads(second.out)["encoded_by"] == {"runtime": "onnx", "precision": "float32"}
    assert "choosing" not in second.err


def test_without_onnx_runtime_everything_is_as_before(
    run, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    auto = run("index", clips, "--library", tmp_path / "a.lance", *MOJI, "--json")
    assert auto.code == 0
    assert json.loads(auto.out)["encoded_by"]["runtime"] == "torch"
    asked = run("index", clips, "--library", tmp_path / "b.lance", *MOJI, "--runtime", "onnx")
    assert asked.code == 1
    assert "framecue[onnx]" in asked.err
    assert not (tmp_path / "b.lance").exists()


def test_what_does_not_go_together(run, clips: Path, tmp_path: Path, loader) -> None:
    both = run("index", clips, "--library", tmp_path / "a.lance", *MOJI, "--runtime", "onnx", "--dtype", "bfloat16")
    assert both.code == 2
    assert "graphs have no bfloat16" in both.err
    other = run("index", clips, "--library", tmp_path / "a.lance", "--model", "clip", "--runtime", "onnx")
    assert other.code == 1
    assert "--runtime onnx cannot encode with this model: only a CLIP, SigLIP or PE-Core" in other.err
