"""Getting a model's files from the hub: how large they are is said before they are downloaded."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from framecue.cli.output import log, progress_bar
from framecue.errors import InputError
from framecue.paths import exists, user_path

__all__ = ["check_model_name", "get_model_files", "size_text"]

MEGABYTE = 1_000_000


def get_model_files(
    name: str | Path, *, revision: str | None = None, yes: bool = False, option: str = "--model"
) -> None:
    """Download what this machine lacks of a model on the hub, after saying how much that is.

    A person at a terminal is asked, unless ``yes``; where nobody can answer, it goes on.

    Args:
        name: a folder or a bundled model, which need nothing, or a name on the hub.
        revision: a branch, tag or commit; None for the newest.
        yes: whether not to ask.
        option: with which a person names such a model, for messages.

    Raises:
        InputError: the person said no.
        ModelError: the hub cannot be reached or has no such model, or the disk has no room.
    """
    from framecue.backbone.download import cache_folder, fetch, find_download

    download = find_download(str(name), revision=revision, option=option)
    if download is None:
        return
    licence = f", licence {download.licence}" if download.licence else ""
    log(f"{name} is downloaded once: {size_text(download.size_bytes)} into {cache_folder()}{licence}")
    if not yes and sys.stdin.isatty() and sys.stderr.isatty() and not click.confirm("Go on?", default=True, err=True):
        way_out = f"{name} was not downloaded; name another model with {option}, such as a folder"
        if option == "--model":
            way_out = (
                f"{name} was not downloaded; name another model with --model (a recipe's is backbone), such as a "
                "folder, or try framecue with --model moji-clip, which knows drawn shapes only"
            )
        raise InputError(way_out)
    with progress_bar("Downloading (MB)") as progress:
        fetch(download, progress=lambda done, total: progress(done // MEGABYTE, -(-total // MEGABYTE)))


def check_model_name(name: str) -> None:
    """Refuse a name that can be no model's: no folder, no bundled model, and no name on the hub, which is not asked.

    Raises:
        ModelError: it is so.
    """
    from framecue.backbone.source import find_source, is_hub_name

    if not (is_hub_name(name) or (name and exists(user_path(name)))):
        find_source(name)


def size_text(size_bytes: int) -> str:
    """Return a size for people: "1.54 GB", "605 MB", "12 kB"."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size_bytes >= unit:
            value = size_bytes / unit
            return f"{value:.2f} {name}" if name == "GB" else f"{value:.0f} {name}"
    return f"{size_bytes} bytes"
