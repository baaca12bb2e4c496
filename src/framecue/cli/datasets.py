"""``framecue datasets``: what is done with data sets of video files. Each command is a file of its own."""

from __future__ import annotations

import importlib

import click

__all__ = ["COMMANDS", "datasets"]

COMMANDS = {
    "prepare": ("framecue.cli.datasets_prepare:prepare", "Decode a data set's videos once, into a store of frames."),
}
"""The commands: where each is defined, and its line in the list."""


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are used, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, short_help) for name, (_, short_help) in COMMANDS.items()])


@click.group(cls=_LazyGroup)
def datasets() -> None:
    """Work with the data sets that people train and evaluate on."""
