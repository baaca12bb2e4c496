"""``framecue import-checkpoint``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from framecue.cli.import_checkpoint import FORMATS
from framecue.importers import IMPORTERS

VOP = Path(__file__).parents[1] / "methods" / "vop_reference"


@pytest.fixture
def vop(vop_weights: dict[str, torch.Tensor], tmp_path: Path) -> Path:
    torch.save({"state_dict": vop_weights}, tmp_path / "vop.pth")
    return tmp_path / "vop.pth"


def test_the_formats_are_the_importers() -> None:
    assert set(FORMATS) == set(IMPORTERS)


def test_for_people(run, vop: Path, tmp_path: Path) -> None:
    output = tmp_path / "made"
    result = run("import-checkpoint", vop, "--format", "modelscope-vop", "--output", output)
    assert result.code == 0
    assert result.out == f"backbone {output / 'backbone'}\nadapter  {output / 'adapter'}  (vop)\n"
    notes = result.err.splitlines()
    assert all(note.startswith("Note: ") for note in notes)
    assert any("no tokenizer" in note for note in notes)

    described = run("info", output / "adapter", "--json")
    info = json.loads(described.out)
    assert (info["method"], info["trainable_parameters"]) == ("vop", 8 * (4 + 3) * 64)
    assert info["backbone"] == str(output / "backbone")


def test_json(run, vop: Path, tmp_path: Path) -> None:
    output = tmp_path / "made"
    result = run("import-checkpoint", vop, "--format", "modelscope-vop", "--output", output, "--json")
    document = json.loads(result.out)
    assert list(document) == ["backbone", "adapter", "method", "has_tokenizer", "notes"]
    assert (document["method"], document["has_tokenizer"]) == ("vop", False)
    assert result.err == "".join(f"Note: {note}\n" for note in document["notes"])


@pytest.mark.parametrize("given", ["format", "groups"])
def test_what_does_not_fit_is_one_line(run, given: str, vop: Path, tmp_path: Path) -> None:
    options = {"format": ["--format", "x-pool"], "groups": ["--format", "modelscope-vop", "--frames-per-group", "4"]}
    result = run("import-checkpoint", vop, "--output", tmp_path / "made", *options[given])
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1
    if given == "format":
        assert "looks like modelscope-vop; pass --format modelscope-vop" in result.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["vop.pth"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["file.pth", "--output", "made"],
        ["file.pth", "--format", "clip4clip", "--output", "made"],
        ["file.pth", "--format", "x-pool", "--output", ""],
        ["file.pth", "--format", "prompt-switch", "--output", "made", "--frames-per-group", "0"],
        ["--format", "x-pool", "--output", "made"],
    ],
)
def test_wrong_usage(run, arguments: list[str]) -> None:
    result = run("import-checkpoint", *arguments)
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert "import-checkpoint" in result.err
