"""Where the folders of tests are: in memory, where there is room."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

__all__ = ["folder_in_memory"]

ROOM = 1 << 30
"""A run holds an eighth of that at most: each test's folder goes when the test ends; those that fail keep theirs."""


def folder_in_memory(chosen: Mapping[str, str], place: Path = Path("/dev/shm"), room: int = ROOM) -> Path | None:
    """Return the place, if it is there, has room, runs programs, and the environment chooses none.

    A container's place is small, and often runs no programs, which some tests write and start.
    """
    if {"TMPDIR", "PYTEST_DEBUG_TEMPROOT"} & chosen.keys() or not os.access(place, os.W_OK | os.X_OK):
        return None
    if os.statvfs(place).f_flag & os.ST_NOEXEC:
        return None
    return place if shutil.disk_usage(place).free >= room else None
