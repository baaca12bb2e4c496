"""A command that takes a text, and says how one is given that a shell's user can easily give wrongly."""

from __future__ import annotations

import re

import click

from framecue.cli.library_place import LibraryCommand
from framecue.library.search.in_order import lacking_half

__all__ = ["TextCommand"]

# What could be the name of an option; a text that begins with a dash has other signs, or spaces.
_IS_OPTION = re.compile(r"-{1,2}\w[\w-]*(?:=.*)?", re.DOTALL)


class TextCommand(LibraryCommand):
    """A command that takes a text, whose error for one that was taken for an option names the way out."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments.

        Raises:
            click.UsageError: the usage is wrong.
        """
        given = [*args]
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            name = error.option_name
            text = next((one for one in given if one.startswith(name) and not _IS_OPTION.fullmatch(one)), None)
            if text is None:
                raise
            reason = lacking_half(text) or f"{text[:80]!r} begins with a dash, as options do"
            ctx.fail(f"{reason}; a TEXT that begins with a dash goes after a --, behind all options")
