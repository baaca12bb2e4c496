from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from framecue.cli.hits import NOTHING_FITS
from framecue.cli.last_search import last_search
from framecue.cli.prompt import Prompt, can_prompt, run_prompt
from framecue.cli.prompt_search import PromptSearch
from framecue.cli.signals import TerminatedError, requests_to_end
from framecue.errors import AbsentError, FramecueError, InputError
from framecue.library import Library, Query, SearchOptions, make_again
from framecue.library.store import Store
from support.colour_program import colour_library, colour_program
from support.colours import ColourEncoder, write_clip
from support.naming_colours import NamingColours
from support.words import WordEncoder, word_library


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return colour_library(tmp_path_factory.mktemp("prompt"))


def prompt_on(uri: str, model: Callable[[], Any] = ColourEncoder, **settings: Any) -> Prompt:
    return Prompt(lambda: Library(uri, model=model()), PromptSearch(None, SearchOptions(**settings)))


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Callable[[Prompt, str], list[str]]:
    """Type a line, and get the names of the files of its results, or what else is printed."""

    def typed(prompt: Prompt, line: str) -> list[str]:
        capsys.readouterr()
        assert prompt.take(line)
        out, err = capsys.readouterr()
        names = re.findall(r"(\w+)\.(?:mp4|png)$", out, flags=re.MULTILINE)
        return names or (out + err).splitlines()

    return typed


def test_searches_pages_and_refinements(uri: str, typed) -> None:
    prompt = prompt_on(uri, k=2)
    first = typed(prompt, "red")
    assert (first[0], len(first)) == ("red", 2)
    second = typed(prompt, ":next")
    assert sorted([*first, *second]) == ["blue", "green", "red", "yellow"]
    assert list(prompt.shown) == [1, 2, 3, 4]
    assert typed(prompt, ":next") == ["there are no results on page 3"]
    assert prompt.search.page == 2
    assert typed(prompt, ":p") == first
    typed(prompt, ":with green^0.9")
    assert typed(prompt, ":without blue") == ["yellow", "red"]
    assert str(prompt.search) == "red, green^0.9, without blue"
    typed(prompt, ":undo")
    assert typed(prompt, ":undo") == first
    assert typed(prompt, ":path green*") == ["green"]
    assert typed(prompt, ":show") == ["red; path green*"]
    assert typed(prompt, ":path none") == ["nothing found: :path leaves 0 of 4 videos"]
    assert typed(prompt, ":unfiltered") == first
    assert typed(prompt, "") == []
    assert not prompt.take("quit")


def test_results_are_exported(uri: str, typed, tmp_path: Path) -> None:
    prompt = prompt_on(uri, k=1)
    path = tmp_path / "hits.m3u"
    with pytest.raises(InputError, match="there are no results yet"):
        prompt.take(f":export {path}")
    typed(prompt, "red")
    typed(prompt, ":next")
    assert typed(prompt, f":export {path}") == [f"exported 2 results to {path}"]
    assert path.read_text().count("#EXTINF:") == 2
    with pytest.raises(InputError, match=r"exists already; name another file$"):
        prompt.take(f":export {path}")
    with pytest.raises(InputError, match="not exported to a file of this kind"):
        prompt.take(":export hits.txt")


def test_one_thing_after_another(uri: str, typed) -> None:
    prompt = prompt_on(uri)
    red = typed(prompt, "red")
    # Each video is of one colour and one segment, so nothing comes after it.
    (told,) = typed(prompt, ":then green")
    assert told.startswith("nothing found")
    assert str(prompt.search) == "red, then: green"
    typed(prompt, ":within 10")
    assert str(prompt.search.query) == "red, then within 10 s: green"
    typed(prompt, ":undo")
    assert typed(prompt, ":undo") == red


def test_more_like_a_result_and_not_like_it(uri: str, typed) -> None:
    prompt = prompt_on(uri)

    def rank_of(name: str) -> int:
        return next(rank for rank, hit in prompt.shown.items() if Path(hit.path).stem == name)

    assert typed(prompt, "blue")[0] == "blue"
    assert typed(prompt, f":like {rank_of('red')}^3")[0] == "red"
    assert typed(prompt, "green")[0] == "green"
    assert typed(prompt, f":unlike {rank_of('green')}^3")[-1] == "green"


def test_an_error_leaves_everything_as_it_was(uri: str, typed, tmp_path: Path) -> None:
    prompt = prompt_on(uri)
    typed(prompt, "red")
    stood, shown = prompt.search, dict(prompt.shown)
    (tmp_path / "x.png").write_bytes(b"no picture")
    for line, says in (
        (":where nope = 1", "there is no column nope"),
        (":after soon", "--after is 'soon'"),
        (f":image {tmp_path}/none.png", "no such file"),
        (f":image {tmp_path}/x.png", r"x\.png: "),
        (f":video {tmp_path}/none.mp4", "no such file"),
        (":without red", "cancel out"),
        (":open 9", "there is no result 9; shown: 1 to 4"),
        (":nope", "there is no command :nope"),
    ):
        with pytest.raises(FramecueError, match=says):
            prompt.take(line)
        assert (prompt.search, prompt.shown) == (stood, shown)
    with pytest.raises(InputError, match="no search before"):
        prompt_on(uri).take(":undo")
    assert typed(prompt, "blue")[0] == "blue"


def test_filters_may_come_first(uri: str, typed) -> None:
    prompt = prompt_on(uri)
    assert typed(prompt, ":path green*") == ["nothing yet; path green*"]
    assert typed(prompt, "red") == ["green"]
    with pytest.raises(InputError, match="no date"):
        prompt_on(uri).take(":before x")


def test_results_are_opened_also_those_of_earlier_pages(uri: str, typed, tmp_path: Path, monkeypatch) -> None:
    player = tmp_path / "mpv"
    player.write_text(f"#!/bin/sh\necho \"$*\" > '{tmp_path}/opened'\n")
    player.chmod(0o755)
    monkeypatch.setenv("FRAMECUE_PLAYER", str(player))
    prompt = prompt_on(uri, k=1)
    typed(prompt, "red")
    typed(prompt, ":next")
    (told,) = typed(prompt, ":open 1")
    assert told.endswith("red.mp4 at 0:00 with mpv")
    assert (tmp_path / "opened").read_text().strip().endswith("clips/red.mp4")
    prompt.shown[1] = replace(prompt.shown[1], path=str(tmp_path / "gone.mp4"))
    with pytest.raises(FramecueError, match=r"gone\.mp4: no such file"):
        prompt.take(":open 1")


def test_what_is_indexed_meanwhile_is_found(tmp_path: Path, typed, colour_model) -> None:
    uri = colour_library(tmp_path)
    prompt = prompt_on(uri)
    assert "white" not in typed(prompt, "white")
    write_clip(tmp_path / "clips" / "white.mp4", "white")
    Library(uri, model=colour_model).add(tmp_path / "clips")  # a library of its own, as another process has
    assert typed(prompt, "white")[0] == "white"


def test_a_library_that_was_made_anew_with_another_model_is_searched_with_that(tmp_path: Path, typed) -> None:
    uri = colour_library(tmp_path)
    other = ColourEncoder(name="others")
    models = iter([ColourEncoder(), other])
    prompt = prompt_on(uri, lambda: next(models))
    assert typed(prompt, "red")[0] == "red"
    make_again(uri, other)
    assert typed(prompt, "blue")[0] == "blue"
    assert prompt.library.fingerprint.backbone == "others"


def test_the_history_is_switched(uri: str, typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FRAMECUE_HISTORY", str(tmp_path / "h"))
    prompt = prompt_on(uri)
    prompt.is_history_kept = True
    assert typed(prompt, ":history") == ["what is typed is kept"]
    assert typed(prompt, ":history off") == ["what is typed is not kept"]
    assert typed(prompt, ":history on") == ["what is typed is kept"]
    monkeypatch.setenv("FRAMECUE_HISTORY", "off")
    for line in (":history on", ":history x"):
        with pytest.raises(InputError):
            prompt.take(line)


def test_without_a_terminal_there_is_no_prompt(run, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not can_prompt()
    says = "nothing to search for: give TEXT, --with, --image, --video or --queries"
    assert says in run("search", "--library", uri).err
    monkeypatch.setattr("framecue.cli.prompt.can_prompt", lambda: True)
    for options in (("--json",), ("--format", "path"), ("--sheet", "x.png"), ("--open", 1), ("--clip", 1)):
        result = run("search", "--library", uri, *options)
        assert (result.code, says in result.err) == (2, True)


class Interrupted(ColourEncoder):
    """Gets a signal while it encodes the text "blue"."""

    signal_number = signal.SIGINT

    def embed_texts(self, texts: Any) -> Any:
        if "blue" in texts:
            os.kill(os.getpid(), self.signal_number)
            os.kill(os.getpid(), self.signal_number)  # as of a key that is held down
        return super().embed_texts(texts)


def run_with(model: ColourEncoder, uri: str, lines: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the prompt on lines, each of which may be what reading it raises instead."""

    def read() -> str:
        line = lines.pop(0)
        if isinstance(line, BaseException):
            raise line
        return line

    monkeypatch.setattr("framecue.cli.prompt.line_reader", lambda *args, **options: read)
    run_prompt(lambda: Library(uri, model=model), PromptSearch(None, SearchOptions(k=1)))


def test_nothing_but_its_user_ends_it(uri: str, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT)
    lines = [
        KeyboardInterrupt(),
        ":nope",
        "blue",
        ":where 1 +",
        "a word that the model does not know",
        "red",
        EOFError(),
    ]
    run_with(Interrupted(), uri, lines, monkeypatch)
    out, err = capsys.readouterr()
    told = [line for line in err.splitlines() if line][2:]
    assert told[0].startswith("Error: there is no command :nope")
    assert told[1] == "stopped; Ctrl-D ends the prompt"
    assert [line.startswith("Error: ") for line in told[2:]] == [True, True]
    assert (len(told), "red.mp4" in out, "blue.mp4" in out) == (4, True, False)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_request_to_end_ends_it(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Interrupted()
    model.signal_number = signal.SIGTERM
    with requests_to_end(), pytest.raises(TerminatedError):
        run_with(model, uri, ["blue", "red"], monkeypatch)
    with pytest.raises(TerminatedError):
        run_with(model, uri, [TerminatedError(signal.SIGTERM)], monkeypatch)


class Terminal:
    """The program in a terminal of its own."""

    def __init__(self, uri: str, *options: str, **environment: str) -> None:
        import pty

        command, inherited = colour_program("search", "--library", uri, *options)
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**inherited, "TERM": "xterm", "COLUMNS": "200", "LINES": "40", **environment},
            start_new_session=True,
            preexec_fn=_own_terminal,
        )
        os.close(theirs)
        self.seen = ""

    def until(self, text: str, *, seconds: float = 60) -> str:
        """Read until a text is shown, and return what was shown since the last one."""
        import select

        limit = time.monotonic() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self.ours], [], [], max(0.0, limit - time.monotonic()))
            assert ready, f"{text!r} was not shown, but {self.seen!r}"
            try:
                piece = os.read(self.ours, 4096).decode(errors="replace")
            except OSError:  # the other end is closed
                piece = ""
            assert piece, f"{text!r} was not shown, but {self.seen!r}"
            if "\x1b[6n" in piece:  # where is the cursor?
                os.write(self.ours, b"\x1b[1;1R")
            self.seen += piece
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def ended(self) -> int:
        """Read to the end, and return the exit code."""
        while True:
            try:
                if not os.read(self.ours, 4096):
                    break
            except OSError:
                break
        return self.process.wait(30)


def _own_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def terminal(uri: str) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def open_terminal(*options: str, **environment: str) -> Terminal:
        opened.append(Terminal(uri, *options, **environment))
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.process.kill()
        one.process.wait()
        os.close(one.ours)


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal is made otherwise there")
def test_the_program_in_a_terminal(terminal, tmp_path: Path) -> None:
    one = terminal("-k", "2", FRAMECUE_HISTORY=str(tmp_path / "h"), FRAMECUE_CACHE=str(tmp_path / "cache"))
    one.until("4 files")
    one.until("framecue>")
    one.type("red\r")
    assert "rank" in one.until("red.mp4")
    one.until("framecue>")
    one.type(":open x\r")
    one.until("Error: 'x' is no whole number")
    one.until("framecue>")
    one.type("a tex\x03")  # what was begun is dropped
    one.until("framecue>")
    one.type(":path blue*\r")
    one.until("blue.mp4")
    one.until("framecue>")
    one.type("\x04")
    assert one.ended() == 0
    assert len([*(tmp_path / "cache" / "last-searches").iterdir()]) == 1
    kept = (tmp_path / "h").read_text()
    assert [line for line in kept.splitlines() if line.startswith("+")] == ["+red", "+:open x", "+:path blue*"]


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal is made otherwise there")
def test_a_dumb_terminal_and_requests_to_end(terminal) -> None:
    one = terminal(TERM="dumb", FRAMECUE_HISTORY="off")
    one.until("framecue>")
    one.type("red\r")
    one.until("red.mp4")
    one.until("framecue>")
    one.process.send_signal(signal.SIGTERM)
    assert one.ended() == 143


def test_the_prompt_says_first_that_nothing_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    uri = word_library(tmp_path, [f"scene {number}" for number in range(40)]).uri
    prompt = prompt_on(uri, model=WordEncoder, k=2)
    for line, is_poor in (("scene 7", False), ("nothing like it", True), (":next", False)):
        assert prompt.take(line)
        shown = capsys.readouterr().out.splitlines()
        assert (NOTHING_FITS in shown) == is_poor
    assert prompt.take(":min-confidence 0.2")
    assert "less than :min-confidence 20%" in capsys.readouterr().err
    assert prompt.take("scene 7")
    assert capsys.readouterr().out.count(".mp4") == 1
    assert prompt.take(":show")
    assert "min-confidence 0.2" in capsys.readouterr().out
    assert prompt.take(":min-confidence")
    assert prompt.search.settings.min_confidence is None


def test_marks_order_a_search_once_more(uri: str, typed) -> None:
    prompt = prompt_on(uri)
    red = typed(prompt, "red")
    found = [line for line in typed(prompt, f":wrong {red.index('red') + 1}") if line in red]
    assert sorted(found) == sorted(set(red) - {"red"})
    assert typed(prompt, ":undo") == red
    assert typed(prompt, "red") == red


def test_what_is_shown_is_kept_for_its_numbers_unless_that_is_off(
    uri: str, typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMECUE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FRAMECUE_HISTORY")
    prompt = prompt_on(uri, k=2)
    typed(prompt, "red")
    assert not (tmp_path / "cache").exists()
    prompt.is_history_kept = True
    typed(prompt, "red")
    typed(prompt, ":next")
    assert list(last_search(uri).hits) == [1, 2, 3, 4]
    prompt.is_history_kept = False
    typed(prompt, "green")
    assert last_search(uri).query == "red"


def test_a_name_is_taught_and_understood(taught_uri: str, typed) -> None:
    prompt = prompt_on(taught_uri, model=NamingColours)
    with pytest.raises(InputError, match="there are no results yet"):
        prompt.take(":teach Rex 1")
    green = typed(prompt, "green")
    told = typed(prompt, ':teach "Rex" 1 unlike 4 is plant')
    assert told[0].startswith("taught Rex from 1 example; ")
    assert told[-1] == "search with it: Rex"
    assert prompt.search.query == Query.parse("green")
    assert typed(prompt, "rex")[0] == green[0]
    assert ["Rex", "plant", "unknown"] in [line.split()[:3] for line in shown(prompt, ":names")]
    for line, says in ((":teach dog 1", "is an ordinary word"), (":teach Rex", "no name with results behind it")):
        with pytest.raises(InputError, match=says):
            prompt.take(line)


def test_a_name_is_taught_with_texts_and_forgotten(taught_uri: str, typed) -> None:
    prompt = prompt_on(taught_uri, model=NamingColours)
    typed(prompt, "green")
    with pytest.raises(InputError, match=r"there are 2 texts behind shows, and 1 result before; give one for each"):
        prompt.take(":teach Rex 1 shows 'Rex swims' 'Rex runs'")
    typed(prompt, ":teach Rex 1,2 shows 'Rex swims' ''")
    typed(prompt, ":teach old Rex 3")
    kept = Store.open(taught_uri).names.find("Rex")
    assert kept is not None
    assert [example.texts for example in kept.examples] == [("{} swims",), ()]
    with pytest.raises(AbsentError, match=r"was not taught 'Max'; its names: old Rex, Rex"):
        prompt.take(":forget Max")
    assert typed(prompt, ":forget rex") == ["forgot rex"]
    assert typed(prompt, ':forget "old Rex"') == ["forgot old Rex"]
    assert prompt.library.taught_names() == []
    with pytest.raises(InputError, match=":forget takes NAME"):
        prompt.take(":forget")


def shown(prompt: Prompt, line: str) -> list[str]:
    out = io.StringIO()
    with redirect_stdout(out):
        assert prompt.take(line)
    return out.getvalue().splitlines()


@pytest.fixture
def taught_uri(tmp_path: Path) -> str:
    library = Library(str(tmp_path / "videos.lance"), model=NamingColours())
    library.add([write_clip(tmp_path / f"{name}.mp4", name) for name in ("red", "green", "blue", "yellow")])
    return library.uri
