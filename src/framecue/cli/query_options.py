"""Queries and filters from options of the command line and from lines of a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from framecue.errors import InputError
from framecue.times import parse_time

if TYPE_CHECKING:
    from framecue.library import Filters
    from framecue.library.search.told_query import LabelledQuery

__all__ = [
    "LONGEST_LINE",
    "filter_options",
    "query_options",
    "read_filters",
    "read_query",
    "read_query_file",
    "read_query_line",
]

Command = TypeVar("Command", bound=Callable[..., Any])

_QUERY_OPTIONS = ("text", "with_texts", "without_texts", "images", "videos", "moments", "then_texts", "within")
# The keys in a line of JSON, and the options that they stand for.
_LINE_KEYS = dict(
    zip(("text", "with", "without", "image", "video", "at", "then", "within"), _QUERY_OPTIONS, strict=True)
)

LONGEST_LINE = 100_000
"""How many characters a line of a file of queries may have: several texts, each as long as a text may be."""
_LONGEST_SHOWN = 80


class TimeType(click.ParamType):  # type: ignore[type-arg]  # click before 8.4 has no types for it
    """A time or a length: seconds, or 1m30s, or m:ss, or h:mm:ss."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds."""
        if isinstance(value, float):
            return value
        try:
            return parse_time(value)
        except InputError as error:
            self.fail(str(error), param, ctx)


def query_options(command: Command) -> Command:
    """Add the options of a query other than its text to a command: --with, --without, --image, --video, --then."""
    options = (
        click.option("--with", "with_texts", metavar="TEXT^WEIGHT", multiple=True, help="What to find besides TEXT."),
        click.option(
            "--without", "without_texts", metavar="TEXT^WEIGHT", multiple=True, help="What to search away from."
        ),
        click.option("--image", "images", metavar="FILE", multiple=True, help="A picture of what to find."),
        click.option("--video", "videos", metavar="FILE", multiple=True, help="A video like those to find."),
        click.option(
            "--at",
            "moments",
            metavar="TIME",
            multiple=True,
            type=TimeType(),
            help="The moment of the video to search with: 12.5, or 1:02:12.",
        ),
        click.option(
            "--then", "then_texts", metavar="TEXT", multiple=True, help="What comes after it in the same video."
        ),
        click.option(
            "--within",
            metavar="TIME",
            type=TimeType(),
            help="How soon after it at most: 30, 30s, 1m30s, or 1:30; else at any time.",
        ),
    )
    return _with_options(command, options)


def filter_options(command: Command) -> Command:
    """Add the filters for the videos that are searched to a command."""
    options = (
        click.option("--folder", metavar="FOLDER", help="Only videos below this folder."),
        click.option("--path", "path", metavar="GLOB", help="Only files, or folders, of this name or path."),
        click.option("--longer-than", metavar="TIME", type=TimeType(), help="Only videos that last longer."),
        click.option("--shorter-than", metavar="TIME", type=TimeType(), help="Only videos that last less long."),
        click.option("--after", metavar="DATE", help="Only what was recorded on this day or later: 2024-05-31."),
        click.option("--before", metavar="DATE", help="Only what was recorded before this day."),
        click.option("--kind", type=click.Choice(["video", "image"]), help="Only videos, or only pictures."),
        click.option("--where", metavar="SQL", help="Only rows for which this holds: 'end_seconds < 60'."),
    )
    return _with_options(command, options)


def read_query(options: Mapping[str, Any]) -> LabelledQuery | None:
    """Return the query made of the text and the options of :func:`query_options`; None if none of them is given.

    Raises:
        click.UsageError: there are moments without videos, or times between things that do not follow each other.
        InputError: the query is empty, or a weight makes no sense.
    """
    given = {name: options.get(name) for name in _QUERY_OPTIONS}
    if all(value is None or value == () for value in given.values()):
        return None
    if given["moments"] and len(given["moments"]) != len(given["videos"] or ()):
        raise click.UsageError("--at is the moment of a video: give one for each --video, in the same order")
    then_texts, within = given.pop("then_texts") or (), given.pop("within")
    if within is not None and not then_texts:
        raise click.UsageError("--within is how soon --then comes: give what comes then, or leave it out")
    for text in then_texts:
        if not text.strip():
            raise InputError("--then is empty; say what comes after the first, as in --then 'an octopus grows'")
    return _told(**given, then_texts=then_texts, within_seconds=within)


def _told(
    text: str | None = None,
    with_texts: Sequence[str] | None = (),
    without_texts: Sequence[str] | None = (),
    images: Sequence[str] | None = (),
    videos: Sequence[str] | None = (),
    moments: Sequence[float] | None = (),
    then_texts: Sequence[str] = (),
    within_seconds: float | None = None,
) -> LabelledQuery:
    from framecue.library import VideoMoment
    from framecue.library.search.told_query import ToldQuery

    times: Sequence[float | None] = moments or [None] * len(videos or ())
    return ToldQuery(
        text=text,
        with_texts=with_texts or (),
        without_texts=without_texts or (),
        images=images or (),
        videos=[VideoMoment(path, moment) for path, moment in zip(videos or (), times, strict=True)],
        then_texts=then_texts,
        within_seconds=within_seconds,
        away="--without",
    ).labelled()


def read_filters(options: Mapping[str, Any]) -> Filters | None:
    """Return the filters made of the options of :func:`filter_options`; None if none of them is given.

    Raises:
        InputError: a value makes no sense.
    """
    from framecue.cli.nothing_found import option_of
    from framecue.library import Filters

    try:
        filters = Filters(
            folder=options["folder"],
            path=options["path"],
            longer_than_seconds=options["longer_than"],
            shorter_than_seconds=options["shorter_than"],
            after=options["after"],
            before=options["before"],
            kind=options["kind"],
            where=options["where"],
        )
    except InputError as error:
        # Python's name for it is none that a person has typed.
        name, is_about, rest = str(error).partition(" is ")
        known = {item.name for item in fields(Filters)}
        raise InputError(f"{option_of(name)} is {rest}") if is_about and name in known else error from None
    return None if filters == Filters() else filters


def read_query_file(name: str) -> list[LabelledQuery]:
    """Read a file of queries: each line is a text, or JSON with keys such as text, with, without, image, video, then.

    Args:
        name: the file; ``-`` for standard input.

    Raises:
        InputError: the file cannot be read, has no query, or a line makes no sense.
    """
    try:
        if name == "-":
            content = sys.stdin.buffer.read().decode("utf-8-sig")
        else:
            content = Path(name).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror}); --queries takes a file of queries") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: is not text in UTF-8 ({error.reason} at byte {error.start})") from error
    queries = []
    for number, line in enumerate(content.split("\n"), start=1):
        if line.strip():
            try:
                queries.append(read_query_line(line.strip()))
            except InputError as error:
                raise InputError(f"{name}, line {number}: {error}") from error
    if not queries:
        raise InputError(f"{name}: has no query; write one a line")
    return queries


def read_query_line(line: str) -> LabelledQuery:
    """Return the query of one line of a file of queries, without the spaces around it; see :func:`read_query_file`.

    Raises:
        InputError: the line makes no sense.
    """
    if len(line) > LONGEST_LINE:
        raise InputError(f"has {len(line)} characters; a line has at most {LONGEST_LINE}")
    try:
        return _read_short_line(line)
    except click.UsageError as error:
        raise InputError(error.message) from error
    except RecursionError as error:  # JSON in JSON, thousands deep
        raise InputError("starts as JSON, but is none that can be read (it is too deep)") from error


def _read_short_line(line: str) -> LabelledQuery:
    if not line.startswith(("{", '"')):
        return _told(line)
    try:
        content = json.loads(line)
    except ValueError as error:
        if line.startswith('"'):  # a text that begins with a quotation mark
            return _told(line)
        raise InputError(f"starts as JSON, but is none ({error})") from error
    if isinstance(content, str):
        return _told(content)
    options: dict[str, Any] = {}
    for key, value in content.items():
        if key not in _LINE_KEYS:
            raise InputError(f"unknown key {key[:_LONGEST_SHOWN]!r}; known: {', '.join(_LINE_KEYS)}")
        values = value if isinstance(value, list) and key != "text" else [value]
        if key == "within":
            options["within"] = _moment(value)
        elif key == "at":
            options["moments"] = [_moment(item) for item in values]
        elif all(isinstance(item, str) for item in values):
            options[_LINE_KEYS[key]] = values if key != "text" else value
        else:
            kinds = f"a text{'' if key == 'text' else ', or a list of them'}"
            raise InputError(f"{key} is {repr(value)[:_LONGEST_SHOWN]}; it must be {kinds}")
    several = {name: tuple(values) for name, values in options.items() if name not in ("text", "within")}
    query = read_query({**options, **several})
    if query is None:
        raise InputError("the query is empty; describe in words what the video shows")
    return query


def _moment(value: Any) -> float:
    return parse_time(value if isinstance(value, str) else json.dumps(value))


def _with_options(command: Command, options: Sequence[Callable[[Command], Command]]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
