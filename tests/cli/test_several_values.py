from __future__ import annotations

from typing import ClassVar

import click
import pytest
from click.testing import CliRunner

from framecue.cli.several_values import SeveralValuesCommand, spread


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Rex --like a b c --unlike d e", "Rex --like a --like b --like c --unlike d --unlike e"),
        ("--like a b --json Rex", "--like a --like b --json Rex"),
        ("Rex --like=a b", "Rex --like=a --like b"),
        ("Rex --like a --like b", "Rex --like a --like b"),
        ("Rex --like - -y", "Rex --like - -y"),
        ("Rex --like a -", "Rex --like a --like -"),
        ("Rex --is dog x", "Rex --is dog x"),
        ("Rex --like a -- -b c", "Rex --like a -- -b c"),
        ("Rex --like", "Rex --like"),
    ],
)
def test_values_behind_one_another(typed: str, meant: str) -> None:
    assert spread(typed.split(), ("--like", "--unlike")) == meant.split()


def test_a_command_takes_them() -> None:
    class Several(SeveralValuesCommand):
        several: ClassVar[dict[str, str]] = {"--like": "give a picture"}

    @click.command(cls=Several)
    @click.argument("name")
    @click.option("--like", multiple=True)
    def command(name: str, like: tuple[str, ...]) -> None:
        click.echo(f"{name}: {'; '.join(like)}")

    run = CliRunner().invoke
    assert run(command, ["Rex", "--like", "a b", "c"]).output == "Rex: a b; c\n"
    # A word too many has the error of any command on a library.
    assert "put several words in quotes" in run(command, ["Old", "Rex", "--like", "a"]).output
    # The next option is no value, but a file may be called as it likes behind an equals sign.
    for words in (["Rex", "--like"], ["Rex", "--like", "--json"], ["--like", "--like", "a", "Rex"]):
        assert "--like has nothing behind it; give a picture" in run(command, words).output
    assert run(command, ["Rex", "--like=--json"]).output == "Rex: --json\n"
    assert run(command, ["--like=a", "--", "--like"]).output == "--like: a\n"
