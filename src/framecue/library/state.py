"""The state of a file, by which a run tells whether it has changed without reading it."""

from __future__ import annotations

import os
from dataclasses import dataclass

__all__ = ["FileState"]


@dataclass(frozen=True)
class FileState:
    """What a file system says of a file's content: as long as it stays, the content is believed to stay.

    Attributes:
        size_bytes: the file's size.
        modified_seconds: its modification time, seconds since 1970.
    """

    size_bytes: int
    modified_seconds: float

    @classmethod
    def of(cls, status: os.stat_result) -> FileState:
        """Return the state that the operating system gives."""
        return cls(status.st_size, status.st_mtime)
