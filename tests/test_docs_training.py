"""docs/training.md: every key of a recipe, with its default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from framecue.training.recipe import Recipe, Schedule

TEXT = (Path(__file__).parents[1] / "docs" / "training.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("heading", "section"), [("Keys", Recipe), ("Keys of the schedule", Schedule)])
def test_the_tables_have_every_key_and_its_default(heading: str, section: type[BaseModel]) -> None:
    body = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    told = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", body, flags=re.MULTILINE))
    assert list(told) == list(section.model_fields)
    for name, field in section.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if default is PydanticUndefined:
            assert told[name] == "-", name
        elif default is None:
            assert told[name] == "none", name
        elif isinstance(default, Schedule):
            assert told[name] == "see below"
        else:
            written = yaml.safe_load(told[name].strip("`"))
            assert (tuple(written) if isinstance(default, tuple) else written) == default, name
