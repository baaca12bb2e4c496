from __future__ import annotations

import click
import pytest

from framecue.cli.prompt_commands import COMMANDS, FILTERS, Typed, help_lines, parse_typed
from framecue.cli.query_options import filter_options
from framecue.errors import InputError


@pytest.mark.parametrize(
    ("line", "typed"),
    [
        ("", None),
        ("   ", None),
        ("  a dog: catches  ", Typed("search", "a dog: catches")),
        ("anna's birthday", Typed("search", "anna's birthday")),
        ("next", Typed("search", "next")),
        ("help me", Typed("search", "help me")),
        ("/dev/null", Typed("search", "/dev/null")),
        ("HELP", Typed("help", "")),
        ("?", Typed("help", "")),
        ("exit", Typed("quit", "")),
        (":search quit", Typed("search", "quit")),
        (":n", Typed("next", "")),
        (": next ", Typed("next", "")),
        (":o 3", Typed("open", "3")),
        (":open   3 ", Typed("open", "3")),
        (":lik 2^0.5", Typed("like", "2^0.5")),
        (":without people^2", Typed("without", "people^2")),
        (":folder ~/my videos/x", Typed("folder", "~/my videos/x")),
        (":folder", Typed("folder", "")),
        (":hybrid", Typed("hybrid", "")),
        (":min-score", Typed("min-score", "")),
        (":q", Typed("quit", "")),
        (":exit", Typed("quit", "")),
    ],
)
def test_lines(line: str, typed: Typed | None) -> None:
    assert parse_typed(line) == typed


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (":", "there is no command :"),
        (":nope", "there is no command :nope"),
        (":wit red", "did you mean :with or :without"),
        (":opne 1", "did you mean :open"),
        (":next 3", ":next takes nothing after it, and '3' is there"),
        (":open", ":open takes N: open result N in a player"),
        (":with", r":with takes TEXT\^WEIGHT"),
    ],
)
def test_what_is_no_command_says_what_is(line: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        parse_typed(line)


def test_the_help_has_every_command_in_a_line() -> None:
    lines = help_lines()
    assert len(lines) == len(COMMANDS) + 2
    for name, command in COMMANDS.items():
        (line,) = [line for line in lines if line.split(",")[0].split(" ")[0] == f":{name}"]
        assert line.endswith(command.does)
    assert max(map(len, lines[:-1])) <= 100


def test_short_names_are_no_others_names() -> None:
    short = [command.short for command in COMMANDS.values() if command.short]
    assert len(set(short)) == len(short)
    assert not set(short) & COMMANDS.keys()


def test_every_filter_of_the_command_line_is_one_here() -> None:
    options = {option for param in filter_options(click.command()(lambda: None)).params for option in param.opts}
    assert {f"--{name}" for name in FILTERS} == options
