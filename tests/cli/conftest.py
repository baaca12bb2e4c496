"""The command line in this process, with the tests' own encoder where a model would be loaded."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from framecue.cli.main import main
from framecue.datasets.captions import Clip, Twin, write_captions
from framecue.user_cache import CACHE_VARIABLE
from support.colour_model import ColourModel
from support.colours import write_clip as write_colour_clip
from support.fixtures import clips, colour_model, make_model, readers_of_this_process, write_clip
from support.naming_colours import NamingColours

__all__ = ["clips", "colour_model", "make_model", "readers_of_this_process", "write_clip"]


# Of whoever runs the tests.
OWN_CACHE = os.environ.get(CACHE_VARIABLE)

# Whatever a command counts, one of it is told as one.
_ONE_OF_MANY = re.compile(
    r"(?<![\w.,:/@-])1 (?:order )?(?:videos|files|pictures|segments|moments|duplicates|clips|texts|lines|captions|"
    r"subtitles|queries|searches|results|hits|names|examples|rows|threads|twins|steps|passages|runs|libraries)\b"
)


class Result(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Result]:
    """Run a command as the program does."""
    # quiet_libraries() sets these for the process; the tests after this one must not see it.
    for name in (
        "HF_HUB_DISABLE_PROGRESS_BARS",
        "HF_HUB_VERBOSITY",
        "LANCE_LOG",
        "TRANSFORMERS_VERBOSITY",
        "TOKENIZERS_PARALLELISM",
        "TORCH_CPP_LOG_LEVEL",
    ):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)

    # A library of whoever runs the tests is none of theirs.
    monkeypatch.delenv("FRAMECUE_LIBRARY", raising=False)
    monkeypatch.delenv("FRAMECUE_PLAYER", raising=False)
    # Nor is what was noted about the machine, and what is noted here is nobody's.
    state = str(tmp_path_factory.getbasetemp() / "state")
    monkeypatch.setenv("XDG_STATE_HOME", state)
    # Searches are kept in the cache, as for a person; a test that has one of its own keeps it.
    monkeypatch.delenv("FRAMECUE_HISTORY", raising=False)
    if os.environ.get(CACHE_VARIABLE) == OWN_CACHE:
        monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path_factory.getbasetemp() / "cache"))

    def run(*args: object) -> Result:
        capsys.readouterr()
        code = main([str(arg) for arg in args])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        assert _ONE_OF_MANY.search(f"{out}\n{err}") is None, f"one thing is told as several: {out}{err}"
        return Result(code, out, err)

    return run


class Loader:
    """Stands in for framecue.load_model: gives the tests' encoder under any name, and notes what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.options: list[dict[str, object]] = []
        self.models: list[object] = []

    def __call__(self, name: str, adapter: str | None = None, **options: object) -> object:
        self.asked.append((name, adapter))
        self.options.append(options)
        model = ColourModel(name=name, adapter=adapter)
        self.models.append(model)
        return model


@pytest.fixture
def loader(monkeypatch: pytest.MonkeyPatch) -> Loader:
    loader = Loader()
    monkeypatch.setattr("framecue.model.load_model", loader)
    monkeypatch.setattr("framecue.backbone.download.find_download", lambda name, **_: None)  # no hub is asked
    return loader


class NamingLoader(Loader):
    """Gives one encoder, which can be taught names."""

    def __init__(self) -> None:
        super().__init__()
        self.model = NamingColours()

    def __call__(self, name: str, adapter: str | None = None, **options: object) -> NamingColours:
        self.asked.append((name, adapter))
        return self.model


@pytest.fixture
def naming(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> NamingColours:
    """The encoder that every command loads, which can be taught names."""
    naming = NamingLoader()
    monkeypatch.setattr("framecue.model.load_model", naming)
    return naming.model


@pytest.fixture
def taught_library(run: Callable[..., Result], naming: NamingColours, clips: Path, tmp_path: Path) -> str:
    """A library of four one-colour clips, whose model can be taught names."""
    uri = str(tmp_path / "videos.lance")
    assert run("index", clips, "--library", uri, "--model", "clip").code == 0
    return uri


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of one-colour clips, 4 to train on, 2 to validate and 3 to test, one of them with a twin."""
    folder = tmp_path_factory.mktemp("data")
    splits = {"train": ("red", "green", "blue", "yellow"), "val": ("white", "black"), "test": ("red", "green", "blue")}
    clips = []
    for split, colours in splits.items():
        for colour in colours:
            video = write_colour_clip(folder / split / f"{colour}.mp4", colour, seed=len(clips))
            twin = None
            if (split, colour) == ("test", "blue"):
                twin = Twin(write_colour_clip(folder / split / "blue-twin.mp4", "yellow"), ("yellow",))
            clips.append(Clip(video, (colour,), split, twin))
    write_captions(folder, clips)
    return folder
