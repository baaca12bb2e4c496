"""``framecue mcp``: let an assistant search a library, by the Model Context Protocol."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from framecue.cli.access_options import access_options, teach_option
from framecue.cli.library_place import LibraryCommand, chosen_library
from framecue.cli.options import libraries_option, library_model
from framecue.cli.output import log, print_json, quiet_libraries
from framecue.cli.signals import heed
from framecue.errors import InputError

if TYPE_CHECKING:
    from framecue.service.desk import Desk

__all__ = ["EXTRA", "mcp"]

EXTRA = "framecue[mcp]"
"""What brings the protocol's package."""

_WEB_EXTRAS = "framecue[mcp,serve]"
_ALSO = ", and teach them names,"
_HOST, _PORT = "127.0.0.1", 8001


@click.command(cls=LibraryCommand)
@libraries_option
@click.option("--http", "is_http", is_flag=True, help="Answer over HTTP, for assistants that take an address.")
@click.option("--host", metavar="ADDRESS", help=f"With --http: the address to listen at.  [default: {_HOST}]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help=f"With --http: the port; 0 for any that is free.  [default: {_PORT}]"
)
@access_options(only_with="--http")
@teach_option("The assistant")
@click.option("--json", "as_json", is_flag=True, help="Print what an assistant is told of the tools, and end.")
def mcp(
    uris: tuple[str, ...],
    is_http: bool,
    host: str | None,
    port: int | None,
    token: str | None,
    is_open: bool,
    allowed_hosts: tuple[str, ...],
    allow_teach: bool,
    as_json: bool,
) -> None:
    """Let an assistant search a library, by the Model Context Protocol.

    An assistant starts this itself and speaks to it over standard input and output: `framecue mcp-config` prints what
    its settings take. It can search, look at frames and read words; it can change nothing, unless --allow-teach lets it
    teach names.

    \b
    framecue mcp --library videos.lance
    framecue mcp --http --port 8001
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    given = {"host": host is not None, "port": port is not None, "no-token": is_open, "allow-host": bool(allowed_hosts)}
    for name, is_given in given.items():
        if is_given and not is_http:
            raise click.UsageError(f"--{name} is for --http; add that, or leave it out")
    try:
        from framecue.service.mcp.server import make_server, server_document
    except ModuleNotFoundError as error:
        raise _missing(error, EXTRA) from error
    if as_json:
        print_json(server_document(allow_teach=allow_teach))
        return
    if is_http:
        _serve_web(
            uris,
            host=host or _HOST,
            port=_PORT if port is None else port,
            token=token,
            is_open=is_open,
            allowed_hosts=allowed_hosts,
            allow_teach=allow_teach,
        )
        return
    import anyio

    from framecue.service.mcp.server import run_stdio

    desk, places = _desk(uris)
    log(f"an assistant can search {', '.join(places)}{_ALSO.rstrip(',') if allow_teach else ''}")
    if sys.stdin.isatty():
        log("it is waited for on standard input: `framecue mcp-config` prints what its settings take; Ctrl-C ends")
    desk.warm_up()
    try:
        anyio.run(run_stdio, make_server(desk, allow_teach=allow_teach))
    finally:
        desk.close()


def _serve_web(
    uris: tuple[str, ...],
    *,
    host: str,
    port: int,
    token: str | None,
    is_open: bool,
    allowed_hosts: tuple[str, ...],
    allow_teach: bool,
) -> None:
    """Answer over HTTP until Ctrl-C."""
    from framecue.service.mcp.server import TEACH_SECONDS, make_server

    try:
        from framecue.service.http.options import ServeOptions
        from framecue.service.http.run import address_of, listen, run
        from framecue.service.mcp.web import PATH, create_web_app
    except ModuleNotFoundError as error:
        raise _missing(error, _WEB_EXTRAS) from error
    options = ServeOptions(
        host=host,
        port=port,
        token=token,
        is_open=is_open,
        allowed_hosts=allowed_hosts,
        allow_teach=allow_teach,
        # A call that teaches comes by the same address as all others, and is bounded as a call.
        answer_seconds=TEACH_SECONDS if allow_teach else ServeOptions.answer_seconds,
    )
    desk, places = _desk(uris)
    listening = listen(options)
    also = _ALSO if allow_teach else ""
    log(f"assistants can search {', '.join(places)}{also} at {address_of(listening, options)}{PATH.lstrip('/')}")
    desk.warm_up()
    try:
        run(create_web_app(make_server(desk, allow_teach=allow_teach), options), listening, has_lifespan=True)
    finally:
        heed()  # it has ended as it was asked to
        desk.close()


def _desk(uris: tuple[str, ...]) -> tuple[Desk, list[str]]:
    """Return the libraries that are meant, opened when somebody asks: one may be made meanwhile."""
    from framecue.service.desk import Desk

    places = list(dict.fromkeys(chosen_library(uri) for uri in uris or (None,)))
    desk = Desk(places, load_model=lambda library: library_model(library, model=None, adapter=None, dtype="float32"))
    return desk, places


def _missing(error: ModuleNotFoundError, extras: str) -> Exception:
    """Return what to raise where a module is not there: one of framecue's own is a defect."""
    if (error.name or "").partition(".")[0] == "framecue":
        return error
    return InputError(f"an assistant needs {error.name}, which is not installed; pip install '{extras}'")
