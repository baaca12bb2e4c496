"""The command line in this process, with the tests' own encoder where a model would be loaded."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from framecue.cli.main import main

_spec = importlib.util.spec_from_file_location(
    "colour_model_fixtures", Path(__file__).parents[1] / "library" / "conftest.py"
)
assert _spec is not None
assert _spec.loader is not None
_library = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_library)

colour_model, make_model, write_clip, clips = (
    getattr(_library, name) for name in ("colour_model", "make_model", "write_clip", "clips")
)


class Result(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command as the program does."""
    # quiet_libraries() sets these for the process; the tests after this one must not see it.
    for name in (
        "HF_HUB_DISABLE_PROGRESS_BARS",
        "HF_HUB_VERBOSITY",
        "TRANSFORMERS_VERBOSITY",
        "TOKENIZERS_PARALLELISM",
    ):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)

    def run(*args: object) -> Result:
        capsys.readouterr()
        code = main([str(arg) for arg in args])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
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
        model = _library.ColourModel(name=name, adapter=adapter)
        self.models.append(model)
        return model


@pytest.fixture
def loader(monkeypatch: pytest.MonkeyPatch) -> Loader:
    loader = Loader()
    monkeypatch.setattr("framecue.model.load_model", loader)
    return loader
