"""``framecue methods``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from framecue.cli import methods as command
from framecue.methods import METHODS


@pytest.fixture
def few() -> Iterator[None]:
    """A registry of three, so that a test takes a moment."""
    every = dict(METHODS)
    for name in every.keys() - {"prompt-switch", "vop", "x-pool"}:
        del METHODS[name]
    yield
    METHODS.clear()  # what was taken out would come back at the end
    METHODS.update(every)


def test_all_of_them_in_json(run) -> None:
    result = run("methods", "--json")
    assert (result.code, result.err) == (0, "")
    document = json.loads(result.out)
    assert document["backbone"] == {"name": "CLIP ViT-B/32", "parameters": 151_277_313}
    assert document["num_frames"] == command.NUM_FRAMES == 12
    entries = {entry["name"]: entry for entry in document["methods"]}
    assert list(entries) == list(METHODS)
    for name, entry in entries.items():
        assert list(entry) == [
            *("name", "trainable_parameters", "new_parameters", "share_of_backbone", "offline", "paper"),
        ]
        assert entry["trainable_parameters"] > 0, name
        assert entry["share_of_backbone"] == entry["trainable_parameters"] / 151_277_313
        assert entry["offline"] is METHODS[name].offline
        assert "arXiv" in entry["paper"]
    assert entries["vop"]["trainable_parameters"] == entries["vop"]["new_parameters"] == 122_880
    assert entries["vop-p"]["trainable_parameters"] == 528_384
    assert entries["vop-c"]["trainable_parameters"] == 14_257_152
    assert {name for name, entry in entries.items() if not entry["offline"]} == {
        *("top-k", "attention-pool", "x-pool", "ts2-net", "x-clip")
    }


@pytest.mark.usefixtures("few")
def test_table_for_people(run) -> None:
    result = run("methods")
    assert (result.code, result.err) == (0, "")
    head, *lines = [line for line in result.out.splitlines() if line.strip()]
    assert head == "CLIP ViT-B/32: 151,277,313 parameters; 12 frames a video"
    rows = {line.split()[0]: line.split()[1:] for line in lines}
    assert rows["vop"][:4] == ["122,880", "122,880", "0.081%", "yes"]
    assert rows["x-pool"][3] == "no"
    assert " ".join(rows["vop"][4:]) == METHODS["vop"].paper


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("width", [80, 120, 140])
def test_no_line_is_broken_in_a_terminal(run, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm"), ("NO_COLOR", "1"), ("COLUMNS", str(width))):
        monkeypatch.setenv(name, value)
    out = re.sub(r"\x1b\[[0-9;]*m", "", run("methods").out)
    _, *lines = [line.rstrip() for line in out.splitlines() if line.strip()]
    assert max(map(len, lines)) <= width
    assert all(line.lstrip("\u2500 ").split(" ")[0] in ("method", "", *METHODS) for line in lines)
    assert sum(METHODS["vop"].paper in line for line in lines) == 1
    assert re.search(r"vop +122,880 +122,880 +0\.081% +yes", out)


@pytest.mark.usefixtures("few")
def test_on_another_model(run, clip_folder: Path) -> None:
    document = json.loads(run("methods", "--model", clip_folder, "--json").out)
    assert document["backbone"]["name"] == str(clip_folder)
    entries = {entry["name"]: entry for entry in document["methods"]}
    assert entries["vop"]["trainable_parameters"] == 8 * (3 * 32 + 2 * 24)
    assert entries["prompt-switch"]["trainable_parameters"] > document["backbone"]["parameters"]


@pytest.mark.usefixtures("few")
def test_a_method_that_does_not_fit_the_model_is_listed_without_numbers(run, clip_folder: Path, tmp_path: Path) -> None:
    config = json.loads((clip_folder / "config.json").read_text())
    config["text_config"]["max_position_embeddings"] = 9  # no room for prompts and words
    (tmp_path / "config.json").write_text(json.dumps(config))
    result = run("methods", "--model", tmp_path, "--json")
    assert result.code == 0
    vop = next(entry for entry in json.loads(result.out)["methods"] if entry["name"] == "vop")
    assert (vop["trainable_parameters"], vop["offline"]) == (None, True)
    assert result.err.startswith(f"vop does not fit {tmp_path}: num_text_prompts must be at most 6")
    table = run("methods", "--model", tmp_path).out
    rows = [line.split() for line in table.splitlines() if line.strip()]
    assert next(row[1:4] for row in rows if row[0] == "vop") == ["-", "-", "-"]


def test_a_model_that_is_not_there(run, tmp_path: Path) -> None:
    result = run("methods", "--model", tmp_path / "none")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1


PLUGIN = """
from framecue.methods import Method

class Fine(Method):
    paper = "none at all"

class Failing(Method):
    def __init__(self, config, backbone):
        raise ZeroDivisionError("in somebody's method")
"""


@pytest.mark.usefixtures("few")
def test_methods_of_packages_are_listed_and_a_broken_one_takes_nothing_away(run, install) -> None:
    targets = {"fine": "Fine", "lost": "Lost", "failing": "Failing", "vop": "Fine"}
    install("acme", {"framecue.methods": {name: f"acme:{target}" for name, target in targets.items()}}, PLUGIN)
    result = run("methods", "--json")
    assert result.code == 0
    entries = {entry["name"]: entry for entry in json.loads(result.out)["methods"]}
    assert list(entries) == ["prompt-switch", "x-pool", "fine", "failing"]
    assert (entries["fine"]["share_of_backbone"], entries["fine"]["paper"]) == (1.0, "none at all")
    assert entries["failing"]["trainable_parameters"] is None
    twice, lost, failing = result.err.splitlines()
    assert twice.startswith("the method 'vop' stands twice: in framecue itself and in package acme; ")
    assert lost.startswith("method 'lost' of package acme (acme:Lost) cannot be loaded (AttributeError: ")
    assert failing == "failing fails on CLIP ViT-B/32: ZeroDivisionError: in somebody's method"
