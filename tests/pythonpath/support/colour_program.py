"""The command line as a program of its own, with the tests' encoder, which needs no torch, for every model.

For what only a process can show: pipes that stay open, terminals, signals.
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from framecue.library import Library
from framecue.video import read_moments
from support.colours import ColourEncoder, write_clip

__all__ = ["colour_library", "colour_program"]

_PROGRAM = """
import sys
import framecue.cli.search
from framecue.cli.main import main
from support.colours import ColourEncoder
framecue.cli.search.library_model = lambda library, **_: ColourEncoder()
sys.exit(main(sys.argv[1:]))
"""


def colour_program(*args: object) -> tuple[list[str], dict[str, str]]:
    """Return the command that runs a command line, and its environment."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return [sys.executable, "-c", _PROGRAM, *map(str, args)], environment


def colour_library(folder: Path) -> str:
    """Make a library of four clips, named after their colours, and return its place."""
    for colour in ("red", "green", "blue", "yellow"):
        write_clip(folder / "clips" / f"{colour}.mp4", colour)
    uri = str(folder / "videos.lance")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("framecue.library.indexing.runner.open_readers", lambda **_: nullcontext([read_moments]))
        Library(uri, model=ColourEncoder()).add(folder / "clips")
    return uri
