"""Options that take several values behind one another, as people type them: ``--like a.mp4@0-5 b.mp4@3-7``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import ClassVar

import click

from framecue.cli.library_place import LibraryCommand

__all__ = ["SeveralValuesCommand", "spread"]


class SeveralValuesCommand(LibraryCommand):
    """A command some of whose options take all words up to the next option.

    Attributes:
        several: the names of these options, which have to be ``multiple``, each with what it takes, for whoever gives
            nothing.
    """

    several: ClassVar[Mapping[str, str]] = {}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments.

        Raises:
            click.UsageError: the usage is wrong.
        """
        for word, after in pairwise([*args, "--"]):
            if word == "--":
                break
            # The parser would take the next option for the value.
            if word in self.several and after.startswith("--"):
                ctx.fail(f"{word} has nothing behind it; {self.several[word]}")
        return super().parse_args(ctx, spread(args, self.several))


def spread(args: Sequence[str], several: Collection[str]) -> list[str]:
    """Return arguments with the name of an option before each of its values.

    Args:
        args: as they were typed.
        several: the options that take several values. ``-`` is a value; ``--`` ends the options.
    """
    made: list[str] = []
    option, has_value = None, True
    for place, word in enumerate(args):
        if word == "--":
            return [*made, *args[place:]]
        name, equals, _ = word.partition("=")
        if name in several:
            option, has_value = name, bool(equals)
        elif word.startswith("-") and word != "-":
            option = None
        elif option is not None and has_value:
            made.append(option)
        else:
            has_value = True
        made.append(word)
    return made
