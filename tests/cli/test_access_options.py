from __future__ import annotations

import click
from click.testing import CliRunner

from framecue.cli.access_options import access_options


def command(**options: str) -> click.Command:
    @click.command()
    @access_options(**options)
    def listening(token: str | None, is_open: bool, allowed_hosts: tuple[str, ...]) -> None:
        click.echo(f"{token} {is_open} {' '.join(allowed_hosts)}")

    return listening


def test_who_may_ask_is_told() -> None:
    asked = CliRunner().invoke(command(), ["--allow-host", "a", "--no-token", "--allow-host", "b"])
    assert asked.output == "None True a b\n"
    by_variable = CliRunner().invoke(command(), [], env={"FRAMECUE_TOKEN": "0123456789abcdef"})
    assert by_variable.output == "0123456789abcdef False \n"


def test_help_lists_them_in_order_and_says_what_they_are_for() -> None:
    plain = CliRunner().invoke(command(), ["--help"]).output
    assert plain.index("--token") < plain.index("--no-token") < plain.index("--allow-host")
    assert "What requests have to bring" in plain
    under = CliRunner().invoke(command(only_with="--http"), ["--help"]).output
    assert under.count("With --http:") == 3
    assert "With --http: what requests have to bring" in " ".join(under.split())
