"""docs/datasets.md: the table of splits is the cards', and the tables of options have every option and its default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from framecue.datasets.card import DatasetCard, SplitCard
from framecue.datasets.registry import DATASETS

TEXT = (Path(__file__).parents[1] / "docs" / "datasets.md").read_text(encoding="utf-8")


def row(name: str, split: SplitCard) -> str:
    def count(number: int | None) -> str:
        return "-" if number is None else f"{number:,}".replace(",", " ")

    options = ", ".join(f"{key}: {value}" for key, value in split.options.items())
    source = "; ".join(filter(None, (split.source, split.note)))
    label = f"`{split.split}`" + (f" (`{options}`)" if options else "")
    return f"| {name} | {label} | {count(split.videos)} | {count(split.captions)} | {source} |"


def table() -> str:
    """The table as it has to stand in the document."""
    lines = ["| data set | split | videos | captions | from |", "| --- | --- | ---: | ---: | --- |"]
    for name, config in DATASETS.items():
        assert config.card is not None, f"{name} has no card"
        lines += [row(name, split) for split in config.card.splits]
    return "\n".join(lines)


def test_the_table_of_splits_is_the_cards() -> None:
    body = TEXT.split("## What each split holds\n")[1].split("\n## ")[0]
    found = "\n".join(line for line in body.splitlines() if line.startswith("|"))
    assert found == table()


@pytest.mark.parametrize(
    ("heading", "names"),
    [("Options of the field's data sets", ["msr-vtt", "activitynet"]), ("Shards: `webdataset`", ["webdataset"])],
)
def test_the_tables_of_options_have_their_defaults(heading: str, names: list[str]) -> None:
    body = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    told = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", body, flags=re.MULTILINE))
    assert told
    for name in names:
        fields = DATASETS[name].model_fields
        for key, default in told.items():
            assert key in fields, f"{name} has no option {key}"
            wanted = None if default == "none" else yaml.safe_load(default.strip("`"))
            if isinstance(wanted, str) and not re.fullmatch(r"[\w*.-]+", default.strip("`")):
                continue
            assert fields[key].default == wanted, f"{name}: {key}"


@pytest.mark.parametrize("name", [name for name, config in DATASETS.items() if config.card and config.card.homes])
def test_every_option_of_the_fields_data_sets_is_told(name: str) -> None:
    for key in DATASETS[name].model_fields:
        assert key in ("name", "data_dir") or f"`{key}" in TEXT, f"{name}: {key}"


def test_a_card_is_found_by_its_options() -> None:
    card = DATASETS["msr-vtt"].card
    assert card is not None
    found = card.split("train", {"train_set": "7k", "test_set": "1k-A"})
    assert found is not None
    assert found.videos == 7010
    assert card.split("dev", {}) is None
    assert card.split("train", {}) is None
    assert DatasetCard("x", homes=("a", "b")).where_from == "; people get it from a and b"
    assert DatasetCard("x").where_from == ""
