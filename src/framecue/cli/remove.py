"""``framecue remove``: remove files from a library."""

from __future__ import annotations

import click

from framecue.cli.add_report import describe_held
from framecue.cli.library_place import LibraryCommand, chosen_library, refuse_libraries
from framecue.cli.options import library_option
from framecue.cli.output import log, print_json, quiet_libraries


@click.command(cls=LibraryCommand)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@library_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def remove(paths: tuple[str, ...], uri: str | None, as_json: bool) -> None:
    """Remove files, and everything that a library holds below folders, from the library.

    Nothing is removed from the disk, and the files need not exist any more. If the library knows a duplicate of a video
    elsewhere, the video stays, under the duplicate's path.

    \b
    framecue remove ~/Videos/drafts ~/Videos/old.mp4 --library videos.lance
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    refuse_libraries(paths, takes="what to take out")
    from framecue.library import Library

    library = Library(chosen_library(uri))
    report = library.remove(paths, on_wait=lambda: log(f"waiting for another run that writes {library.uri}"))
    for item in report.skipped:
        log(f"skipped {item.path}: {item.reason}")
    for kept in report.kept:
        log(f"kept {kept.under}: a duplicate of {kept.path}, in whose place the library holds it now")
    counts = f"{report.removed} removed, {len(report.skipped)} skipped"
    log(f"{counts}; library {library.uri} holds {describe_held(report)}")
    if as_json:
        print_json(report.to_dict())
