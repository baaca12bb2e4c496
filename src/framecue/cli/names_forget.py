"""``framecue names forget``: forget a name that a library was taught."""

from __future__ import annotations

import click
from click.core import ParameterSource

from framecue.cli.library_place import LibraryCommand, chosen_library
from framecue.cli.name_completion import complete_names
from framecue.cli.options import library_option
from framecue.cli.output import log, print_json, quiet_libraries
from framecue.errors import AbsentError


@click.command(cls=LibraryCommand)
@click.argument("name", metavar="NAME", shell_complete=complete_names)
@library_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def forget(name: str, uri: str | None, as_json: bool) -> None:
    """Forget a name: searches take it for an unknown word again. Videos and other names stay as they are.

    \b
    framecue names forget Rex --library videos.lance
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    from framecue.library import Library

    library = Library(chosen_library(library_before(uri)))
    if not library.forget_name(name, on_wait=lambda: log(f"waiting for another run that writes {library.uri}")):
        known = ", ".join(found.name for found in library.taught_names()) or "none"
        raise AbsentError(f"library {library.uri} was not taught {name[:80]!r}; its names: {known[:300]}")
    log(f"forgot {name}")
    if as_json:
        print_json({"library": library.uri, "forgotten": name})


def library_before(uri: str | None) -> str | None:
    """Return the library that a command of `names` is given, or that is named before it: ``names --library X forget``.

    Args:
        uri: what the command itself got, which a variable of the environment may have said.
    """
    ctx = click.get_current_context()
    sources = [each and each.get_parameter_source("uri") for each in (ctx, ctx.parent)]
    is_before = sources[1] is ParameterSource.COMMANDLINE and sources[0] is not ParameterSource.COMMANDLINE
    return ctx.parent.params["uri"] if is_before and ctx.parent is not None else uri
