from __future__ import annotations

import click
import pytest

from framecue.cli.text_command import TextCommand

SAYS = r"; a TEXT that begins with a dash goes after a --, behind all options$"


@click.command(cls=TextCommand)
@click.argument("text", required=False)
@click.option("-k", type=int)
@click.option("--like", is_flag=True)
def command(text: str | None, **_: object) -> str | None:
    """Take a text."""
    return text


def given(*args: str) -> object:
    return command.main([*args], standalone_mode=False)


@pytest.mark.parametrize("text", ["-> a cake", "--> a", "-5 degrees", "->", "- a", "--like this"])
def test_a_text_that_begins_with_a_dash_goes_after_two(text: str) -> None:
    with pytest.raises(click.UsageError, match=SAYS):
        given(text)
    assert given("-k", "3", "--", text) == text


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(click.NoSuchOption, match="No such option '--liek'"):
        given("--liek", "-> a cake")
    with pytest.raises(click.UsageError, match="TEXT is one argument"):
        given("a", "cake")
