"""Globs for the files and folders that are not to be indexed.

A glob without ``/`` is matched against the name of every file and folder, at any depth. One with ``/`` is matched
against the path below the named folder, or against the whole path if it starts with ``/`` or ``~``. ``*`` stays within
one name, and ``**`` is any number of folders (:mod:`framecue.globs` has the whole grammar). A folder that matches is
not entered.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from framecue.errors import InputError
from framecue.globs import Glob, names_of

__all__ = ["Exclude"]


class Exclude:
    """Decides whether a path is excluded.

    Args:
        globs: see the module's text; upper and lower case differ.

    Raises:
        InputError: a glob is empty.
    """

    def __init__(self, globs: Iterable[str] = ()) -> None:
        # Globs of one name, of paths below the named folder, and of whole paths.
        self._names: list[Glob] = []
        self._below: list[Glob] = []
        self._whole: list[Glob] = []
        # A single string would otherwise be taken as many globs of one letter.
        for text in [globs] if isinstance(globs, str) else globs:
            glob = Glob(text)
            if not text.strip() or not (glob.names or glob.is_absolute):
                raise InputError(
                    f"the glob to exclude is {text!r}; give a name such as '*.tmp.mp4' or a path 'drafts/**'"
                )
            kind = self._names if glob.is_one_name else self._whole if glob.is_absolute else self._below
            kind.append(glob)

    def __call__(self, path: str, *, root: str) -> bool:
        """Whether a file or folder is excluded.

        Args:
            path: absolute path.
            root: the named folder in which it was found; globs with ``/`` start there.
        """
        names = names_of(path)
        if any(glob.matches(names[-1:]) for glob in self._names) or any(glob.matches(names) for glob in self._whole):
            return True
        if not self._below:
            return False
        below = Path(path).relative_to(root).parts
        return any(glob.matches(below) for glob in self._below)
