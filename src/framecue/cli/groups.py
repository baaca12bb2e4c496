"""Groups of commands: a table of where each is defined, so that listing them imports none of them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

import click

__all__ = ["Entry", "LazyGroup"]


class Entry(NamedTuple):
    """Where a command is defined, and its line in the list of commands."""

    target: str
    short_help: str


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used, not when they are listed.

    Args:
        entries: its commands by name.
        parameters: those of `click.Group`.
    """

    def __init__(self, *args: Any, entries: Mapping[str, Entry], **parameters: Any) -> None:
        super().__init__(*args, **parameters)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command and return it; None if there is no such command."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        module, _, name = entry.target.partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that the arguments name.

        Raises:
            click.UsageError: the usage is wrong; it says of which command, also where the parser leaves that out.
        """
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            name = ctx.invoked_subcommand
            if error.ctx is None and name is not None and (command := self.get_command(ctx, name)) is not None:
                error.ctx = click.Context(command, parent=ctx, info_name=name)
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.short_help) for name, entry in self.entries.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name; the error for an unknown one suggests the nearest names."""
        name = args[0]
        if name not in self.entries and not name.startswith("-"):
            # A slip seldom changes the first letter.
            near = sorted(get_close_matches(name, self.entries, n=4), key=lambda each: each[0] != name[0])[:2]
            meant = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(self.entries)}"
            raise click.UsageError(f"unknown command {name!r}; {meant}", ctx)
        return super().resolve_command(ctx, args)
