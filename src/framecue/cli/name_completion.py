"""Completing the names that a library was taught, where a shell asks for them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from framecue.cli.library_place import library_if_any

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["complete_names"]


def complete_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the taught names that begin with what was typed, in any case, of the library that the command means.

    Whatever goes wrong, there is nothing to complete: a shell shows no message.
    """
    from click.shell_completion import CompletionItem

    with suppress(Exception):
        from framecue.library import Library

        uri = library_if_any(ctx.params.get("uri"))
        if uri is not None:
            names = [found.name for found in Library(uri).taught_names()]
            return [CompletionItem(name) for name in names if name.casefold().startswith(incomplete.casefold())]
    return []
