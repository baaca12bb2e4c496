"""A unit of work, which is small and knows no library: it may be sent to any process that encodes."""

from __future__ import annotations

from dataclasses import dataclass

from framecue.library.state import FileState

__all__ = ["Unit"]


@dataclass(frozen=True)
class Unit:
    """One file to index.

    Attributes:
        path: absolute path.
        state: the file's state when the plan was made.
        replaces: whether the library knows an earlier state of this file.
        is_named: whether a person named this very file, not a folder that it was found in.
        takes_images: whether it is indexed if it turns out to be a picture.
        reread: of a file that has not changed, what is otherwise when it is read today ("times", "shape"), for which it
            is encoded again; None for any other file.
    """

    path: str
    state: FileState
    replaces: bool = False
    is_named: bool = True
    takes_images: bool = True
    reread: str | None = None
