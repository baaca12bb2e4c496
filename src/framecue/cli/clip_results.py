"""``framecue search --clip N``: cut results out of their videos."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from framecue.cli.clip_making import cut_hits
from framecue.cli.kept_files import kept_files_near
from framecue.cli.opening import NO_SUCH_FILE
from framecue.cli.output import log
from framecue.errors import InputError
from framecue.paths import is_url

if TYPE_CHECKING:
    from framecue.library import Hit, Library

__all__ = ["clip_options", "clip_results"]

Command = TypeVar("Command", bound=Callable[..., Any])


def clip_options(command: Command) -> Command:
    """Add --clip and --output to a command that searches."""
    ranks = click.option(
        "--clip",
        "clip_ranks",
        metavar="N",
        multiple=True,
        type=click.IntRange(min=1),
        help="Cut out result N, to a file in the working folder or to --output; may be given again.",
    )
    output = click.option("-o", "--output", metavar="FILE", help="Where --clip writes: a file, or a folder.")
    return ranks(output(command))


def clip_results(library: Library, found: Sequence[Sequence[Hit]], named: Mapping[str, Any], *, force: bool) -> None:
    """Cut out the results that --clip names, and say in a line each what was written.

    Args:
        library: it was searched; none of its files is replaced.
        found: the hits of each search; --clip is for one search.
        named: the command's options, by their names.
        force: --force.

    Raises:
        click.UsageError: --output is given without --clip.
        InputError: there is no such result, or none could be cut out.
    """
    ranks: Sequence[int] = named["clip_ranks"]
    if not ranks:
        if named["output"] is not None:
            raise click.UsageError("--output is given without --clip, whose file it names")
        return
    by_rank = {hit.rank: hit for hit in found[0]}
    for rank in ranks:
        if rank not in by_rank and by_rank:
            raise InputError(f"there is no result {rank} to cut out; shown: {min(by_rank)} to {max(by_rank)}")
    if by_rank:
        hits = [(by_rank[rank].path, by_rank[rank].start_seconds, by_rank[rank].end_seconds) for rank in ranks]
        for path in dict.fromkeys(path for path, *_ in hits):
            if not is_url(path) and not os.path.lexists(path):
                log(f"{path}: {NO_SUCH_FILE}")
        cut_hits(hits, named["output"], force=force, kept=kept_files_near(named["output"], library.uri))
