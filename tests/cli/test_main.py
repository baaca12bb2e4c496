from __future__ import annotations

import errno
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


def test_help_imports_nothing_heavy() -> None:
    # One process for all of them: what one has imported stays, and is told with the words that were the first to do so.
    words = [
        *(["--help"], ["--version"], ["serch"], []),
        *([name, "--help"] for name in COMMANDS),
        *(["datasets", "check", "--help"], ["names", "forget", "--help"], ["names", "rename", "--help"]),
    ]
    program = f"""
import json, sys
from framecue.cli.main import main
for args in {words!r}:
    code = main(args)
    print(json.dumps([args, code, [name for name in {HEAVY!r} if name in sys.modules]]), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("[[")]
    assert [args for args, _, _ in told] == words
    for args, code, loaded in told:
        assert (args, loaded) == (args, [])
        assert (args, code) == (args, 0 if args[-1:] in (["--help"], ["--version"]) else 2)


def test_help_lists_every_command_with_its_words(run) -> None:
    result = run("--help")
    assert result.code == 0
    assert result.err == ""
    for name, entry in COMMANDS.items():
        assert f"  {name} " in result.out
        assert entry.short_help[:30] in result.out
    assert set(COMMANDS) == {
        *("doctor", "serve", "mcp", "mcp-config", "teach", "names"),
        *("index", "search", "info", "train", "evaluate", "compare", "caption", "moji-motion", "demo", "methods"),
        *("import-checkpoint", "optimize", "remove", "clip", "datasets", "classify", "embed", "export", "words"),
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
        (["serch", "x"], ["unknown command 'serch'", "did you mean search or serve?", "framecue --help"]),
        (["zzz"], ["unknown command 'zzz'", "known: index, search, serve"]),
        (["--libary"], ["No such option '--libary'", "framecue --help"]),
        (["info", "a", "b"], ["unexpected extra argument", "framecue info --help"]),
        (["search", "x", "--library", "y", "--json", "--format", "tsv"], ["beside --format", "framecue search --help"]),
        (["search", "x", "--library", "y", "--format", "csv"], ["'csv'", "table", "path", "hit", "tsv", "jsonl"]),
        (["search", "x", "--library", "y", "-0"], ["--null is given without --format path or hit"]),
        (["search", "x", "--library", "y", "-0", "--format", "tsv"], ["--null is given without --format path or hit"]),
        (["search", "x", "--library", "y", "--explain", "--format", "hit"], ["--format hit has no room for --explain"]),
        (["search", "--queries", "x", "--library", "y", "--open", "1"], ["--open is given with --queries"]),
        (["search", "x", "--library", "y", "--open", "0"], ["'--open'", "x>=1"]),
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
        (KeyboardInterrupt(), 130, "stopped\n"),
    ],
)
def test_errors_become_one_line_and_a_code(run, command_that, error: BaseException, code: int, err: str) -> None:
    command_that(raising(error))
    result = run("index")
    assert (result.code, result.out) == (code, "")
    assert result.err.lstrip("\n") == err


@pytest.mark.parametrize(
    ("args", "command"),
    [
        ("search x --library", "framecue search"),
        ("index . --speech-model", "framecue index"),
        ("names --pictures", "framecue names"),
        ("names forget Rex -l", "framecue names forget"),
        ("teach Rex --like 1 --tokens", "framecue teach"),
        ("--nothing", "framecue"),
    ],
)
def test_wrong_usage_points_to_the_help_of_its_command(run, args: str, command: str) -> None:
    result = run(*args.split())
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert result.err.endswith(f"; see `{command} --help`\n")


def test_exit_code_of_a_command_is_kept(run, command_that) -> None:
    command_that(lambda: click.get_current_context().exit(3))
    assert run("index").code == 3


def test_a_defect_is_one_line_and_its_traceback_can_be_had(run, command_that, monkeypatch: pytest.MonkeyPatch) -> None:
    command_that(raising(ZeroDivisionError("a defect")))
    result = run("index")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: a defect in framecue, please report it: ZeroDivisionError: a defect (in test_")
    assert result.err.endswith("; FRAMECUE_TRACEBACK=1 shows more\n")
    assert result.err.count("\n") == 1
    monkeypatch.setenv("FRAMECUE_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        main(["index"])


@pytest.mark.parametrize(
    ("error", "code", "err"),
    [
        (click.Abort(), 130, "stopped\n"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            1,
            "Error: cannot write the output: No space left on device\n",
        ),
        (
            OSError(errno.EROFS, "Read-only file system", "/a/b"),
            1,
            "Error: cannot write /a/b: Read-only file system\n",
        ),
        (
            OSError(errno.ENAMETOOLONG, "File name too long", "x" * 5000),
            1,
            f"Error: cannot use {'x' * 150} ... {'x' * 150}: File name too long\n",
        ),
        (MemoryError(), 1, "Error: there is not enough memory for this\n"),
    ],
)
def test_what_the_system_refuses_is_no_defect(run, command_that, error: Exception, code: int, err: str) -> None:
    command_that(raising(error))
    result = run("index")
    assert (result.code, result.out, result.err) == (code, "", err)


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
    assert one_line("a\u202eb\u2066c\u200fd\x85e\u2028f\ufefff") == r"a\u202eb\u2066c\u200fd\x85e\u2028f\ufefff"
    # A family of four joined to one picture, a space of macOS, one of Japanese, and a Persian word in two parts.
    for name in (
        "👨‍👩‍👧‍👦.mp4",
        "9.41.00\u202fAM.mov",
        "旅行\u3000夏.mp4",
        "\u0645\u06cc\u200c\u062e\u0648\u0631\u0645.mp4",
    ):
        assert one_line(name) == name


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
    # The long one makes no other line long.
    assert sorted(map(len, lines))[-2] <= 120
    assert all(line == line.rstrip() for line in lines)


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


def test_a_long_run_tells_a_line_a_minute_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    with ProgressBar("Indexing", seconds=lambda: now) as bar:
        for second in range(0, 301, 5):
            now = float(second)
            bar.show(second / 10, 120)
            bar.show(second / 10, None)
        bar.close()
        now = 1000.0
        bar.show(31, 120)
        now = 1059.0
        bar.show(31, 120)
        now = 1060.0
        bar.show(31, 120)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "Indexing: 6 of 120 (5%), about 19:00 left",
        "Indexing: 12 of 120 (10%), about 18:00 left",
        "Indexing: 18 of 120 (15%), about 17:00 left",
        "Indexing: 24 of 120 (20%), about 16:00 left",
        "Indexing: 30 of 120 (25%), about 15:00 left",
        "Indexing: 31 of 120 (26%)",
    ]


def test_a_terminal_that_cannot_draw_gets_lines_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    now = 0.0
    with ProgressBar("Indexing", seconds=lambda: now) as bar:
        bar.show(0, 2)
        now = 60.0
        bar.show(1, 2)
    assert capsys.readouterr().err == "Indexing: 1 of 2 (50%), about 1:00 left\n"


@pytest.mark.parametrize("width", [80, 120])
def test_a_table_fits_its_terminal_whatever_its_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    from rich.cells import cell_len

    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm"), ("NO_COLOR", "1"), ("COLUMNS", str(width))):
        monkeypatch.setenv(name, value)
    names = [
        "x" * 1000,
        "日本語" * 60,
        "👨‍👩‍👧‍👦" * 40,
        "סרטון " * 40,
        "a\u0301" * 300,
        "\x1b[31m" * 60,
        "[red]" * 60,
        "short",
    ]
    paths = [FilePath(f"/media/disk/{name}/{name}.mp4") for name in names]
    rows = [(str(rank), "0:40-0:45", path) for rank, path in enumerate(paths, start=1)]
    print_table(["rank", "time", "path"], rows, right=["rank", "time"])
    out = capsys.readouterr().out
    lines = [line for line in re.sub(r"\x1b\]8;[^\x1b]*\x1b\\|\x1b\[[0-9;]*m", "", out).splitlines() if line.strip()]
    assert len(lines) == 2 + len(names)
    assert "\x1b" not in "".join(lines)
    for line in lines[2:]:
        assert line.split()[1] == "0:40-0:45"
        assert line.rstrip().endswith(".mp4")
        assert cell_len(line) <= width
    # The end of the name is kept, and so is where the path begins.
    assert all("/med" in line for line in lines[2:])


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
            assert shown.index(HIDE) < shown.index("Training") < shown.index(f"{done}/3") < shown.rindex(SHOW)


@pytest.mark.usefixtures("terminal")
def test_the_cursor_is_there_beside_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    """A run that is stopped with Ctrl-Z gives the terminal back as it is."""
    with ProgressBar("Training") as bar:
        bar.show(1, 3)
        shown = capsys.readouterr().err
        assert shown.rindex(HIDE) < shown.rindex(SHOW)


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


@pytest.mark.parametrize(("is_left", "written"), [(True, "done\n"), (False, "done\ntaken apart\n")])
def test_a_process_with_threads_at_work_is_not_taken_apart_around_them(is_left: bool, written: str) -> None:
    # As a server that is told to end while its model is being loaded: native code would abort it.
    program = f"""
import atexit, sys, threading
from framecue.cli import main

def run(args):
    target = threading.Event().wait if {is_left} else int
    threading.Thread(target=target, name="framecue-work", daemon=True).start()
    print("done")
    return 3

atexit.register(print, "taken apart")
main._run = run
sys.exit(main.main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (3, written)
