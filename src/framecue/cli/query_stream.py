"""``framecue search --queries - --format jsonl``: each line of standard input is answered as it comes.

So another program can keep a search running, ask when it likes, and read each answer before it asks again. Lines that
have come together are encoded together. A line that cannot be answered costs that line alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import click

from framecue.cli.output import folded, log
from framecue.cli.query_options import LONGEST_LINE, read_query_line
from framecue.counts import counted
from framecue.errors import FramecueError, InputError

if TYPE_CHECKING:
    from framecue.library import Hit, Library, SearchOptions
    from framecue.library.search.told_query import LabelledQuery

__all__ = ["answer_stream"]

# What comes at once is read at once; a line that is not whole yet waits for its rest.
_CHUNK_BYTES = 1 << 16
# No character of UTF-8 takes more bytes.
_LONGEST_BYTES = 4 * LONGEST_LINE
_LINES_PER_SEARCH = 256


@dataclass(frozen=True)
class _Line:
    """A line that has come.

    Attributes:
        number: counted from 1.
        query: what it asks for; None if that cannot be told.
        problem: why not; None if the line has only spaces, or a query.
    """

    number: int
    query: LabelledQuery | None = None
    problem: str | None = None


def answer_stream(library: Library, source: IO[bytes], options: SearchOptions) -> None:
    """Search for each line of a stream, and write the answer as lines of JSON before the next line is waited for.

    Each hit is a line with ``query``, ``line`` (the number of the query's line), ``of`` (how many hits there are for
    it) and what ``--json`` has of a hit. A query that finds nothing gives one line with ``of`` 0, and a line that
    cannot be answered one with ``line`` and ``error``, which is said on standard error too.

    Args:
        library: has a model.
        source: gives bytes as they come, see ``io.BufferedIOBase.read1``.
        options: which results.

    Raises:
        InputError: there was no query at all, or some lines could not be answered; the others were.
    """
    num_queries = num_failed = 0
    for lines in _lines(source):
        for start in range(0, len(lines), _LINES_PER_SEARCH):
            some = lines[start : start + _LINES_PER_SEARCH]
            asked = [(line.number, line.query) for line in some if line.query is not None]
            found = _search(library, [query for _, query in asked], options)
            answers = {number: answer for (number, _), answer in zip(asked, found, strict=True)}
            num_queries += len(asked)
            num_failed += sum(_write(line, answers.get(line.number)) for line in some)
    if num_failed:
        raise InputError(f"{counted(num_failed, 'line')} of standard input could not be answered; see above")
    if not num_queries:
        raise InputError("-: has no query; write one a line")


def _lines(source: IO[bytes]) -> Iterator[list[_Line]]:
    """Yield the lines that have come, several where they came together."""
    number = 0
    for raw in _raw_lines(source):
        yield [_line(number + place, line) for place, line in enumerate(raw, start=1)]
        number += len(raw)


def _raw_lines(source: IO[bytes]) -> Iterator[list[bytes]]:
    rest = b""
    while chunk := source.read1(_CHUNK_BYTES):  # type: ignore[attr-defined]  # every buffered stream has it
        *lines, rest = (rest + chunk).split(b"\n")
        # What is too long is only told, so its end need not be kept.
        rest = rest[: _LONGEST_BYTES + 1]
        if lines:
            yield lines
    if rest:
        yield [rest]


def _line(number: int, raw: bytes) -> _Line:
    if len(raw) > _LONGEST_BYTES:
        return _Line(number, problem=f"it has more than {LONGEST_LINE} characters, which a line may have")
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        return _Line(number, read_query_line(text) if text else None)
    except UnicodeDecodeError as error:
        return _Line(number, problem=f"it is not text in UTF-8 ({error.reason} at byte {error.start})")
    except InputError as error:
        return _Line(number, problem=str(error))


def _search(
    library: Library, queries: Sequence[LabelledQuery], options: SearchOptions
) -> list[Sequence[Hit] | FramecueError]:
    """Return the hits of each query, or why there are none."""
    if not queries:
        return []
    try:
        return [*library.search_many([item.query for item in queries], options=options)]
    except FramecueError as error:
        if len(queries) == 1:
            return [error]
    # One of them fails, such as a picture that is not there: each by itself.
    return [answer for query in queries for answer in _search(library, [query], options)]


def _write(line: _Line, answer: Sequence[Hit] | FramecueError | None) -> bool:
    """Write the answer to one line, and return whether there is none for which somebody is to blame."""
    is_empty = line.query is None and line.problem is None
    problem = "the line is empty" if is_empty else line.problem
    if isinstance(answer, FramecueError):
        problem = str(answer)
    if problem is not None:
        log(f"standard input, line {line.number}: {folded(problem)}")
        _print({"line": line.number, "error": problem})
        return not is_empty
    assert line.query is not None
    assert not isinstance(answer, FramecueError)
    hits = answer or ()
    head = {"query": line.query.label, "line": line.number, "of": len(hits)}
    _print(*({**head, **hit.to_dict()} for hit in hits), *([] if hits else [head]))
    return False


def _print(*documents: dict[str, Any]) -> None:
    # click writes a text at once, and through to the other end of a pipe.
    click.echo("\n".join(json.dumps(document, allow_nan=False) for document in documents))
