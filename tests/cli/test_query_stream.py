from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest

from framecue.cli import query_stream
from framecue.cli.query_stream import answer_stream
from framecue.errors import InputError, VideoError
from framecue.library import Library, SearchOptions
from support.colour_program import colour_library, colour_program
from support.colours import ColourEncoder


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return colour_library(tmp_path_factory.mktemp("stream"))


@pytest.fixture
def ask(run, uri: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setattr("framecue.cli.search.library_model", lambda library, **_: ColourEncoder())

    def ask(content: bytes, *options: object) -> Any:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        return run("search", "--queries", "-", "--format", "jsonl", "--library", uri, *options)

    return ask


def documents(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_line_is_answered_before_the_next_one_is_written_and_a_reader_that_goes_ends_it_quietly(uri: str) -> None:
    command, environment = colour_program("search", "--queries", "-", "--format", "jsonl", "-k", 2, "-l", uri)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        for number, colour in enumerate(("red", "green", "blue"), start=1):
            process.stdin.write(f"{colour}\n")
            process.stdin.flush()
            first = json.loads(process.stdout.readline())
            assert (first["query"], first["line"], first["of"], first["rank"]) == (colour, number, 2, 1)
            assert Path(first["path"]).name == f"{colour}.mp4"
            assert json.loads(process.stdout.readline())["rank"] == 2
        process.stdout.close()
        process.stdin.write("red\n")
        process.stdin.flush()
        assert process.wait(60) == 1
        assert process.stderr.read() == ""


def test_a_hit_has_what_it_has_elsewhere(ask, run, uri: str) -> None:
    first, second = documents(ask(b'red\n{"text": "green", "without": "red"}', "-k", 1).out)
    assert list(first)[:4] == ["query", "line", "of", "rank"]
    assert (second["query"], second["line"], second["of"]) == ("green, without red", 2, 1)
    (plain,) = json.loads(run("search", "red", "-k", 1, "--library", uri, "--json").out)["results"]
    assert first == {"query": "red", "line": 1, "of": 1, **plain}


def test_what_finds_nothing_has_a_line_too(ask) -> None:
    result = ask(b"red\nblue\n", "--path", "blue*")
    assert [(item["line"], item["of"]) for item in documents(result.out)] == [(1, 1), (2, 1)]
    result = ask(b"red\n", "--path", "none")
    assert (result.code, documents(result.out)) == (0, [{"query": "red", "line": 1, "of": 0}])


def test_lines_that_cannot_be_answered_are_named_and_the_others_answered(ask, tmp_path: Path) -> None:
    picture = json.dumps({"image": str(tmp_path / "none.png")}).encode()
    lines = [b"\xef\xbb\xbfred", b"", b"{'text': 1}", b"h\xe4user", picture, b"x" * 500_000, b'{"at": 3}', b"  blue \r"]
    result = ask(b"\n".join(lines) + b"\n", "-k", 1)
    assert result.code == 1
    found = documents(result.out)
    assert [item["line"] for item in found] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [item["line"] for item in found if "error" not in item] == [1, 8]
    assert (found[0]["query"], found[7]["query"]) == ("red", "blue")
    for number, says in (
        (2, "the line is empty"),
        (3, "starts as JSON, but is none"),
        (4, "not text in UTF-8"),
        (5, "none.png: no such file"),
        (6, "more than 100000 characters"),
        (7, "--at is the moment of a video"),
    ):
        assert says in found[number - 1]["error"]
        (told,) = [line for line in result.err.splitlines() if line.startswith(f"standard input, line {number}: ")]
        assert says in told
    assert result.err.endswith("Error: 5 lines of standard input could not be answered; see above\n")


def test_an_empty_line_alone_is_no_failure(ask) -> None:
    result = ask(b"red\n\n", "-k", 1)
    assert (result.code, result.err) == (0, "standard input, line 2: the line is empty\n")
    assert documents(result.out)[1] == {"line": 2, "error": "the line is empty"}


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_no_query_at_all(ask, content: bytes) -> None:
    result = ask(content)
    assert (result.code, result.err.splitlines()[-1]) == (1, "Error: -: has no query; write one a line")


def test_no_text_beside_it(ask) -> None:
    result = ask(b"red\n", "blue")
    assert (result.code, "leave out TEXT" in result.err) == (2, True)


class Pieces(io.BytesIO):
    """Gives what was written to it in the pieces in which it came."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__()
        self.pieces = list(pieces)

    def read1(self, size: int | None = -1) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


class Asked:
    """Stands for a library: notes which queries come together, and fails at one of them."""

    def __init__(self, bad: str = "") -> None:
        self.batches: list[list[str]] = []
        self.bad = bad

    def search_many(self, queries: Any, *, options: SearchOptions) -> list[list[Any]]:
        texts = [str(query) for query in queries]
        self.batches.append(texts)
        if self.bad in texts:
            raise VideoError("x.png", "cannot be read")
        return [[] for _ in texts]


def answered(library: Asked, source: IO[bytes]) -> None:
    answer_stream(library, source, SearchOptions())  # type: ignore[arg-type]


def test_lines_that_come_together_are_searched_for_together(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_stream, "_LINES_PER_SEARCH", 3)
    library = Asked()
    answered(library, Pieces(b"a\nb", b"c", b"\n", b"d\ne\nf\ng\nh"))
    assert library.batches == [["a"], ["bc"], ["d", "e", "f"], ["g"], ["h"]]
    assert [item["query"] for item in documents(capsys.readouterr().out)] == ["a", "bc", "d", "e", "f", "g", "h"]


def test_one_that_fails_among_them_costs_itself_alone(capsys) -> None:
    library = Asked(bad="b")
    with pytest.raises(InputError, match="1 line of standard input"):
        answered(library, Pieces(b"a\nb\nc\n"))
    assert library.batches == [["a", "b", "c"], ["a"], ["b"], ["c"]]
    assert ["error" in item for item in documents(capsys.readouterr().out)] == [False, True, False]


def test_what_is_indexed_meanwhile_is_found_by_the_next_line(clips: Path, colour_model, tmp_path: Path, capsys) -> None:
    """The source itself indexes more before it gives its second line, with a library of its own as a process has."""
    uri = str(tmp_path / "l.lance")
    Library(uri, model=colour_model).add(clips / "more")

    class Source(Pieces):
        def read1(self, size: int | None = -1) -> bytes:
            if len(self.pieces) == 1:
                Library(uri, model=colour_model).add(clips)
            return super().read1(size)

    answer_stream(Library(uri, model=colour_model), Source(b"red\n", b"red\n"), SearchOptions(k=1))
    names = [Path(item["path"]).name for item in documents(capsys.readouterr().out)]
    assert names == ["yellow.mp4", "red.mp4"]
