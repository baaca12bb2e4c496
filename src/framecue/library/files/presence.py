"""Whether what a library noted of a file is still there. What cannot be looked at is taken to be as it was."""

from __future__ import annotations

import os
from pathlib import Path

from framecue.library.state import FileState
from framecue.video.read.moments import content_hash

__all__ = ["holds", "is_missing"]


def holds(path: str, video_id: str, state: FileState) -> bool:
    """Whether a file still has the content that a library noted; it is hashed if its time changed.

    Args:
        path: the file.
        video_id: hash of the content that was noted.
        state: the file's state then.
    """
    try:
        now = FileState.of(Path(path).stat())
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    if now == state:
        return True
    if now.size_bytes != state.size_bytes:
        return False
    try:
        return content_hash(path) == video_id
    except OSError:
        return not is_missing(path)


def is_missing(path: str) -> bool:
    """Whether there is certainly nothing at a path; a link to nothing is something, as its disk may come back."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
