"""``framecue names rename``: call what a library was taught by another name."""

from __future__ import annotations

import click

from framecue.cli.library_place import LibraryCommand, chosen_library
from framecue.cli.name_completion import complete_names
from framecue.cli.names_forget import library_before
from framecue.cli.options import library_option
from framecue.cli.output import log, print_json, quiet_libraries
from framecue.cli.teaching import allowing_ordinary


@click.command(cls=LibraryCommand)
@click.argument("old", metavar="OLD", shell_complete=complete_names)
@click.argument("new", metavar="NEW")
@library_option
@click.option("-y", "--yes", is_flag=True, help="Take an ordinary word for a name without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def rename(old: str, new: str, uri: str | None, yes: bool, as_json: bool) -> None:
    """Call what a name means by another name; nothing is learnt again.

    \b
    framecue names rename Rex "old Rex" --library videos.lance
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    from framecue.library import Library

    library = Library(chosen_library(library_before(uri)))
    found = allowing_ordinary(
        lambda is_allowed: library.rename_name(
            old,
            new,
            allow_ordinary=is_allowed,
            on_wait=lambda: log(f"waiting for another run that writes {library.uri}"),
        ),
        yes=yes,
    )
    log(f"{old} is {found.name} from now on")
    if as_json:
        print_json({"library": library.uri, **found.to_dict()})
