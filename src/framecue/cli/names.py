"""``framecue names``: what a library was taught, and how well that is found; its commands forget and rename."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from framecue.cli.clip_names import safe_stem
from framecue.cli.groups import Entry, LazyGroup
from framecue.cli.hits import half_blocks, shows_pictures
from framecue.cli.library_place import chosen_library
from framecue.cli.name_quality import place_of, quality_sentence, quality_word
from framecue.cli.options import library_option
from framecue.cli.output import FilePath, log, one_line, print_json, print_table, quiet_libraries, stdout_console
from framecue.cli.shown_paths import shown_path
from framecue.counts import counted
from framecue.errors import OutputError
from framecue.outputs import check_output, refuse_url, written_beside
from framecue.paths import user_path
from framecue.times import time_span

if TYPE_CHECKING:
    from rich.console import Console

    from framecue.library import Library, TaughtExample, TaughtName

__all__ = ["list_names", "names"]

COMMANDS = {
    "forget": Entry("framecue.cli.names_forget:forget", "Forget a name: it is an unknown word again."),
    "rename": Entry("framecue.cli.names_rename:rename", "Call what a name means by another name."),
}
_PICTURE_COLUMNS = 24


@click.group(cls=LazyGroup, entries=COMMANDS, invoke_without_command=True)
@library_option
@click.option(
    "--pictures", "folder", metavar="FOLDER", help="Write a picture of what each means into this folder, as WebP."
)
@click.option("--force", is_flag=True, help="Replace pictures that exist.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def names(ctx: click.Context, uri: str | None, folder: str | None, force: bool, as_json: bool) -> None:
    """List the names that a library was taught, what each was taught from, and how well it is found.

    An example's place is the one at which the other examples find it among moments of the library: 1 is the first.
    Where places are far down, a name gets better with more examples: `framecue teach` adds them. A terminal with
    colours shows a picture of each.

    \b
    framecue names
    framecue names --pictures taught/ --library videos.lance
    framecue names rename Rex Rexy
    framecue names forget Rexy
    """  # noqa: D301 (click reads the backspace character)
    if ctx.invoked_subcommand is not None:
        for given, option in ((as_json, "--json"), (folder is not None, "--pictures"), (force, "--force")):
            if given:
                raise click.UsageError(f"{option} is given before {ctx.invoked_subcommand}; give it after", ctx)
        return
    quiet_libraries()
    from framecue.library import Library

    library = Library(chosen_library(uri))
    taught = library.taught_names()
    written = None if folder is None else _write_pictures(library, taught, folder, force=force)
    if as_json:
        documents = [
            {**name.to_dict(), "quality": quality_word(name), "picture": (written or {}).get(name.name)}
            for name in taught
        ]
        print_json({"library": library.uri, "names": documents})
        return
    list_names(library, taught)
    if written is not None:
        log(f"wrote {counted(len(written), 'picture')} to {shown_path(str(folder))}")


def list_names(library: Library, taught: Sequence[TaughtName]) -> None:
    """Write names with their examples as a table, and below it what there is to say of each, with its picture."""
    if not taught:
        log(
            f"library {library.uri} was taught no names; after a search, `framecue teach NAME --like 1,4` teaches it "
            "one from results 1 and 4"
        )
        return
    print_table(["name", "is", "found", "place", "time", "example"], _rows(taught), right=["place", "time"])
    console = stdout_console()
    for name in taught:
        click.echo(one_line(f"{name.name}: {quality_sentence(name)}"))
        for notice in name.notices:
            log(f"{name.name}: {notice}")
        if shows_pictures(console):
            _print_picture(console, library.name_picture(name.name))


def _print_picture(console: Console, stored: bytes | None) -> None:
    import numpy as np

    from framecue.cli.kept_pictures import open_kept_picture

    picture = open_kept_picture(stored)
    if picture is not None:
        console.print(half_blocks(np.asarray(picture), _PICTURE_COLUMNS))


def _rows(taught: Sequence[TaughtName]) -> list[list[str]]:
    rows = []
    for name in taught:
        for number, (example, place) in enumerate(
            [*((each, place_of(each)) for each in name.examples), *((each, "unlike") for each in name.unlike)]
        ):
            head = ["", "", ""] if number else [name.name, name.coarse or "", quality_word(name)]
            rows.append([*head, place, _time(example), _file(example)])
    return rows


def _time(example: TaughtExample) -> str:
    return "" if example.kind == "image" else time_span(example.start_seconds, example.end_seconds)


def _file(example: TaughtExample) -> str:
    return "a picture that was given" if example.path is None else FilePath(example.path)


def _write_pictures(library: Library, taught: Sequence[TaughtName], folder: str, *, force: bool) -> dict[str, str]:
    """Write the pictures of names, and return the files by name; a name without a picture has none.

    Raises:
        InputError: a file exists, and may not be replaced, or the folder is on no disk.
        OutputError: a file or the folder cannot be made.
    """
    refuse_url(folder)
    place = Path(user_path(folder))
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(place, f"the folder cannot be made ({error.strerror or error})") from error
    files: dict[str, Path] = {}
    for name in taught:
        stem, number = safe_stem(name.name), 1
        # Names that differ only in what files' names do not take.
        while (file := place / f"{stem}{'' if number == 1 else f' ({number})'}.webp") in files.values():
            number += 1
        files[name.name] = file
    for file in files.values():
        check_output(file, overwrite=force)
    written: dict[str, str] = {}
    for word, file in files.items():
        picture = library.name_picture(word)
        if picture is not None:
            with written_beside(file, overwrite=force) as partial:
                partial.write_bytes(picture)
            written[word] = os.fspath(file)
    return written
