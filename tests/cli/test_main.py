from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import warnings

import click
import pytest

from framecue import __version__
from framecue.cli import main as main_module
from framecue.cli.main import COMMANDS, framecue, main
from framecue.cli.output import (
    FilePath,
    ProgressBar,
    file_uri,
    log,
    one_line,
    print_json,
    print_table,
    progress_bar,
    quiet_libraries,
)
from framecue.errors import ModelError, VideoError

HEAVY = ("torch", "transformers", "lancedb", "av", "pyarrow", "numpy", "PIL", "pydantic", "rich", "framecue.model")


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["serch"], [], *([name, "--help"] for name in COMMANDS)])
def test_help_imports_nothing_heavy(args: list[str]) -> None:
    program = f"""
import json, sys
from framecue.cli.main import main
code = main({args!r})
print(json.dumps([code, [name for name in {HEAVY!r} if name in sys.modules]]), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    code, loaded = json.loads(done.stderr.splitlines()[-1])
    assert loaded == []
    assert code == (0 if args[-1:] in (["--help"], ["--version"]) else 2)


def test_help_lists_every_command_with_its_words(run) -> None:
    result = run("--help")
    assert result.code == 0
    assert result.err == ""
    for name, entry in COMMANDS.items():
        assert f"  {name} " in result.out
        assert entry.short_help[:30] in result.out
    assert set(COMMANDS) == {
        "doctor",
        *("index", "search", "info", "train", "evaluate", "caption", "moji-motion", "demo", "methods"),
        *("import-checkpoint", "optimize", "remove", "clip"),
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(run, name: str) -> None:
    result = run(name, "--help")
    assert result.code == 0
    assert f"Usage: framecue {name}" in result.out
    assert "\b" not in result.out


def test_version(run) -> None:
    assert run("--version") == (0, f"framecue {__version__}\n", "")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["serch", "x"], ["unknown command 'serch'", "did you mean search?", "framecue --help"]),
        (["zzz"], ["unknown command 'zzz'", "known: index, search, info"]),
        (["--libary"], ["No such option '--libary'", "framecue --help"]),
        (["info"], ["Missing argument 'LIBRARY_OR_ADAPTER'", "framecue info --help"]),
        (["info", "a", "b"], ["unexpected extra argument", "framecue info --help"]),
        (["search", "x"], ["Missing option '--library'", "framecue search --help"]),
        (["search", "x", "--libary", "y"], ["No such option '--libary'", "framecue search --help"]),
        (["search", "x", "--library", "y", "-k", "0"], ["'-k'", "x>=1"]),
        (["search", "x", "--library", "y", "-k", "many"], ["'-k'", "'many'"]),
        (["index", "--library", "y"], ["Missing argument 'PATH...'", "framecue index --help"]),
        (["index", "a", "--library", "y", "--dtype", "int8"], ["'--dtype'", "float32", "bfloat16"]),
    ],
)
def test_wrong_usage_is_one_line_that_names_the_way_out(run, args: list[str], says: list[str]) -> None:
    result = run(*args)
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1
    for text in says:
        assert text in result.err


def test_no_command_shows_the_help(run) -> None:
    result = run()
    assert result.code == 2
    assert "Usage: framecue" in result.err
    assert "search" in result.err


@pytest.fixture
def command_that(monkeypatch: pytest.MonkeyPatch):
    """Make `framecue index` do something else."""

    def replace(action) -> None:
        command = click.Command("index", callback=action)
        monkeypatch.setattr(main_module.LazyGroup, "get_command", lambda self, ctx, name: command)

    return replace


def raising(error: BaseException):
    def action() -> None:
        raise error

    return action


@pytest.mark.parametrize(
    ("error", "code", "err"),
    [
        (ModelError("no model 'x'; give a folder"), 1, "Error: no model 'x'; give a folder\n"),
        (VideoError("a\nb\x1b[31m.mp4", "no video"), 1, "Error: a\\nb\\x1b[31m.mp4: no video\n"),
        (VideoError("caf\udce9.mp4", "no video"), 1, "Error: caf\\udce9.mp4: no video\n"),
        (click.ClickException("no"), 1, "Error: no\n"),
        (click.UsageError("wrong."), 2, "Error: wrong; see `framecue index --help`\n"),
        (KeyboardInterrupt(), 130, "Error: stopped\n"),
    ],
)
def test_errors_become_one_line_and_a_code(run, command_that, error: BaseException, code: int, err: str) -> None:
    command_that(raising(error))
    result = run("index")
    assert (result.code, result.out) == (code, "")
    assert result.err.lstrip("\n") == err


def test_exit_code_of_a_command_is_kept(run, command_that) -> None:
    command_that(lambda: click.get_current_context().exit(3))
    assert run("index").code == 3


def test_defect_keeps_its_traceback(command_that) -> None:
    command_that(raising(ZeroDivisionError("a defect")))
    with pytest.raises(ZeroDivisionError):
        main(["index"])


def test_commands_are_where_the_table_says() -> None:
    with click.Context(framecue) as ctx:
        for name in COMMANDS:
            command = framecue.get_command(ctx, name)
            assert command is not None
            assert command.name == name


def test_one_line_keeps_letters_and_escapes_the_rest() -> None:
    assert one_line("Grüße 日本.mp4") == "Grüße 日本.mp4"
    assert one_line("a\nb\tc\x1b]8;;x\x07") == "a\\nb\\tc\\x1b]8;;x\\x07"
    assert one_line("caf\udce9") == "caf\\udce9"


def test_json_is_ascii_and_carries_any_name(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"path": "caf\udce9 日本 [red]\n.mp4", "score": 0.25}
    print_json(document)
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == document


def test_table_in_a_pipe_has_one_line_a_row_and_takes_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    long = "/a/[red]/" + "x" * 500 + ".mp4"
    print_table(["rank", "path"], [("1", long), ("2", "/b\n.mp4")], right=["rank"])
    lines = capsys.readouterr().out.splitlines()
    assert sum(long in line for line in lines) == 1
    assert any(line.split() == ["2", "/b\\n.mp4"] for line in lines)
    assert max(map(len, lines)) < 600


def test_a_path_is_a_link_in_a_terminal_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = FilePath("/a b/100%\x1b]8;;\x07 [red] \udce9.mp4")
    print_table(["path"], [(path,)])
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("NO_COLOR", raising=False)
    print_table(["path"], [(path,), ("/plain.mp4",)])
    out = capsys.readouterr().out
    uri = "file:///a%20b/100%25%1B%5D8%3B%3B%07%20%5Bred%5D%20%E9.mp4"
    assert file_uri(path) == uri
    assert re.findall(r"\x1b\]8;id=\d+;([^\x1b]+)\x1b\\([^\x1b]+)\x1b\]8;;\x1b", out) == [(uri, one_line(path))]
    assert "/plain.mp4" in out


def test_progress_is_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("Indexing") as progress:
        progress(1, 2)
    with ProgressBar("Training") as bar:
        bar.show(1, 2)
        log("step 1")
    assert capsys.readouterr() == ("", "step 1\n")


HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"  # the cursor


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes any stream for a terminal
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")


@pytest.mark.usefixtures("terminal")
def test_a_terminal_gets_a_bar_at_once_and_its_cursor_back_after_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), progress_bar("Indexing") as progress:  # noqa: PT012
        assert HIDE in capsys.readouterr().err
        progress(1, 2)
        raise ZeroDivisionError
    out, err = capsys.readouterr()
    assert out == ""
    assert "Indexing" in err
    assert "1/2" in err
    assert SHOW in err


@pytest.mark.usefixtures("terminal")
def test_a_bar_comes_with_the_first_progress_goes_when_closed_and_may_come_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with ProgressBar("Training") as bar:
        bar.close()
        assert capsys.readouterr().err == ""
        for done in (1, 2):
            bar.show(done, 3)
            bar.close()
            shown = capsys.readouterr().err
            assert shown.index(HIDE) < shown.index("Training") < shown.index(f"{done}/3") < shown.index(SHOW)


@pytest.mark.usefixtures("terminal")
def test_lines_stand_above_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar("Training") as bar:
        bar.show(1, 3)
        capsys.readouterr()
        log("step 1: [loss] 2.5")
        told = capsys.readouterr().err
        # What is written last is the bar, drawn anew below the line.
        assert told.index("step 1: [loss] 2.5\n") < told.rindex("Training")


def test_quieting_leaves_what_the_user_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSFORMERS_VERBOSITY", "info")
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "")
    monkeypatch.delenv("HF_HUB_DISABLE_PROGRESS_BARS")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "true")
    with warnings.catch_warnings():
        quiet_libraries()
    assert os.environ["TRANSFORMERS_VERBOSITY"] == "info"
    assert os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] == "1"
    assert os.environ["TOKENIZERS_PARALLELISM"] == "true"
