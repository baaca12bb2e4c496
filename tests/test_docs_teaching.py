"""What docs/teaching.md says holds: its Python example runs, and what it names of other parts is there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framecue.cli.last_search import _MOST_HITS, _MOST_LIBRARIES
from framecue.cli.prompt_names import parse_taught
from framecue.library import Library
from framecue.library.store.taught_names import NAMES_TABLE
from framecue.methods import METHODS
from framecue.names.taught import MOST_TOKENS
from support.colours import write_clip
from support.fixtures import readers_of_this_process
from support.naming_colours import NamingColours

__all__ = ["readers_of_this_process"]

TEXT = (Path(__file__).parents[1] / "docs" / "teaching.md").read_text("utf-8")


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.full((40, 60, 3), (30, 200, 30), np.uint8)).save("rex.jpg")
    library = Library("videos.lance", model=NamingColours())
    library.add([write_clip(tmp_path / f"{colour}.mp4", colour) for colour in ("red", "green", "blue", "yellow")])
    (example,) = re.findall(r"^```python\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
    names = {"library": library}
    exec(compile(example, "docs/teaching.md", "exec"), names)
    (rex,) = library.taught_names()
    assert (rex.name, rex.coarse, len(rex.examples)) == ("Rex", "dog", 3)


def test_its_numbers_and_names() -> None:
    assert MOST_TOKENS == 4
    assert "one to four token embeddings" in TEXT
    assert (_MOST_HITS, _MOST_LIBRARIES) == (1000, 50)
    assert "a\nthousand results of fifty libraries" in TEXT
    assert f"`{NAMES_TABLE}`" in TEXT
    assert {"mean-pool", "prompt-switch", "vop", "x-clip"} <= set(METHODS)
    for line in re.findall(r"`:teach (.+?)`", TEXT):
        parse_taught(line)
