"""Where each content is during a run, which decides whether a new path is a moved file or a copy of another.

A file is taken to have the content that the library noted as long as its size and modification time are those it noted;
otherwise it is hashed. A file that cannot be looked at is taken to be where it was: nothing is removed on a guess.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from framecue.forms import composed
from framecue.library.files.interface import Files
from framecue.library.files.mixed import ALL_FILES
from framecue.library.files.presence import holds
from framecue.library.store.records import Copy, Held

__all__ = ["Contents", "find_replacements"]


class Contents:
    """Which content the library holds at which path; a run keeps it up to date.

    Args:
        held: what the library holds, by path.
        seen: the files that the run found.
        files: where the files lie.
    """

    def __init__(self, held: Mapping[str, Held | Copy], seen: Collection[str], *, files: Files = ALL_FILES) -> None:
        self._held: dict[str, Held | Copy] = {}
        self._paths: dict[str, dict[str, None]] = {}
        self._seen, self._files = seen, files
        for path, item in held.items():
            self.put(path, item)

    def put(self, path: str, item: Held | Copy) -> None:
        """Note that a content is held at a path now."""
        self.drop(path)
        self._held[path] = item
        self._paths.setdefault(item.video_id, {})[path] = None

    def drop(self, path: str) -> None:
        """Note that nothing is held at a path any more."""
        old = self._held.pop(path, None)
        if old:
            del self._paths[old.video_id][path]

    def video_id(self, path: str) -> str | None:
        """Return the hash of the content that is held at a path; None if there is none."""
        item = self._held.get(path)
        return item.video_id if item else None

    def video_ids(self) -> set[str]:
        """Return the hash of every content that is held."""
        return {video_id for video_id, paths in self._paths.items() if paths}

    def has(self, video_id: str) -> bool:
        """Whether a content is held at any path."""
        return bool(self._paths.get(video_id))

    def find(self, video_id: str, *, new_path: str) -> tuple[str | None, bool]:
        """Return where the content of a file at a new path is held.

        Returns:
            (path, whether a file there still has this content); the path is None if the content is not held.
        """
        gone = None
        for path in self._paths.get(video_id, {}):
            item = self._held[path]
            if not self._is_respelt(path, new_path) and holds(self._files, path, item.video_id, item.state):
                return path, True
            gone = gone or path
        return gone, False

    def _is_respelt(self, path: str, new_path: str) -> bool:
        """Whether two paths are one file whose name changed only in case (or in how accents are encoded).

        If the file system ignores case, the old spelling still leads to the file, but no folder lists it.
        """
        if path in self._seen or _folded(path) != _folded(new_path):
            return False
        return self._files.is_same(path, new_path)


def find_replacements(
    files: Files, video_ids: Collection[str], copies: Mapping[str, Copy]
) -> dict[str, tuple[str, Copy]]:
    """Return the copy that takes over when a content's file goes, for each content with a known copy.

    A copy that exists is preferred to one that is missing, whose disk may be away.
    """
    replacements: dict[str, tuple[str, Copy]] = {}
    absent: dict[str, tuple[str, Copy]] = {}
    # By path, so that the choice does not depend on when the library learned of them.
    for path, copy in sorted(copies.items()):
        if copy.video_id not in video_ids:
            continue
        if not _is_there(files, path):
            absent.setdefault(copy.video_id, (path, copy))
        elif copy.video_id not in replacements and holds(files, path, copy.video_id, copy.state):
            replacements[copy.video_id] = (path, copy)
    return {**absent, **replacements}


def _is_there(files: Files, path: str) -> bool:
    try:
        files.state(path)
    except OSError:
        return False
    return True


def _folded(path: str) -> str:
    return composed(path).casefold()
