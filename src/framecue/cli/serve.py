"""``framecue serve``: search in the browser and over HTTP."""

from __future__ import annotations

import click

from framecue.cli.library_place import LibraryCommand, chosen_library
from framecue.cli.options import library_model
from framecue.cli.output import log, quiet_libraries
from framecue.errors import InputError

EXTRA = "framecue[serve]"


@click.command(cls=LibraryCommand)
@click.option(
    "-l",
    "--library",
    "uris",
    metavar="LIBRARY",
    multiple=True,
    envvar="FRAMECUE_LIBRARY",
    help="A library; several are served side by side. Default: FRAMECUE_LIBRARY; else the one in the working folder or "
    "above; else the user's own.",
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port; 0 for any that is free."
)
def serve(uris: tuple[str, ...], host: str, port: int) -> None:
    """Open a page to search in the browser, and an API that programs call, on libraries.

    \b
    framecue serve
    framecue serve --library videos.lance --port 8080
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    try:
        from framecue.service.http.app import create_app
        from framecue.service.http.run import run
    except ModuleNotFoundError as error:
        raise InputError(f"serving needs {error.name}, which is not installed; pip install '{EXTRA}'") from error
    from framecue.service.desk import Desk
    from framecue.service.http.options import ServeOptions

    places = [chosen_library(uri) for uri in uris] or [chosen_library(None)]
    desk = Desk.of(
        places,
        load_model=lambda library: library_model(library, model=None, adapter=None, dtype="float32", yes=False),
    )
    options = ServeOptions(host=host, port=port)
    log(f"serving {', '.join(places)} at http://{host}:{port}/")
    run(create_app(desk, options), options)
