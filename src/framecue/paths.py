"""Paths as people write them: ``~`` is the home folder, and links keep their names."""

from __future__ import annotations

import os
import re

from framecue.errors import InputError
from framecue.forms import composed

__all__ = [
    "NOT_LOCAL",
    "NOT_WRITABLE",
    "absolute_path",
    "exists",
    "is_dir",
    "is_file",
    "is_url",
    "is_utf8",
    "path_on_disk",
    "url_as_written",
    "user_path",
]

NOT_LOCAL = "files in object stores and on the web cannot be read yet; copy it to a disk, or mount the store there"
NOT_WRITABLE = (
    "files in object stores and on the web cannot be written yet; name a place on a disk, and copy it from there"
)

# What a Path makes of `s3://bucket/a.mp4`; a drive of Windows has one letter.
_WAS_URL = re.compile(r"([A-Za-z][\w+.-]+):/+(?=[^/])")


def user_path(path: str | os.PathLike[str]) -> str:
    """Return a path with ``~`` and ``~user`` expanded; the name of an unknown user stays as it is."""
    return os.path.expanduser(path)  # noqa: PTH111 (Path fails for an unknown ~user)


def absolute_path(path: str | os.PathLike[str]) -> str:
    """Return a path as a library notes it: absolute, with ``~`` expanded, links kept and ``..`` resolved.

    Raises:
        InputError: it is a URL, which would be read as a folder of that name.
    """
    if is_url(path):
        raise InputError(f"{os.fspath(path)}: {NOT_LOCAL}")
    # abspath, not resolve: a person finds results under the names they use, links included.
    return os.path.abspath(user_path(path))  # noqa: PTH100


def is_url(path: str | os.PathLike[str]) -> bool:
    """Whether a path names a place in an object store or the like, as ``s3://bucket/a.mp4`` does."""
    return "://" in os.fspath(path)


def url_as_written(path: str | os.PathLike[str]) -> str | None:
    """Return the URL that a path was before it became a ``Path``, which makes ``s3:/`` of ``s3://``; None if none."""
    match = _WAS_URL.match(os.fspath(path))
    return f"{match[1]}://{os.fspath(path)[match.end() :]}" if match else None


def is_utf8(path: str) -> bool:
    """Whether a name is text; one that is not holds bytes that no library can note."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def exists(path: str | os.PathLike[str]) -> bool:
    """Whether there is something at a path; False also where no file can have such a name, for which a Path raises."""
    return os.path.exists(path)  # noqa: PTH110


def is_file(path: str | os.PathLike[str]) -> bool:
    """Whether there is a file at a path; never raises, see :func:`exists`."""
    return os.path.isfile(path)  # noqa: PTH113


def is_dir(path: str | os.PathLike[str]) -> bool:
    """Whether there is a folder at a path; never raises, see :func:`exists`."""
    return os.path.isdir(path)  # noqa: PTH112


def path_on_disk(path: str) -> str:
    """Return a path as the disk has it: names that were typed in another Unicode form than they have there are changed.

    What is not on the disk stays as it is, and so does a name that is there as it was typed.

    Args:
        path: absolute or relative, as a person wrote it; a URL stays as it is.
    """
    if path.isascii() or is_url(path):
        return path
    begin, separator, rest = path.rpartition(os.sep)
    if not separator:
        return _name_on_disk(os.curdir, path)
    parent = path_on_disk(begin)
    # With its separator, as the root is nothing else.
    return parent + separator + _name_on_disk(parent + separator, rest)


def _name_on_disk(folder: str, name: str) -> str:
    if name.isascii():
        return name
    try:
        names = os.listdir(folder)  # noqa: PTH208 (names alone, not a Path for each)
    except OSError:
        return name
    if name in names:
        return name
    return min((other for other in names if composed(other) == composed(name)), default=name)
