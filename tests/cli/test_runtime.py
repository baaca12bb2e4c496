"""``index --runtime``: when a graph is made, when it is taken, and what does not go together."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from framecue.cli import runtime
from framecue.cli.runtime import LEAST_BYTES, WORTH_BYTES, WORTH_FILES, WORTH_SECONDS, is_worth_it
from framecue.errors import VideoError
from framecue.video.read.decode import probe

MOJI = ("--model", "moji-clip", "--adapter", "moji-prompt-switch")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMECUE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(runtime, "_has_gpu", lambda: False)


def plan_of(*sizes: int) -> SimpleNamespace:
    return SimpleNamespace(
        units=[
            SimpleNamespace(path=f"/{number}.mp4", state=SimpleNamespace(size_bytes=size))
            for number, size in enumerate(sizes)
        ]
    )


def no_file_is_asked(path: str) -> float:
    raise AssertionError(path)


def test_a_run_is_long_by_its_files_or_by_their_size() -> None:
    assert is_worth_it(plan_of(*[1] * WORTH_FILES), no_file_is_asked)
    assert not is_worth_it(plan_of(*[1] * (WORTH_FILES - 1)), no_file_is_asked)
    assert is_worth_it(plan_of(WORTH_BYTES), no_file_is_asked)
    assert not is_worth_it(plan_of(LEAST_BYTES - 1), no_file_is_asked)
    assert not is_worth_it(plan_of(), no_file_is_asked)


def test_a_run_of_few_files_is_long_by_how_long_they_are_the_largest_asked_first() -> None:
    asked = []

    def duration_of(path: str) -> float:
        asked.append(path)
        if path == "/1.mp4":
            raise VideoError(path, "it is damaged")
        return WORTH_SECONDS / 2

    assert is_worth_it(plan_of(LEAST_BYTES, LEAST_BYTES + 1, LEAST_BYTES - 1, 5), duration_of)
    assert asked == ["/1.mp4", "/0.mp4", "/2.mp4"]
    assert not is_worth_it(plan_of(LEAST_BYTES, 5), lambda _: WORTH_SECONDS / 2 - 1)


def test_how_long_a_file_is_is_read_from_it(clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "LEAST_BYTES", 0)
    units = [SimpleNamespace(path=str(path), state=SimpleNamespace(size_bytes=1)) for path in clips.glob("*.mp4")]
    lasting = sum(probe(unit.path).duration_seconds for unit in units)
    monkeypatch.setattr(runtime, "WORTH_SECONDS", lasting - 0.1)
    assert is_worth_it(SimpleNamespace(units=units))
    monkeypatch.setattr(runtime, "WORTH_SECONDS", lasting + 0.1)
    assert not is_worth_it(SimpleNamespace(units=units))


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
