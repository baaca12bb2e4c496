"""Paths as people write them: ``~`` is the home folder, links keep their names."""

from __future__ import annotations

import os

__all__ = ["absolute_path", "is_url", "user_path"]


def user_path(path: str | os.PathLike[str]) -> str:
    """Return a path with ``~`` and ``~user`` expanded; the name of an unknown user stays as it is."""
    return os.path.expanduser(path)  # noqa: PTH111 (Path fails for an unknown ~user)


def absolute_path(path: str | os.PathLike[str]) -> str:
    """Return a path as a library notes it: absolute, ``~`` expanded, links kept, ``..`` resolved."""
    # abspath, not resolve: a person finds results under the names they use, links included.
    return os.path.abspath(user_path(path))  # noqa: PTH100


def is_url(path: str | os.PathLike[str]) -> bool:
    """Whether a path names a place in an object store or the like, as ``s3://bucket/a.mp4`` does."""
    return "://" in os.fspath(path)
