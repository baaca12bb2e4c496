"""Frames that are kept on disk, so that a file is decoded once for all validations and evaluations.

Frames that training draws at random are not kept.
"""

from __future__ import annotations

import hashlib
import io
import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import numpy as np

from framecue.errors import InputError, VideoError
from framecue.video.read.archived import archived
from framecue.video.read.frame_source import FrameSource
from framecue.video.read.frames import Frames
from framecue.video.read.sampling import FrameSampling
from framecue.video.read.stored_object import find_object, url_of

__all__ = ["CACHE_BYTES", "CachedFrameSource"]

# To be raised when other pixels or times come of the same file: what was kept before is not found any more.
_FORMAT = 2
_DIGEST_BYTES = 16
# Looking through the folder takes a second for a hundred thousand entries.
_SHARE_UNSEEN, _SHARE_FREED = 0.05, 0.1

CACHE_BYTES = 20 << 30
"""How much a cache keeps on disk, unless told: 20 GB."""


class CachedFrameSource:
    """Keeps in a folder what another source reads, and takes it from there as long as the file is the same.

    A file is the same if its path, size and time of change are. An entry is found again by these, the sampling, the
    window and ``short_side``; reads that draw frames at random are not kept. An entry that is damaged is read anew, and
    so is one that cannot be written: a full disk costs time alone. Several processes may share a folder.

    Each entry takes F x H x W x 3 bytes (12 frames of 224 x 298 pixels are 2.4 MB). Where all of them would take more
    than ``max_bytes``, those that were not used for longest are removed. Each process that shares the folder may go
    beyond that by a twentieth. The folder may be deleted at any time, also while it is used.

    Args:
        source: what reads the files.
        folder: where to keep frames; made if it is not there.
        max_bytes: how much to keep at most.

    Raises:
        InputError: the folder cannot be made, or ``max_bytes`` is below 1.
    """

    def __init__(self, source: FrameSource, folder: str | Path, *, max_bytes: int = CACHE_BYTES) -> None:
        if max_bytes < 1:
            raise InputError(f"max_bytes is {max_bytes}; it must be at least 1")
        self._source = source
        self._folder = Path(folder)
        self._max_bytes = max_bytes
        self._unseen_bytes: int | None = None  # written since the folder was looked through; None before the first time
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder}: no folder for frames can be made here ({error.strerror})") from error

    def read_frames(
        self,
        path: str | Path,
        sampling: FrameSampling,
        *,
        rng: np.random.Generator | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
        short_side: int | None = None,
    ) -> Frames:
        """Return the frames that a sampling takes of a video; see :meth:`FrameSource.read_frames`."""

        def read() -> Frames:
            return self._source.read_frames(
                path, sampling, rng=rng, start_seconds=start_seconds, end_seconds=end_seconds, short_side=short_side
            )

        state = None if rng is not None else _state(path)
        if state is None:  # also a file that is not there: the source has the words
            return read()
        key = repr((_FORMAT, state, sampling, start_seconds, end_seconds, short_side))
        name = hashlib.blake2b(key.encode(), digest_size=20).hexdigest()
        # In folders of their own, as some file systems are slow with very many files in one.
        entry = self._folder / name[:2] / name[2:]
        frames = _load(entry)
        if frames is None:
            frames = read()
            if _state(path) == state:
                self._keep(entry, frames)
        else:
            with suppress(OSError):
                os.utime(entry)  # it is used
        return frames

    def _keep(self, entry: Path, frames: Frames) -> None:
        num_bytes = frames.pixels.nbytes + frames.times_seconds.nbytes
        if num_bytes > self._max_bytes // 2:
            return
        written = None if self._unseen_bytes is None else self._unseen_bytes + num_bytes
        if written is None or written > self._max_bytes * _SHARE_UNSEEN:
            _make_room(self._folder, self._max_bytes - num_bytes)
            written = 0
        self._unseen_bytes = written
        _write(entry, frames)


def _state(path: str | Path) -> tuple[str, int, int] | None:
    if (url := url_of(str(path))) is not None:
        try:
            found = find_object(url)
        except VideoError:
            return None
        return url, found.size_bytes, int.from_bytes(_digest(str(found.tag).encode())[:7], "big")
    member = archived(path)
    try:
        status = (Path(path) if member is None else member[0]).stat()
    except (OSError, ValueError):
        return None
    return str(Path(path).absolute()), status.st_size, status.st_mtime_ns


def _load(entry: Path) -> Frames | None:
    """Return what is kept, or None where nothing whole is."""
    try:
        data = entry.read_bytes()
    except OSError:
        return None
    # A digest, as a computer that loses power may leave a file of the right length with other bytes.
    if _digest(data[_DIGEST_BYTES:]) != data[:_DIGEST_BYTES]:
        return None
    arrays = io.BytesIO(data[_DIGEST_BYTES:])
    return Frames(np.load(arrays, allow_pickle=False), np.load(arrays, allow_pickle=False))


def _make_room(folder: Path, max_bytes: int) -> None:
    """Remove the entries that were used longest ago, so that the others take no more than this and a tenth less."""
    found: list[tuple[float, int, Path]] = []
    for path in folder.glob("??/*"):
        with suppress(OSError):
            status = path.stat()
            found.append((status.st_mtime, status.st_size, path))
    num_bytes = sum(size for _, size, _ in found)
    if num_bytes <= max_bytes:
        return
    for _, size, path in sorted(found):
        if num_bytes <= max_bytes * (1 - _SHARE_FREED):
            return
        with suppress(OSError):
            path.unlink()
            num_bytes -= size


def _write(entry: Path, frames: Frames) -> None:
    arrays = io.BytesIO()
    np.save(arrays, frames.pixels, allow_pickle=False)
    np.save(arrays, frames.times_seconds, allow_pickle=False)
    unfinished = entry.with_name(f"{entry.name}-{uuid4().hex[:8]}.tmp")
    with suppress(OSError):
        try:
            entry.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                file.write(_digest(arrays.getbuffer()))
                file.write(arrays.getbuffer())
            unfinished.replace(entry)
        except OSError:
            unfinished.unlink(missing_ok=True)


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
