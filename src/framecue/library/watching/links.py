"""Links to folders among what is followed: what lies behind one has several paths, and a run takes the first."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from framecue.library.files.walk import is_within

__all__ = ["has_other_paths", "linked_folders"]


def linked_folders(root: str) -> frozenset[str]:
    """Return the real paths of the folders that links below a root lead to, but for the root and those above it."""
    real = os.path.realpath(root)
    found: set[str] = set()
    waiting = {root}
    while waiting:
        folders = (Path(parent, name) for parent, names, _ in os.walk(waiting.pop()) for name in names)
        targets = {os.path.realpath(folder) for folder in folders if folder.is_symlink()}
        new = {target for target in targets - found if not is_within(real, {target})}
        # What lies in a folder that is looked through anyway is met there.
        waiting |= {target for target in new if not is_within(target, {real, *found})}
        found |= new
    return frozenset(found)


def has_other_paths(place: str, root: str, linked: Collection[str]) -> bool:
    """Whether a place below a root may have another path there: it is behind a link, or where one leads to."""
    folder = place if Path(place).is_dir() else os.path.dirname(place)  # noqa: PTH120
    real = os.path.realpath(folder)
    plain = os.path.normpath(os.path.join(os.path.realpath(root), os.path.relpath(folder, root)))  # noqa: PTH118
    return real != plain or is_within(real, linked)
