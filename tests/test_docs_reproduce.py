"""docs/reproduce.md: a row for each shipped recipe of a paper, with the figures that the recipe has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from framecue.assets import bundled_names
from framecue.datasets.registry import DATASETS
from framecue.training.recipe import read_recipe

TEXT = (Path(__file__).parents[1] / "docs" / "reproduce.md").read_text(encoding="utf-8")
NAMES = [name for name in bundled_names("recipe") if "/" in name]
ROWS = dict(re.findall(r"^\| `([\w-]+/[\w-]+)` \| (.+) \|$", TEXT, flags=re.MULTILINE))


def test_every_recipe_has_a_row() -> None:
    assert sorted(ROWS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_row_has_the_recipes_figures(name: str) -> None:
    paper = read_recipe(name, ("data_dir=data",)).paper
    assert paper is not None
    cells = [
        " / ".join(f"{figures[key]:g}" if key in figures else "-" for key in ("R@1", "R@5", "R@10")) if figures else "-"
        for figures in (paper.text_to_video, paper.video_to_text)
    ]
    assert ROWS[name].split(" | ") == [*cells, paper.source, "no"]


def test_the_addresses_are_those_of_the_data_sets() -> None:
    homes = {home.split(" ")[0] for data in DATASETS.values() if data.card for home in data.card.homes}
    section = TEXT.split("### 1. Get the data\n")[1].split("\n### ")[0]
    addresses = set(re.findall(r"\]\((https?://[^)]+)\)", section))
    assert addresses
    assert addresses <= homes


def test_runs_that_are_evaluated_are_those_that_a_recipe_writes() -> None:
    written = {str(read_recipe(name, ("data_dir=data",)).output_dir) for name in NAMES}
    named = re.findall(r"framecue (?:evaluate|compare) (runs/\S+)", TEXT)
    assert named
    assert set(named) <= written
