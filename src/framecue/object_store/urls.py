"""The URLs of objects as people write them: ``s3://bucket/folder/a b.mp4``.

A key stands in its URL as it is, without percent signs for what is special elsewhere: ``#``, ``?``, ``%`` and spaces
mean themselves, as in the stores' own tools. In the normal form the scheme is lower case, and no slash is doubled or
stands at the end. Nothing here asks a store.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from framecue.errors import ObjectError
from framecue.paths import absolute_path, is_url, is_utf8, path_on_disk, url_as_written

__all__ = ["SCHEMES", "ObjectUrl", "as_url", "normal_url", "noted_path"]

SCHEMES = ("s3", "gs", "az", "file")
"""Amazon S3 and what speaks its protocol, Google Cloud Storage, Azure Blob Storage, and a disk seen as a store."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
# What no key may have that obstore reads: it would be taken for another one.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# What the stores allow, and some have allowed once. A colon or an at sign would be a user, a password or a port.
_BUCKET = re.compile(r"[A-Za-z0-9._$-]+")


class ObjectUrl(NamedTuple):
    """A URL in its parts.

    Attributes:
        scheme: one of :data:`SCHEMES`.
        bucket: the bucket, or the container of Azure; empty for a disk.
        key: the object's key, or a folder's without a slash at its end; empty for the whole bucket.
    """

    scheme: str
    bucket: str
    key: str

    @classmethod
    def parse(cls, url: str | os.PathLike[str]) -> ObjectUrl:
        """Return the parts of a URL.

        Raises:
            ObjectError: it is no URL of an object store, or no object can have this name (`cause` "name").
        """
        text = os.fspath(url)
        match = _URL.fullmatch(text)
        scheme = match[1].lower() if match else ""
        if match is None or scheme not in SCHEMES:
            known = ", ".join(f"{known}://" for known in SCHEMES)
            way_out = "download it, and name the file" if scheme.startswith("http") else f"these are: {known}"
            raise ObjectError(text, f"no place in an object store that can be read; {way_out}", cause="name")
        bucket, _, key = ("", "", match[2]) if scheme == "file" else match[2].partition("/")
        if scheme != "file" and not bucket:
            raise ObjectError(text, f"names no bucket; write {scheme}://BUCKET/KEY", cause="name")
        if scheme != "file" and not _BUCKET.fullmatch(bucket):
            # Some people write their keys there, which are not shown.
            raise ObjectError(
                f"{scheme}://..." if "@" in bucket or ":" in bucket else ascii(text)[1:-1],
                f"no bucket has such a name, of letters, digits, dots and hyphens; write {scheme}://BUCKET/KEY, and "
                "what else the store needs into the environment",
                cause="name",
            )
        parts = [part for part in key.split("/") if part]
        if "." in parts or ".." in parts or _CONTROL.search(text):
            raise ObjectError(
                ascii(text)[1:-1], "has '.', '..' or a control character as or in a name; rename it", cause="name"
            )
        if not is_utf8(text):
            raise ObjectError(ascii(text)[1:-1], "the name is not valid UTF-8; rename it", cause="name")
        return cls(scheme, bucket, "/".join(parts))

    @property
    def place(self) -> ObjectUrl:
        """The bucket that it lies in."""
        return self._replace(key="")

    @property
    def name(self) -> str:
        """The last part of the key; empty for a bucket."""
        return self.key.rpartition("/")[2]

    def with_key(self, key: str) -> ObjectUrl:
        """Return the URL of another key in the same bucket."""
        return self._replace(key=key)

    def __str__(self) -> str:
        if self.scheme == "file":
            return f"file:///{self.key}"
        return f"{self.scheme}://{self.bucket}/{self.key}" if self.key else f"{self.scheme}://{self.bucket}"


def normal_url(url: str | os.PathLike[str]) -> str:
    """Return the one form of all URLs that name the same place.

    Raises:
        ObjectError: it is no URL of an object store.
    """
    return str(ObjectUrl.parse(url))


def as_url(path: str | os.PathLike[str]) -> str | None:
    """Return the URL that a path is, as it was written; None if it is a path on a disk.

    A ``Path`` has taken a slash away from what was a URL, which is put back.
    """
    if is_url(path):
        return os.fspath(path)
    return None if isinstance(path, str) else url_as_written(path)


def noted_path(path: str | os.PathLike[str]) -> str:
    """Return a path or a URL as a library notes it.

    Returns:
        A URL in its normal form; a path on a disk as an absolute one, with names as the disk has them.

    Raises:
        ObjectError: it is a URL of no object store.
    """
    url = as_url(path)
    return path_on_disk(absolute_path(path)) if url is None else normal_url(url)
