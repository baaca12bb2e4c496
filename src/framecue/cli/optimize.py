"""``framecue optimize``: make searching a library fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from framecue.cli.library_place import LibraryCommand, chosen_library
from framecue.cli.options import library_option
from framecue.cli.output import log, print_json, quiet_libraries
from framecue.cli.ray_options import check_ray, ray_options
from framecue.counts import counted

if TYPE_CHECKING:
    from framecue.library import Upkeep


@click.command(cls=LibraryCommand)
@library_option
@ray_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def optimize(uri: str | None, ray: str | None, ray_workers: int | None, as_json: bool) -> None:
    """Join a library's small files, drop its earlier versions, and make or refresh its index.

    The index makes searches of many segments fast; it is approximate, so a few of the nearest may be missed. An index
    run does all this by itself when it is due: it makes the index from 100 000 segments on, this command from 10 000.
    With --ray a cluster joins the files and makes the index, which every node has to reach: a library in an object
    store, or in a folder that all share.

    \b
    framecue optimize --library videos.lance
    framecue optimize --library s3://bucket/videos.lance --ray auto
    """  # noqa: D301 (click reads the backspace character)
    check_ray(ray, ray_workers)
    quiet_libraries()
    from framecue.library import Library

    library = Library(chosen_library(uri))
    log(f"optimizing library {library.uri} (with many segments this takes minutes)")

    def wait() -> None:
        log(f"waiting for another run that writes {library.uri}")

    if ray is None:
        upkeep = library.optimize(on_wait=wait)
    else:
        from framecue.cluster.optimize import ray_index_builder

        with ray_index_builder(ray, num_workers=ray_workers) as builder:
            upkeep = library.optimize(on_wait=wait, builder=builder)
    log(f"{_in_words(upkeep)}; library {library.uri} holds {counted(upkeep.num_rows, 'segment')}")
    if as_json:
        print_json(upkeep.to_dict())


def _in_words(upkeep: Upkeep) -> str:
    before, after = upkeep.num_files
    files = f"{before} files joined to {after}" if after < before else counted(after, "file")
    index = "no index: every vector is looked at, which is fast for so few"
    if upkeep.index != "none":
        index = f"index {upkeep.index}, {counted(upkeep.num_indexed_rows, 'segment')} in it"
    return f"{files}, {counted(upkeep.num_versions_dropped, 'earlier version')} dropped, {index}"
