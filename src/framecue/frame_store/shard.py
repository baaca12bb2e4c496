"""A shard: a tar archive of JPEG pictures, in which each video ends with a document that says all about it.

Any program that reads tar reads it, and an index that is lost is made anew from it. The document comes after the
video's pictures, so of a shard whose writer was killed everything up to the last document is whole.
"""

from __future__ import annotations

import json
import os
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

from framecue.errors import OutputError
from framecue.frame_store.layout import PARTIAL_SUFFIX, shard_name
from framecue.frame_store.stored import StoredVideo

__all__ = ["ShardWriter", "scan_shard", "size_of"]

_BLOCK = tarfile.BLOCKSIZE
_DOCUMENT = "video.json"
_TAR_END = b"\0" * (2 * _BLOCK)


class ShardWriter:
    """Fills one shard, a video at a time. Use it in a ``with`` block, which leaves the shard unfinished.

    Args:
        folder: the store.
        number: the shard's.
        size_bytes: how much of an unfinished shard of this number is whole, and stays; 0 begins anew.
    """

    def __init__(self, folder: Path, number: int, *, size_bytes: int = 0) -> None:
        self.number, self.size_bytes = number, size_bytes
        self._finished = folder / shard_name(number)
        self._path = folder / f"{shard_name(number)}{PARTIAL_SUFFIX}"
        with _writing(self._path):
            self._file: BinaryIO = self._path.open("r+b" if size_bytes else "wb")
            self._file.truncate(size_bytes)
            self._file.seek(size_bytes)

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, video: StoredVideo, pictures: Sequence[bytes]) -> StoredVideo:
        """Write a video, and return it with its place in the shard.

        Raises:
            OutputError: it cannot be written; what was in the shard before stays.
        """
        offsets, chunks, end = [], [], self.size_bytes
        for number, picture in enumerate(pictures):
            member = _member(f"{video.id:08d}/{number:05d}.jpg", picture)
            offsets.append(end + _BLOCK)
            chunks.append(member)
            end += len(member)
        lengths = [len(picture) for picture in pictures]
        document = json.dumps(video.to_dict(), separators=(",", ":"), allow_nan=False).encode()
        chunks.append(_member(f"{video.id:08d}/{_DOCUMENT}", document))
        with _writing(self._path):
            try:
                self._file.write(b"".join(chunks))
                self._file.flush()
            except OSError:
                with suppress(OSError):
                    self._file.truncate(self.size_bytes)
                raise
        self.size_bytes += sum(map(len, chunks))
        return replace(
            video,
            shard=self.number,
            offsets=np.array(offsets, dtype=np.int64),
            lengths=np.array(lengths, dtype=np.int32),
        )

    def finish(self) -> int:
        """End the archive and give it its name, and return its size in bytes; nothing can be appended then.

        Raises:
            OutputError: it cannot be written.
        """
        with _writing(self._path):
            self._file.write(_TAR_END)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.rename(self._finished)
        return self.size_bytes + len(_TAR_END)


def size_of(pictures: Sequence[bytes]) -> int:
    """Return how many bytes pictures take in a shard, without the video's document."""
    return sum(_BLOCK + _padded(len(picture)) for picture in pictures)


def scan_shard(path: Path, number: int) -> tuple[list[StoredVideo], int]:
    """Return the videos of a shard that are whole, and where the last of them ends, in bytes.

    Args:
        path: the shard's file, finished or not, perhaps cut off or damaged.
        number: the shard's.
    """
    videos: list[StoredVideo] = []
    end = 0
    offsets: list[int] = []
    lengths: list[int] = []
    size_bytes = path.stat().st_size
    # What stands in a damaged file may be any member, so pictures are compared with the document's checksums.
    with path.open("rb") as file, suppress(tarfile.TarError, ValueError, KeyError, TypeError, OSError, EOFError):
        for name, offset, length in _members(file):
            if offset + _padded(length) > size_bytes:
                break
            if name.rpartition("/")[2] != _DOCUMENT:
                offsets.append(offset)
                lengths.append(length)
                continue
            document = json.loads(_bytes_at(file, offset, length))
            video = StoredVideo.from_dict(document, shard=number, offsets=offsets, lengths=lengths)
            if _is_whole(file, video):
                videos.append(video)
            offsets, lengths, end = [], [], offset + _padded(length)
    return videos, end


def _members(file: BinaryIO) -> Iterator[tuple[str, int, int]]:
    """Yield the name of each member of an archive, where it begins and how long it is."""
    with tarfile.open(fileobj=file, mode="r:") as archive:
        while (member := archive.next()) is not None:
            yield member.name, member.offset_data, member.size


def _is_whole(file: BinaryIO, video: StoredVideo) -> bool:
    if len(video.checksums) != len(video.offsets):
        return False
    places = zip(video.offsets.tolist(), video.lengths.tolist(), video.checksums.tolist(), strict=True)
    return all(zlib.crc32(_bytes_at(file, offset, length)) == checksum for offset, length, checksum in places)


def _bytes_at(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)


def _member(name: str, content: bytes) -> bytes:
    """Return a file as it lies in an archive: the same bytes each time."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info.tobuf(tarfile.USTAR_FORMAT) + content + b"\0" * (_padded(len(content)) - len(content))


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn an error of the operating system in the block into one that names the file."""
    try:
        yield
    except OSError as error:
        reason = f"cannot be written ({error.strerror or error}); what was finished stays, the same command goes on"
        raise OutputError(path, reason) from error
