"""A person at a terminal reads what takes long; a timer that the test fires stands for the time that passes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from framecue.cli import long_steps
from framecue.cli.long_steps import told_if_long

BACKGROUND = logging.getLogger("framecue.library.background")


class Clock:
    """Makes timers, and fires the one that runs when the test says that time has passed."""

    def __init__(self) -> None:
        self.running: list[Clock._Timer] = []

    class _Timer:
        daemon = False

        def __init__(self, clock: Clock, function: Callable[..., None], args: Sequence[str]) -> None:
            self._clock, self.fire = clock, lambda: function(*args)

        def start(self) -> None:
            self._clock.running.append(self)

        def cancel(self) -> None:
            if self in self._clock.running:
                self._clock.running.remove(self)

        def join(self) -> None: ...

    def __call__(self, seconds: float, function: Callable[..., None], args: Sequence[str]) -> _Timer:
        return self._Timer(self, function, args)

    def pass_time(self) -> None:
        for timer in list(self.running):
            self.running.remove(timer)
            timer.fire()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(long_steps, "Timer", made)
    return made


def _have_streams(monkeypatch: pytest.MonkeyPatch, **are_terminals: bool) -> None:
    streams = {name: SimpleNamespace(isatty=lambda is_one=is_one: is_one) for name, is_one in are_terminals.items()}
    monkeypatch.setattr(long_steps, "sys", SimpleNamespace(**streams))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Has both outputs be a terminal; returns what was written on standard error since it was asked last."""
    _have_streams(monkeypatch, stdout=True, stderr=True)
    return lambda: capsys.readouterr().err


def test_only_what_takes_long_is_told(clock: Clock, terminal: Callable[[], str]) -> None:
    with told_if_long("loading the model"):
        pass
    clock.pass_time()
    assert terminal() == ""
    with told_if_long("loading the model"):
        clock.pass_time()
        clock.pass_time()
    assert terminal() == "loading the model\n"
    with pytest.raises(ValueError, match="no"), told_if_long("loading the model"):
        raise ValueError("no")
    assert clock.running == []


def test_a_step_of_the_library_has_a_line_of_its_own(clock: Clock, terminal: Callable[[], str]) -> None:
    level = BACKGROUND.level
    with told_if_long("searching"):
        BACKGROUND.info("comparing %s", "queries")
        BACKGROUND.warning("it cannot be kept")
        clock.pass_time()
        BACKGROUND.info("and another")
    clock.pass_time()
    assert terminal() == "comparing queries\n"
    assert (BACKGROUND.level, BACKGROUND.handlers) == (level, [])


@pytest.mark.parametrize("pipe", ["stdout", "stderr"])
def test_nothing_is_told_in_a_pipe(
    clock: Clock, terminal: Callable[[], str], monkeypatch: pytest.MonkeyPatch, pipe: str
) -> None:
    _have_streams(monkeypatch, **{"stdout": True, "stderr": True, pipe: False})
    with told_if_long("loading the model"):
        assert clock.running == []


def test_nothing_is_told_beside_a_document(clock: Clock, terminal: Callable[[], str]) -> None:
    @click.command()
    @click.option("--json", "as_json", is_flag=True)
    def command(as_json: bool) -> None:
        with told_if_long("loading the model"):
            clock.pass_time()

    command(["--json"], standalone_mode=False)
    assert terminal() == ""
    command([], standalone_mode=False)
    assert terminal() == "loading the model\n"


def test_a_first_search_tells_its_steps(run, loader, tmp_path: Path, clips: Path, monkeypatch) -> None:
    steps: list[str] = []

    class Noted(long_steps._Step):
        def begin(self, what: str) -> None:
            steps.append(what)

    monkeypatch.setattr(long_steps, "_Step", Noted)
    monkeypatch.setattr(long_steps, "_does_a_person_wait", lambda: True)
    monkeypatch.setattr("framecue.library.background.LEAST_SEGMENTS", 1)
    uri = str(tmp_path / "videos.lance")
    assert run("index", clips, "--library", uri, "--model", "clip").code == 0
    steps.clear()
    assert run("search", "red", "--library", uri).code == 0
    assert steps[:2] == ["loading the model", "searching"]
    assert [step.partition(" ")[0] for step in steps[2:]] == ["comparing"]
