"""Removing files from a library: those that are gone from the indexed folders, and those that a person names.

A disk that is not mounted must not empty a library, nor a store that cannot be reached. So a path counts as gone only
if it lies below a named folder that exists and has videos, and only if no folder on the way to it is empty or a broken
link, as a disk that is not mounted leaves behind.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from framecue.errors import ObjectError
from framecue.forms import composed
from framecue.library.files.interface import Files, PathsLike, as_list
from framecue.library.files.mixed import ALL_FILES
from framecue.library.files.walk import is_below
from framecue.library.indexing.contents import find_replacements
from framecue.library.indexing.plan import Plan
from framecue.library.results import Kept, Skipped
from framecue.library.store import Store
from framecue.library.store.records import Held
from framecue.library.store.rows import Row
from framecue.library.store.snapshot import Snapshot
from framecue.object_store.urls import as_url, normal_url
from framecue.paths import absolute_path, is_url

__all__ = ["TakenOut", "find_gone", "find_named", "forget_failures", "take_out"]

PATHS_PER_COMMIT = 500


@dataclass
class TakenOut:
    """What :func:`take_out` did.

    Attributes:
        number: how many of the files the library held or knew.
        kept: those whose content stays, each with the duplicate that took its place.
    """

    number: int = 0
    kept: list[Kept] = field(default_factory=list)


def find_gone(paths: Iterable[str], plan: Plan, *, files: Files = ALL_FILES) -> tuple[list[str], list[Skipped]]:
    """Return the paths of a library that are gone from the folders of a plan.

    Args:
        paths: that the library holds.
        plan: whose folders were searched. A file that it saw is not gone, even if it has vanished since: the next run
            will see under which name it came back.
        files: where the files lie.

    Returns:
        (paths that are gone, folders whose missing files are kept, with the reason).
    """
    gone: list[str] = []
    kept: dict[str, int] = {}
    doubts: dict[str, str | None] = {}
    seen = plan.seen
    for path in paths:
        folder = next((folder for folder in plan.folders if is_below(path, folder)), None)
        if folder is None or path in seen or not plan.covers(path) or not files.is_missing(path):
            continue
        parent = os.path.dirname(path)  # noqa: PTH120 (a Path would change a URL)
        if parent not in doubts:
            doubts[parent] = next(filter(files.may_be_away, _between(folder, parent)), None)
        doubt = doubts[parent]
        if doubt is None:
            gone.append(path)
        else:
            kept[doubt] = kept.get(doubt, 0) + 1
    return gone, [Skipped(folder, _reason_to_keep(folder, number)) for folder, number in sorted(kept.items())]


def _reason_to_keep(folder: str, number: int) -> str:
    if is_url(folder):
        return (
            f"its bucket cannot be looked at, or is empty; the library keeps {number} of it: try again, or drop them "
            "with `framecue remove`"
        )
    return (
        f"an empty folder or a link to nothing, as of a disk that is not mounted; the library keeps {number} of it: "
        "mount the disk, or drop them with `framecue remove`"
    )


def take_out(store: Store, snapshot: Snapshot, paths: Collection[str], *, files: Files = ALL_FILES) -> TakenOut:
    """Remove files from a library.

    If the library knows a copy of a video elsewhere, the video stays, under the copy's path.

    Args:
        store: the library.
        snapshot: what it holds; kept up to date.
        paths: absolute paths.
        files: where the files lie.

    Returns:
        How many of these files the library held or knew, and which contents stay.

    Raises:
        LibraryError: the library cannot be written. What was committed before stays.
    """
    leaving = set(paths)
    held, copies = dict(snapshot.held), dict(snapshot.copies)
    stored = [path for path in held if path in leaving]
    staying = {item.video_id for path, item in held.items() if path not in leaving}
    free = {path: copy for path, copy in copies.items() if path not in leaving and path not in held}
    replacements = find_replacements(files, {held[path].video_id for path in stored} - staying, free)
    kept: list[Kept] = []
    for some in _batches(stored):
        inherited: dict[str, list[Row]] = {}
        for found in store.rows_at([path for path in some if held[path].video_id in replacements]).values():
            if found[0].video_id not in replacements:
                continue
            path, copy = replacements.pop(found[0].video_id)
            kept.append(Kept(found[0].path, path))
            inherited[path] = [replace(row, path=path, state=copy.state) for row in found]
        # A copy's rows are added in the commit that deletes the old ones. The notes about copies follow: if a crash
        # leaves one behind, the path still counts as held, by its rows.
        store.write([row for rows in inherited.values() for row in rows], replacing=[*some, *inherited])
        for path in some:
            snapshot.drop(path)
        for path, rows in inherited.items():
            snapshot.put(path, Held.of(rows))
        _forget(store, snapshot, list(inherited))
    store.drop_words({held[path].video_id for path in stored} - {item.video_id for item in snapshot.held.values()})
    noted = [path for path in copies if path in leaving]
    for some in _batches(noted):
        _forget(store, snapshot, some)
    failed = [path for path in snapshot.failures if path in leaving]
    forget_failures(store, snapshot, failed)
    return TakenOut(len({*stored, *noted, *failed}), kept)


def forget_failures(store: Store, snapshot: Snapshot, paths: Sequence[str]) -> None:
    """Drop what a library knows about files that could not be read.

    Raises:
        LibraryError: the library cannot be written.
    """
    for some in _batches(paths):
        store.note_failures({}, forget=some)
        for path in some:
            snapshot.forget_failure(path)


def _forget(store: Store, snapshot: Snapshot, paths: list[str]) -> None:
    store.note_copies({}, forget=paths)
    for path in paths:
        snapshot.forget(path)


def _between(folder: str, parent: str) -> Iterator[str]:
    """Yield the folders below ``folder`` on the way down to ``parent``, and ``parent`` itself."""
    way = folder
    for name in Path(parent).relative_to(folder).parts:
        way = os.path.join(way, name)  # noqa: PTH118 (as it is, links included)
        yield way


def _batches(paths: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(paths), PATHS_PER_COMMIT):
        yield list(paths[start : start + PATHS_PER_COMMIT])


def find_named(paths: PathsLike, known: Iterable[str]) -> tuple[list[str], list[Skipped]]:
    """Return which known paths a person means, and what was named of which none is known.

    Args:
        paths: files, and folders, which mean everything below them; they need not exist any more.
        known: absolute paths.
    """
    known = list(dict.fromkeys(known))
    found: dict[str, None] = {}
    skipped: list[Skipped] = []
    for item in as_list(paths):
        try:
            path = _as_noted(item)
        except ObjectError as error:
            skipped.append(Skipped(error.url, error.reason))
            continue
        below = _named(known, path)
        found.update(dict.fromkeys(below))
        if not below:
            skipped.append(Skipped(path, "the library knows no such file, nor any in such a folder"))
    return list(found), skipped


def _as_noted(item: str | os.PathLike[str]) -> str:
    url = as_url(item)
    if url is not None:
        return normal_url(url)
    return absolute_path(item) if os.fspath(item) else "''"


def _named(known: Sequence[str], path: str) -> list[str]:
    """Return the known paths that are a path or below it; those in another Unicode form only if there are no others."""
    found = [held for held in known if held == path or is_below(held, path)]
    if found or path.isascii():
        return found
    path = composed(path)
    return [held for held in known if composed(held) == path or is_below(composed(held), path)]
