from __future__ import annotations

import shlex

import click
import pytest

from framecue.cli.text_command import TextCommand
from framecue.errors import InputError

SAYS = r"; a TEXT that begins with a dash goes after a --, behind all options$"


@click.command(cls=TextCommand)
@click.argument("text", required=False)
@click.option("-k", type=int)
@click.option("-l", "--library")
@click.option("-s", "is_short", is_flag=True)
@click.option("--like", is_flag=True)
def command(text: str | None, **_: object) -> str | None:
    """Take a text."""
    if text is None:
        raise click.UsageError("nothing to search for")
    return text


def given(*args: str) -> object:
    return command.main([*args], standalone_mode=False)


@pytest.mark.parametrize("text", ["-5 degrees", "- a", "--like this"])
def test_a_text_that_begins_with_a_dash_goes_after_two(text: str) -> None:
    with pytest.raises(click.UsageError, match=SAYS):
        given(text)
    assert given("-k", "3", "--", text) == text


@pytest.mark.parametrize("text", ["-> a cake", "--> a", "->"])
def test_an_order_that_lacks_its_first_half_is_a_wrong_text_wherever_it_stands(text: str) -> None:
    with pytest.raises(InputError, match=r"empty; say what comes first.*" + SAYS):
        given(text)
    assert given("-k", "3", "--", text) == text


@pytest.mark.parametrize(
    ("text", "is_wrong"),
    [
        ("-kitchen", "Invalid value for '-k': 'itchen' is not a valid integer"),
        ("-beach", "No such option '-b'"),
        ("-sea", "No such option '-e'"),
        ("-40", "No such option '-4'"),
        ("-5", "No such option '-5'"),
        ("-3d", "No such option '-3'"),
        ("-猫", "No such option '-猫'"),
        ("-lake", "nothing to search for"),
    ],
)
def test_a_word_that_begins_with_a_dash_is_told_how_to_be_written(text: str, is_wrong: str) -> None:
    for args in ([text], ["--like", text]):
        with pytest.raises(click.UsageError) as failure:
            given(*args)
        told = failure.value.format_message()
        assert told.startswith(is_wrong)
        assert ".;" not in told
        assert told.endswith(f"; if '{text}' is the TEXT, write -- {shlex.quote(text)}, behind all options")
    assert given("--", text) == text


@pytest.mark.parametrize("args", [["-k", "itchen"], ["-k5x"], ["--", "-kitchen", "-s"]])
def test_where_no_text_was_taken_for_an_option_none_is_spoken_of(args: list[str]) -> None:
    with pytest.raises(click.UsageError) as failure:
        given(*args)
    assert "is the TEXT" not in failure.value.format_message()


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(click.NoSuchOption, match="No such option '--liek'"):
        given("--liek", "-> a cake")
    with pytest.raises(click.UsageError, match="TEXT is one argument"):
        given("a", "cake")
