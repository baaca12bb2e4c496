"""Whether a file still has the content that a library noted. A file that cannot be looked at counts as unchanged."""

from __future__ import annotations

from framecue.library.files.interface import Files
from framecue.library.state import FileState

__all__ = ["holds"]


def holds(files: Files, path: str, video_id: str, state: FileState) -> bool:
    """Whether a file still has the content that a library noted; it is hashed if its modification time changed.

    Args:
        files: where it lies.
        path: the file.
        video_id: hash of the noted content.
        state: the file's state when it was noted.
    """
    try:
        now = files.state(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    if now == state:
        return True
    if now.size_bytes != state.size_bytes:
        return False
    try:
        return files.content_hash(path) == video_id
    except OSError:
        return not files.is_missing(path)
