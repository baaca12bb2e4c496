"""Videos in tar archives, as WebDataset has them: named by a path through the archive, read without unpacking it."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from framecue.errors import VideoError

__all__ = ["archived", "content_digest", "copy_member", "size_and_time"]

_SUFFIX = ".tar"
_CHUNK_BYTES = 1 << 20
MAX_MEMBER_BYTES = 16 << 30


class _Place(NamedTuple):
    start: int
    size: int


def archived(path: str | Path) -> tuple[Path, str] | None:
    """Return the archive and the member's name where a path leads through a tar archive; None for any other path."""
    text = os.fspath(path)
    if f"{_SUFFIX}{os.sep}" not in text.lower() or os.path.lexists(text):
        return None
    whole = Path(text)
    for parent in whole.parents:
        if parent.suffix.lower() == _SUFFIX and os.path.isfile(parent):  # noqa: PTH113 (never raises)
            return parent, whole.relative_to(parent).as_posix()
    return None


def size_and_time(path: str | Path) -> tuple[int, int]:
    """Return a video file's size in bytes, and when it was changed last, in nanoseconds since 1970.

    A member of an archive was changed when the archive was.

    Raises:
        OSError, ValueError: there is no such file, or no such archive.
        VideoError: the archive is damaged or was cut off, or it has no such member.
    """
    found = archived(path)
    if found is None:
        status = Path(path).stat()
        return status.st_size, status.st_mtime_ns
    archive, name = found
    status = archive.stat()
    try:
        place = _members(str(archive), status.st_size, status.st_mtime_ns).get(name)
    except tarfile.TarError as error:
        raise VideoError(path, f"{archive.name} is no sound tar archive ({error})", cause="content") from error
    if place is None:
        raise VideoError(path, f"{archive.name} has no member of this name")
    return place.size, status.st_mtime_ns


def copy_member(archive: Path, name: str, target: Path) -> None:
    """Write a member of an archive into a file, a megabyte at a time.

    Where the members lie is read once for an archive, from their headers alone, as long as it is not changed.

    Args:
        archive: an uncompressed tar file.
        name: the member.
        target: the file to write.

    Raises:
        VideoError: the archive is damaged or was cut off, or it has no such member, or one of more than 16 GB.
    """
    try:
        with target.open("wb") as made:
            for chunk in _chunks(archive, name):
                made.write(chunk)
    except OSError as error:
        raise VideoError(archive / name, f"cannot be read ({error.strerror or error})") from error


def content_digest(path: str | Path) -> bytes:
    """Return a hash of a file's content, of 20 bytes; also of a member of an archive.

    Raises:
        OSError, ValueError: the file cannot be read.
        VideoError: as `copy_member`.
    """
    digest = hashlib.blake2b(digest_size=20)
    found = archived(path)
    if found is not None:
        for chunk in _chunks(*found):
            digest.update(chunk)
        return digest.digest()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.digest()


def _chunks(archive: Path, name: str) -> Iterator[bytes]:
    """Yield the content of a member of an archive, a megabyte at a time."""
    video = archive / name
    try:
        status = archive.stat()
        place = _members(str(archive), status.st_size, status.st_mtime_ns).get(name)
    except tarfile.TarError as error:
        raise VideoError(video, f"{archive.name} is no sound tar archive ({error})", cause="content") from error
    if place is None:
        raise VideoError(video, f"{archive.name} has no member of this name")
    if place.size > MAX_MEMBER_BYTES:
        raise VideoError(video, f"is {place.size} bytes long; videos in archives have at most {MAX_MEMBER_BYTES}")
    with archive.open("rb") as source:
        source.seek(place.start)
        left = place.size
        while left:
            chunk = source.read(min(left, _CHUNK_BYTES))
            if not chunk:
                raise VideoError(video, f"{archive.name} ends within it: the archive was cut off", cause="content")
            yield chunk
            left -= len(chunk)


@lru_cache(maxsize=256)
def _members(archive: str, size: int, mtime_ns: int) -> dict[str, _Place]:
    """Return where the members' contents lie; size and time are there for the cache."""
    found: dict[str, _Place] = {}
    with tarfile.open(archive, "r:") as tar:
        for member in tar:
            if member.isreg():
                found[member.name.removeprefix("./")] = _Place(member.offset_data, member.size)
            tar.members = []  # type: ignore[attr-defined]  # which would be kept for the archive's whole length
    return found
