"""The state of a file, from which a run sees whether it has changed without reading it."""

from __future__ import annotations

import os
from dataclasses import dataclass

__all__ = ["FileState"]


@dataclass(frozen=True)
class FileState:
    """Size and modification time of a file: as long as both stay, its content is believed to be the same.

    Attributes:
        size_bytes: the file's size.
        modified_seconds: its modification time, seconds since 1970.
    """

    size_bytes: int
    modified_seconds: float

    @classmethod
    def of(cls, status: os.stat_result) -> FileState:
        """Return the state in the operating system's answer."""
        return cls(status.st_size, status.st_mtime)
