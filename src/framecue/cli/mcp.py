"""``framecue mcp``: let an assistant search a library, by the Model Context Protocol."""

from __future__ import annotations

import click

from framecue.cli.library_place import LibraryCommand, chosen_library
from framecue.cli.options import libraries_option, library_model
from framecue.cli.output import log, print_json, quiet_libraries
from framecue.errors import InputError

__all__ = ["EXTRA", "mcp"]

EXTRA = "framecue[mcp]"
"""What brings the protocol's package."""


@click.command(cls=LibraryCommand)
@libraries_option
@click.option("--json", "as_json", is_flag=True, help="Print what an assistant is told of the tools, and end.")
def mcp(uris: tuple[str, ...], as_json: bool) -> None:
    """Let an assistant search a library, by the Model Context Protocol.

    An assistant starts this itself and speaks to it over standard input and output: `framecue mcp-config` prints what
    its settings take. It can search, look at frames and read words; it can change nothing, and sees no paths.

    \b
    framecue mcp --library videos.lance
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    try:
        import anyio

        from framecue.service.mcp.server import make_server, run_stdio, server_document
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("framecue"):
            raise
        raise InputError(f"an assistant needs {error.name}, which is not installed; pip install '{EXTRA}'") from error
    if as_json:
        print_json(server_document())
        return
    from framecue.service.desk import Desk

    places = [chosen_library(uri) for uri in uris or (None,)]
    desk = Desk.of(
        places,
        load_model=lambda library: library_model(library, model=None, adapter=None, dtype="float32"),
    )
    log(f"an assistant can search {', '.join(places)}")
    try:
        anyio.run(run_stdio, make_server(desk, is_warmed=True))
    finally:
        desk.close()
