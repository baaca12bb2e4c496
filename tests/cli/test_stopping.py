from __future__ import annotations

import click
import pytest

import framecue.cli.main as main_module
from framecue.cli.stopping import log_stop, say_at_stop


@pytest.fixture(autouse=True)
def afterwards():
    yield
    say_at_stop(None)


def test_the_last_line_says_what_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    log_stop()
    say_at_stop("the first half\x1b stays; the same command goes on")
    log_stop()
    say_at_stop(None)
    log_stop()
    assert capsys.readouterr() == (
        "",
        "stopped\nstopped: the first half\\x1b stays; the same command goes on\nstopped\n",
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt, click.Abort])
def test_each_command_speaks_for_itself(run, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
    """A program may call several, one after the other."""
    sentences = iter(["this stays", None])

    def action() -> None:
        if (sentence := next(sentences)) is not None:
            say_at_stop(sentence)
        raise error

    command = click.Command("index", callback=action)
    monkeypatch.setattr(main_module.LazyGroup, "get_command", lambda self, ctx, name: command)
    first, second = run("index"), run("index")
    assert (first.code, first.out, first.err.strip()) == (130, "", "stopped: this stays")
    assert (second.code, second.out, second.err.strip()) == (130, "", "stopped")
