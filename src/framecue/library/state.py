"""The state of a file, from which a run sees whether it has changed without reading it."""

from __future__ import annotations

import os
from dataclasses import dataclass

__all__ = ["FileState"]


@dataclass(frozen=True, eq=False)
class FileState:
    """Size and modification time of a file: as long as both stay, its content is believed to be the same.

    An object store says more of a content than a time can: where there is a tag, it stands for the time, so two states
    are equal if size and tag are.

    Attributes:
        size_bytes: the file's size.
        modified_seconds: its modification time, seconds since 1970.
        tag: what an object store calls this content (its ETag, or its version where there is none); None on a disk.
    """

    size_bytes: int
    modified_seconds: float
    tag: str | None = None

    @classmethod
    def of(cls, status: os.stat_result) -> FileState:
        """Return the state in the operating system's answer."""
        return cls(status.st_size, status.st_mtime)

    def __eq__(self, other: object) -> bool:
        return self._content() == other._content() if isinstance(other, FileState) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._content())

    def _content(self) -> tuple[int, float | str]:
        return self.size_bytes, self.modified_seconds if self.tag is None else self.tag
