"""``framecue serve``: search in the browser and over HTTP."""

from __future__ import annotations

import logging
import sys
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from framecue.cli.access_options import access_options, teach_option
from framecue.cli.library_place import LibraryCommand, chosen_library
from framecue.cli.options import libraries_option, library_model, model_options
from framecue.cli.output import log, print_json, quiet_libraries
from framecue.cli.signals import heed
from framecue.errors import InputError, LibraryNotFoundError

if TYPE_CHECKING:
    from framecue.encoder import Encoder
    from framecue.library import Library
    from framecue.service.desk import Desk
    from framecue.service.following import Following

EXTRA = "framecue[serve]"
_LOG_LEVELS = ("problems", "requests", "queries")
_MEGABYTE = 1_000_000


@click.command(cls=LibraryCommand)
@libraries_option
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port; 0 for any that is free."
)
@access_options()
@teach_option("Whoever can ask")
@click.option(
    "--watch",
    "folders",
    multiple=True,
    metavar="FOLDER",
    help="Index what is in a folder, and what changes there, into the first library, which may be new.",
)
@click.option("--prune", is_flag=True, help="With --watch: take out of the library what is deleted there.")
@click.option("--images", is_flag=True, help="With --watch: index pictures too.")
@click.option(
    "--upload-limit",
    "upload_megabytes",
    type=click.IntRange(1, 100_000),
    default=200,
    show_default=True,
    metavar="MB",
    help="How large a picture or video to search with may be.",
)
@click.option(
    "--log",
    "log_level",
    type=click.Choice(_LOG_LEVELS),
    default=_LOG_LEVELS[0],
    show_default=True,
    help="Log what goes wrong; or each request, without what it looks for; or with that.",
)
@model_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, once it listens: where it is.")
def serve(
    uris: tuple[str, ...],
    host: str,
    port: int,
    token: str | None,
    is_open: bool,
    allowed_hosts: tuple[str, ...],
    allow_teach: bool,
    folders: tuple[str, ...],
    prune: bool,
    images: bool,
    upload_megabytes: int,
    log_level: str,
    model: str | None,
    adapter: str | None,
    dtype: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Open a page to search in the browser, and an API that programs call, until Ctrl-C.

    It is for this machine alone. Another --host needs a --token, with which the page is opened once as
    http://HOST:PORT/?token=TOKEN; programs send it as "Authorization: Bearer TOKEN".

    \b
    framecue serve
    framecue serve --library videos.lance --watch ~/Videos
    FRAMECUE_TOKEN=$(openssl rand -hex 16) framecue serve --host 0.0.0.0
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    if (prune or images) and not folders:
        raise click.UsageError(f"--{'prune' if prune else 'images'} is given without --watch, which it is for")
    try:
        from framecue.service.http.app import create_app
        from framecue.service.http.dependencies import close_media, close_teachings
        from framecue.service.http.options import ServeOptions
        from framecue.service.http.run import address_of, listen, run
    except ModuleNotFoundError as error:
        raise InputError(f"serving needs {error.name}, which is not installed; pip install '{EXTRA}'") from error
    from framecue.service.desk import Desk

    options = ServeOptions(
        host=host,
        port=port,
        token=token,
        is_open=is_open,
        allowed_hosts=allowed_hosts,
        upload_bytes=upload_megabytes * _MEGABYTE,
        allow_teach=allow_teach,
        log=log_level,  # type: ignore[arg-type]  # one of these, as click has seen
    )
    places = _places(uris, may_be_new=bool(folders))

    def load(library: Library) -> Encoder:
        # What it may ask for was asked before anything was served.
        return library_model(library, model=model, adapter=adapter, dtype=dtype, yes=True, may_be_new=bool(folders))

    desk = Desk(places, load_model=load)
    _check(desk, model=model, yes=yes, may_be_new=bool(folders))
    following = _following(desk, folders, prune=prune, images=images)
    listening = listen(options)
    _show_log()
    desk.warm_up()
    if following is not None:
        following.start()
    address = address_of(listening, options)
    _say_where(address, desk, following, token)
    if allow_teach:
        log("whoever can ask may teach them names, and rename and forget these")
    if as_json:
        names = [shelf.name for shelf in desk.shelves]
        print_json({"url": address, "libraries": names, "watching": following.paths if following else []})
        sys.stdout.flush()  # whoever reads it waits for it

    app = create_app(desk, options)

    def end() -> None:
        log("stopping")
        close_media(app)
        close_teachings(app)
        if following is not None:
            following.tell_to_end()

    try:
        run(app, listening, on_end=end)
    finally:
        heed()  # it has ended as it was asked to
        desk.close()
        if following is not None and not following.end():
            log("what was being indexed is left; the next run indexes it")


def _places(uris: tuple[str, ...], *, may_be_new: bool) -> list[str]:
    """Return the libraries that are meant."""
    if not uris:
        return [chosen_library(None, may_be_new=may_be_new)]
    return [chosen_library(uri) for uri in dict.fromkeys(uris)]


def _check(desk: Desk, *, model: str | None, yes: bool, may_be_new: bool) -> None:
    """See that each library is there, and get the files of its model, for which somebody may have to be asked.

    Raises:
        LibraryNotFoundError: one is not there, and nothing is going to be indexed into it.
        LibraryError: one cannot be read.
    """
    from framecue.cli.model_files import get_model_files
    from framecue.cli.options import DEFAULT_MODEL
    from framecue.encoder import ENCODERS
    from framecue.exported.text import find_text_graph

    for number, shelf in enumerate(desk.shelves):
        with shelf.reading() as library:
            is_there = library.exists
            if not is_there and not (may_be_new and number == 0):
                raise LibraryNotFoundError(
                    f"there is no library at {shelf.uri}; make one with `framecue index PATH --library {shelf.uri}`, "
                    "or add --watch FOLDER"
                )
            own = library.fingerprint if is_there else None
        is_ours = own is None or own.encoder is None or own.encoder in ENCODERS
        if own is not None and (not is_ours or find_text_graph(own)):
            continue  # of another package, which gets its own, or the files are there
        try:
            if model is not None or own is None:
                get_model_files(model or DEFAULT_MODEL, yes=yes)
            else:
                get_model_files(own.backbone, revision=own.revision, yes=yes)
        except InputError as error:
            # Its videos can be seen, and other libraries searched; whoever searches this one is told.
            log(f"library {shelf.name} cannot be searched: {error}")


def _following(desk: Desk, folders: tuple[str, ...], *, prune: bool, images: bool) -> Following | None:
    if not folders:
        return None
    from framecue.library.indexing.options import AddOptions
    from framecue.library.watching.watch import WatchOptions
    from framecue.paths import user_path
    from framecue.service.following import Following

    options = WatchOptions(add=AddOptions(prune=prune, images=images))
    return Following(desk.shelf(), [user_path(folder) for folder in folders], options=options, on_notice=log)


def _say_where(address: str, desk: Desk, following: Following | None, token: str | None) -> None:
    """Say where the page is; with the token, where a person reads it and no log does."""
    if token is not None and sys.stderr.isatty():
        address = f"{address}?token={quote(token, safe='')}"
    names = ", ".join(shelf.name for shelf in desk.shelves)
    log(f"searching {names} at {address}; Ctrl-C stops")
    if following is not None:
        log(f"indexing {', '.join(following.paths)} meanwhile")


def _show_log() -> None:
    """Show what the service logs as lines on standard error, with the time."""
    logger = logging.getLogger("framecue.service")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.handlers[:] = [_Lines()]


class _Lines(logging.Handler):
    """Writes what is logged as lines for people."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, and after it where a defect was."""
        at = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="seconds")
        log(f"{at} {record.getMessage()}")
        if record.exc_info:
            for line in logging.Formatter().formatException(record.exc_info).splitlines():
                log(line)
