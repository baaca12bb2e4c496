"""The options of a command that listens: who may ask it, and whether whoever does may change anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = ["access_options", "teach_option"]

Command = TypeVar("Command", bound=Callable[..., Any])


def access_options(*, only_with: str | None = None) -> Callable[[Command], Command]:
    """Return what adds --token, --no-token and --allow-host to a command, as ``token``, ``is_open``, ``allowed_hosts``.

    Args:
        only_with: the option with which alone they mean anything; None where they always do.
    """

    def told(text: str) -> str:
        return text if only_with is None else f"With {only_with}: {text[0].lower()}{text[1:]}"

    options = (
        click.option(
            "--token",
            envvar="FRAMECUE_TOKEN",
            metavar="TOKEN",
            help=told("What requests have to bring, 16 characters or more.  [default: FRAMECUE_TOKEN]"),
        ),
        click.option(
            "--no-token", "is_open", is_flag=True, help=told("Let in everybody who can reach another --host.")
        ),
        click.option(
            "--allow-host",
            "allowed_hosts",
            multiple=True,
            metavar="NAME",
            help=told("A name by which the server may be asked, such as that of a proxy before it."),
        ),
    )

    def add(command: Command) -> Command:
        # Added last to first, so that --help lists them in this order.
        for option in reversed(options):
            command = option(command)
        return command

    return add


def teach_option(whose: str) -> Callable[[Command], Command]:
    """Return what adds --allow-teach to a command, as ``allow_teach``.

    Args:
        whose: who may teach then, as the subject of a sentence.
    """
    return click.option(
        "--allow-teach",
        is_flag=True,
        help=f"{whose} may teach the libraries names, and rename and forget them; all else only reads.",
    )
