"""``framecue search --export FILE``: results for other programs, such as a timeline for editing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from framecue.cli.kept_files import kept_files_near
from framecue.cli.output import log
from framecue.counts import counted
from framecue.outputs import check_output
from framecue.paths import user_path

if TYPE_CHECKING:
    from framecue.library import SearchResult

__all__ = ["check_exports", "export_option", "export_results"]

Command = TypeVar("Command", bound=Callable[..., Any])


def export_option(command: Command) -> Command:
    """Add --export to a command that searches."""
    return click.option(
        "--export",
        "exports",
        metavar="FILE",
        multiple=True,
        help="Write the results for another program: a timeline (.otio, .edl), a table (.csv), a playlist (.m3u), "
        "subtitles (.vtt, .srt); may be given again.",
    )(command)


def check_exports(exports: Sequence[str], uri: str, *, force: bool) -> list[str]:
    """Refuse files that cannot be written, before anything is searched for.

    Args:
        exports: the files of --export.
        uri: where the library is; none of its files is replaced.
        force: --force.

    Returns:
        The files.

    Raises:
        click.UsageError: one is named twice.
        InputError: there is no such kind of file, or something is there that may not be replaced.
    """
    if not exports:
        return []
    from framecue.timelines.formats import format_for

    paths = [user_path(name) for name in exports]
    for path in paths:
        if paths.count(path) > 1:
            raise click.UsageError(f"--export names {path} twice; name each file once")
        # Of several videos subtitles have other names, which are looked at when they are known.
        format_for(path)
        check_output(path, overwrite=force, kept=kept_files_near(path, uri))
    return paths


def export_results(
    results: Sequence[SearchResult], paths: Sequence[str], uri: str, *, force: bool = False
) -> list[str]:
    """Write results to files, and say in a line each what was written.

    Args:
        results: of one search, or of several, which stand one after the other.
        paths: the files; their suffixes say what they become.
        uri: where the library is; none of its files is replaced.
        force: --force.

    Returns:
        What was written; nothing where there are no results.

    Raises:
        InputError: the results cannot be in such a file, or something is there that may not be replaced.
        OutputError: it cannot be written.
    """
    if not paths:
        return []
    from framecue.timelines.export import write_picks
    from framecue.timelines.pick import picks_of

    picks = picks_of(results)
    if not picks:
        log("nothing is exported, as nothing was found")
        return []
    written: list[str] = []
    told: set[str] = set()
    for path in paths:
        exported = write_picks(picks, path, overwrite=force, kept=kept_files_near(path, uri))
        for remark in exported.remarks:
            if remark not in told:
                log(remark)
        told.update(exported.remarks)
        written += map(str, exported.paths)
        log(f"exported {counted(len(picks), 'result')} to {', '.join(map(str, exported.paths))}")
    return written
