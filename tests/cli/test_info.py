from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def uri(run, loader, tmp_path: Path, clips: Path) -> str:
    uri = str(tmp_path / "videos.lance")
    assert run("index", clips, "--library", uri, "--model", "clip", "--adapter", "tuned").code == 0
    loader.asked.clear()
    return uri


def test_json(run, loader, uri: str, clips: Path) -> None:
    result = run("info", uri, "--json")
    assert (result.code, result.err) == (0, "")
    info = json.loads(result.out)
    assert list(info) == ["videos", "images", "segments", "fingerprint", "files", "duplicates", "unreadable"]
    assert (info["videos"], info["segments"]) == (4, 4)
    assert info["fingerprint"] == loader.models[0].fingerprint().to_dict()
    assert [file["path"] for file in info["files"]] == [
        str(clips / name) for name in ("blue.mp4", "green.mp4", "more/yellow.mp4", "red.mp4")
    ]
    assert [file["duration_seconds"] for file in info["files"]] == pytest.approx([1, 2, 1, 1], abs=0.05)
    assert loader.asked == []


def test_table_for_people(run, uri: str, clips: Path) -> None:
    result = run("info", uri)
    assert (result.code, result.err) == (0, "")
    lines = [line.split() for line in result.out.splitlines()]
    for row in (["videos", "4"], ["backbone", "clip"], ["adapter_source", "tuned"], ["revision", "none"]):
        assert row in lines
    assert ["0:02", str(clips / "green.mp4")] in lines


def test_missing_library_is_one_line(run, tmp_path: Path) -> None:
    result = run("info", tmp_path / "none.lance")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: no library at ")
    assert result.err.count("\n") == 1


def test_folder_of_something_else_is_one_line(run, clips: Path) -> None:
    result = run("info", clips)
    assert (result.code, result.out) == (1, "")
    assert result.err == f"Error: {clips} is a folder, but not a framecue library; name another place\n"


def test_a_shipped_adapter_in_json(run) -> None:
    result = run("info", "moji-prompt-switch", "--json")
    assert (result.code, result.err) == (0, "")
    info = json.loads(result.out)
    assert (info["method"], info["backbone"], info["offline"]) == ("prompt-switch", "moji-clip", True)
    assert info["share_of_backbone"] == info["trainable_parameters"] / info["backbone_parameters"]
    assert info["options"]["num_prompts"] == 6
    assert info["size_bytes"] > 1000
    assert info["scores"]["validation"]["R@1"] > 0


def test_a_shipped_adapter_for_people(run) -> None:
    result = run("info", "moji-prompt-switch")
    assert (result.code, result.err) == (0, "")
    lines = [line.split() for line in result.out.splitlines()]
    for row in (["method", "prompt-switch"], ["backbone", "moji-clip"], ["offline", "yes"]):
        assert row in lines
    assert any(line[:2] == ["trainable", "parameters"] and "of the backbone's" in " ".join(line) for line in lines)
    assert any(line[:4] == ["scores", "validation", "twin", "accuracy"] for line in lines)
    assert any(line[:3] == ["size", "on", "disk"] and line[-1] == "MB" for line in lines)


def test_an_adapter_that_is_cut_short_is_one_line(run, tmp_path: Path) -> None:
    (tmp_path / "adapter_model.safetensors").write_bytes(b"\x10")
    result = run("info", tmp_path)
    assert (result.code, result.out) == (1, "")
    assert result.err == f"Error: {tmp_path}: not an adapter folder, it has no adapter_config.json\n"
    config = {"method": "vop", "options": {}, "backbone": "x", "revision": "y", "framecue_version": "0.1.0"}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    result = run("info", tmp_path)
    assert (result.code, result.out) == (1, "")
    assert result.err.count("\n") == 1
    assert "the file may be cut short" in result.err


def test_a_library_is_shown_without_the_models_libraries(uri: str) -> None:
    script = (
        "import sys; from framecue.cli.main import main\n"
        f"assert main(['info', {uri!r}]) == 0\n"
        "assert not {'torch', 'transformers'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
