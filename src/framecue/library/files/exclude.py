"""Which files and folders a person does not want indexed, as globs say.

A glob without ``/`` is matched with the name of every file and folder, at any depth. One with ``/`` is matched with the
path below the named folder, or with the whole path where it starts with ``/`` or ``~``; ``*`` stays within one name,
``**`` is any number of folders. A folder that matches is not entered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from framecue.errors import InputError
from framecue.paths import user_path

__all__ = ["Exclude"]


class Exclude:
    """Tells whether a path is excluded.

    Args:
        globs: as the module says; upper and lower case differ.

    Raises:
        InputError: a glob is empty.
    """

    def __init__(self, globs: Iterable[str] = ()) -> None:
        self._names: list[str] = []
        self._below: list[Sequence[str]] = []
        self._whole: list[Sequence[str]] = []
        # One text would otherwise be taken as many globs of one letter.
        for glob in [globs] if isinstance(globs, str) else globs:
            expanded = user_path(glob)
            parts = Path(expanded.removeprefix("./")).parts
            if not glob.strip() or not parts:
                raise InputError(
                    f"the glob to exclude is {glob!r}; give a name such as '*.tmp.mp4' or a path 'drafts/**'"
                )
            if Path(expanded).is_absolute():
                self._whole.append(parts)
            elif len(parts) == 1 and not glob.startswith("./"):
                self._names.append(parts[0])
            else:
                self._below.append(parts)

    def __call__(self, path: str, *, root: str) -> bool:
        """Whether a file or folder is excluded.

        Args:
            path: absolute path.
            root: the named folder in which it was found; a glob with ``/`` starts there.
        """
        parts = Path(path).parts
        return (
            any(fnmatchcase(parts[-1], glob) for glob in self._names)
            or any(_matches(parts, glob) for glob in self._whole)
            or (bool(self._below) and any(_matches(Path(path).relative_to(root).parts, glob) for glob in self._below))
        )


def _matches(parts: Sequence[str], glob: Sequence[str]) -> bool:
    """Match a path with a glob, name by name."""
    if not glob:
        return not parts
    if glob[0] == "**":
        return any(_matches(parts[start:], glob[1:]) for start in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], glob[0]) and _matches(parts[1:], glob[1:])
