"""Fixtures that the tests of libraries and of the command line share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from framecue.errors import InputError
from framecue.video import Cut, read_moments
from framecue.video.isolate.questions.clip import ClipQuestion
from support import colours
from support.colours import ColourEncoder

__all__ = ["clips", "colour_model", "make_model", "readers_of_this_process", "write_clip"]


@pytest.fixture(autouse=True)
def readers_of_this_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files in this process, as starting another one for each test would take long; ``isolated`` tests do not."""
    if request.node.get_closest_marker("isolated") is None:
        monkeypatch.setattr(
            "framecue.library.indexing.runner.open_readers", lambda **options: nullcontext([read_moments])
        )
        monkeypatch.setattr("framecue.video.isolate.clip.answer_of", _answer_of)


def _answer_of(reader: object, question: ClipQuestion) -> Cut | InputError:
    (part,) = question.answer(lambda told: True)
    return part


@pytest.fixture
def colour_model() -> ColourEncoder:
    return ColourEncoder()


@pytest.fixture
def make_model() -> type[ColourEncoder]:
    return ColourEncoder


@pytest.fixture
def write_clip() -> Callable[..., Path]:
    return colours.write_clip


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """A folder of four clips, one in a folder of its own."""
    folder = tmp_path / "clips"
    colours.write_clip(folder / "red.mp4", "red")
    colours.write_clip(folder / "green.mp4", "green", seconds=2)
    colours.write_clip(folder / "blue.mp4", "blue")
    colours.write_clip(folder / "more" / "yellow.mp4", "yellow")
    return folder
