"""A command that takes a text, and says how one is given that a shell's user can easily give wrongly."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import Any

import click

from framecue.cli.library_place import LibraryCommand
from framecue.errors import InputError
from framecue.library.search.in_order import lacking_half

__all__ = ["TextCommand"]

# What could be the name of an option; a text that begins with a dash has other signs, or spaces.
_IS_OPTION = re.compile(r"-{1,2}\w[\w-]*(?:=.*)?", re.DOTALL)
# One dash and a word: several short options, or one with its value, or a text. No option begins with a number or a
# letter that is not ASCII, so what does is a text however short it is.
_IS_WORD = re.compile(r"-(?:[^\W\d_]{3,}|(?![A-Za-z_])\w[\w-]*)")
_WHERE = "a TEXT that begins with a dash goes after a --, behind all options"


class TextCommand(LibraryCommand):
    """A command that takes a text, whose error for one that was taken for an option names the way out."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments.

        Raises:
            click.UsageError: the usage is wrong.
            InputError: what was taken for an option is an order that lacks its first half.
        """
        given = args[: args.index("--")] if "--" in args else [*args]
        try:
            rest = super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            name = error.option_name
            text = next((one for one in given if one.startswith(name) and not _IS_OPTION.fullmatch(one)), None)
            if text is not None:
                if reason := lacking_half(text):
                    # As where it stands behind a --: it is the text that is wrong.
                    raise InputError(f"{reason}; {_WHERE}") from error
                ctx.fail(f"{text[:80]!r} begins with a dash, as options do; {_WHERE}")
            letter = name[1:] if len(name) == 2 else None
            word = None if letter is None else next((one for one in _words(given) if letter in one), None)
            if word is None:
                raise
            ctx.fail(_with_way_out(error, word))
        except click.BadParameter as error:
            # The rest of the word was taken for the value of its first letter.
            letters = [] if error.param is None else [name for name in error.param.opts if len(name) == 2]
            word = next((one for one in _words(given) if one[:2] in letters), None)
            if word is None:
                raise
            ctx.fail(_with_way_out(error, word))
        if ctx.params.get("text") is None:
            ctx.meta[__name__] = next(iter(_words(given)), None)
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command.

        Raises:
            click.UsageError: the usage is wrong; where no text is left, as one was taken for options, it says so.
        """
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            if word := ctx.meta.get(__name__):
                raise click.UsageError(_with_way_out(error, word), ctx) from error
            raise


def _words(given: Iterable[str]) -> list[str]:
    return [one for one in given if _IS_WORD.fullmatch(one)]


def _with_way_out(error: click.UsageError, word: str) -> str:
    """Return what an error says, and how a word is written that may be the text."""
    word = word[:80]
    told = error.format_message().rstrip(".")
    return f"{told}; if {word!r} is the TEXT, write -- {shlex.quote(word)}, behind all options"
