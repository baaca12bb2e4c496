"""Paths as people write them: ``~`` is the home folder, and links keep their names."""

from __future__ import annotations

import os
import re

from framecue.errors import InputError

__all__ = ["NOT_LOCAL", "NOT_WRITABLE", "absolute_path", "is_url", "url_as_written", "user_path"]

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
