"""Filling a store: each video is decoded once, in processes of its own; a run that was killed goes on where it was."""

from __future__ import annotations

import logging
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, Protocol

import numpy as np
from filelock import FileLock, Timeout

from framecue.cores import num_cores
from framecue.errors import DatasetError, InputError, OutputError, VideoError
from framecue.frame_store.index import write_index
from framecue.frame_store.layout import (
    LOCK_FILE,
    OPTIONS_FILE,
    StoreOptions,
    finished_shards,
    other_data_dir,
    partial_shards,
    read_options,
    write_options,
)
from framecue.frame_store.recovery import Found, find
from framecue.frame_store.shard import ShardWriter, size_of
from framecue.frame_store.stored import StoredVideo
from framecue.log import log_skipped
from framecue.outputs import refuse_url
from framecue.paths import exists, is_file
from framecue.progress import FilesDone, ProgressCallback
from framecue.read_ahead import read_ahead
from framecue.video import GridFrames, GridOptions, IsolatedFrameSource
from framecue.video.read.archived import size_and_time

__all__ = ["SHARD_BYTES", "GridSource", "Prepared", "WantedVideo", "prepare_store"]

logger = logging.getLogger(__name__)

SHARD_BYTES = 256 << 20
"""How large a shard becomes at most, unless one video alone is larger: 256 MB."""

# From so many videos on, what the rest will take is told from what they took.
_VIDEOS_TO_JUDGE_BY = 16


class GridSource(Protocol):
    """What reads the frames of a video on a grid: an ``IsolatedFrameSource``."""

    def read_grid(self, path: str | Path, options: GridOptions) -> GridFrames:
        """Return the frames of a video on a grid.

        Raises:
            VideoError: the file cannot be used.
        """
        ...


@dataclass(frozen=True)
class WantedVideo:
    """A video whose frames are wanted.

    Attributes:
        path: the file.
        start_seconds: from where on; None for its beginning.
        end_seconds: up to where; None for its end.
    """

    path: Path
    start_seconds: float | None = None
    end_seconds: float | None = None


@dataclass(frozen=True)
class Prepared:
    """What a run has made of a store.

    Attributes:
        folder: the store.
        num_videos: how many different videos were wanted.
        num_decoded: how many of them this run has decoded; the others were there, or cannot be read.
        num_frames: pictures of the wanted videos in the store.
        num_shards: shards in the store.
        size_bytes: of all shards.
        failed: the wanted videos that cannot be read, each with the reason.
    """

    folder: Path
    num_videos: int
    num_decoded: int
    num_frames: int
    num_shards: int
    size_bytes: int
    failed: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the document that ``framecue datasets prepare --json`` prints."""
        return {
            "store": str(self.folder),
            "videos": self.num_videos,
            "decoded": self.num_decoded,
            "frames": self.num_frames,
            "shards": self.num_shards,
            "size_bytes": self.size_bytes,
            "failed": [{"path": path, "reason": reason} for path, reason in self.failed],
        }


def prepare_store(
    folder: str | Path,
    videos: Iterable[WantedVideo],
    *,
    root: str | Path,
    options: StoreOptions | None = None,
    num_workers: int | None = None,
    shard_bytes: int = SHARD_BYTES,
    source: GridSource | None = None,
    progress: ProgressCallback | None = None,
) -> Prepared:
    """Decode videos into a store; what it holds already is not decoded again.

    A video is decoded again if its file has another size or time, or if more of it is wanted than before. One that
    cannot be read is noted with the reason, and tried again only where another try may go well. The folder may be read
    from meanwhile: the index tells of finished shards alone.

    Args:
        folder: the store, new or made before with the same options.
        videos: what is wanted; of a file that is named several times, from the earliest start to the latest end.
        root: the data set's folder, relative to which the index names the files.
        options: what frames to keep.
        num_workers: how many files are decoded at once; None for as many as there are cores.
        shard_bytes: how large a shard becomes at most.
        source: decodes the files; None for processes of their own.
        progress: called with (videos done, videos wanted) after each.

    Raises:
        DatasetError: the folder holds a store with other options, or something else, or another run fills it.
        OutputError: it cannot be written to, or the disk will not hold what is left to do.
        InputError: no video is wanted, or a number is below 1.
    """
    options = options or StoreOptions()
    num_workers = num_cores() if num_workers is None else num_workers
    for name, value in (("num_workers", num_workers), ("shard_bytes", shard_bytes)):
        if value < 1:
            raise InputError(f"{name} is {value}; it must be at least 1")
    wanted = _by_path(videos, Path(root))
    if not wanted:
        raise InputError("no videos to prepare; give at least one")
    store = Path(folder)
    refuse_url(store)
    with _locked(store):
        _check_options(store, options, root)
        run = _Run(store, options, find(store, tell=logger.warning), shard_bytes)
        if source is not None:
            return run.fill(wanted, source, num_workers, progress)
        with IsolatedFrameSource(num_processes=num_workers) as opened:
            return run.fill(wanted, opened, num_workers, progress)


class _Run:
    """A run that fills a store, of which it has the lock."""

    def __init__(self, folder: Path, options: StoreOptions, found: Found, shard_bytes: int) -> None:
        self._folder, self._options, self._max_bytes = folder, options, shard_bytes
        self._videos, self._shard_bytes = found.videos, found.shard_bytes
        self._next_shard, self._next_id = found.next_shard, found.next_id
        self._shard: ShardWriter | None = found.open_shard(folder) if found.partial_bytes else None

    def fill(
        self,
        wanted: dict[str, WantedVideo],
        source: GridSource,
        num_workers: int,
        progress: ProgressCallback | None,
    ) -> Prepared:
        states = {key: _state(video.path) for key, video in wanted.items()}
        todo = [key for key, video in wanted.items() if self._is_to_read(key, video, states[key])]
        num_done, num_decoded = len(wanted) - len(todo), 0
        num_bytes = 0
        if progress is not None:
            progress(FilesDone(num_done, ""), len(wanted))

        def read(key: str) -> GridFrames:
            return source.read_grid(wanted[key].path, self._grid(wanted[key]))

        coming = read_ahead(todo, read, num_threads=num_workers, num_waiting=2 * num_workers)
        try:
            with closing(coming):
                for number, (key, made) in enumerate(coming, start=1):
                    if isinstance(made, VideoError):
                        self._note_failure(wanted[key], key, states[key], made)
                    else:
                        num_bytes += self._add(wanted[key], key, states[key], made)
                        num_decoded += 1
                    if progress is not None:
                        progress(FilesDone(num_done + number, str(wanted[key].path)), len(wanted))
                    if number == _VIDEOS_TO_JUDGE_BY:
                        self._check_space(num_bytes / number * (len(todo) - number))
            self._finish_shard()
        finally:
            if self._shard is not None:
                self._shard.__exit__(None, None, None)
        held = [self._videos[key] for key in wanted]
        return Prepared(
            folder=self._folder,
            num_videos=len(wanted),
            num_decoded=num_decoded,
            num_frames=sum(len(video.times_seconds) for video in held),
            num_shards=len(self._shard_bytes),
            size_bytes=sum(self._shard_bytes.values()),
            failed=tuple((str(wanted[video.path].path), video.reason) for video in held if video.reason is not None),
        )

    def _grid(self, video: WantedVideo) -> GridOptions:
        return GridOptions(
            self._options.frames_per_second,
            self._options.short_side,
            self._options.quality,
            video.start_seconds,
            video.end_seconds,
        )

    def _is_to_read(self, key: str, video: WantedVideo, state: tuple[int, int]) -> bool:
        held = self._videos.get(key)
        if held is None or (held.size_bytes, held.modified_ns) != state:
            return True
        if not held.is_readable:
            return held.cause is None
        return not held.covers(video.start_seconds, video.end_seconds)

    def _note_failure(self, video: WantedVideo, key: str, state: tuple[int, int], error: VideoError) -> None:
        log_skipped(error.path, error.reason)
        held = self._videos.get(key)
        if held is not None and (held.size_bytes, held.modified_ns, held.reason) == (*state, error.reason):
            return
        self._write(self._new(video, key, state, reason=error.reason, cause=error.cause), ())

    def _add(self, video: WantedVideo, key: str, state: tuple[int, int], frames: GridFrames) -> int:
        made = replace(
            self._new(video, key, state),
            extent=frames.extent,
            first_moment=frames.first_moment,
            moment_frames=frames.moment_frames,
            stand_ins=np.array(frames.stand_ins, dtype=np.int64),
            times_seconds=frames.times_seconds,
            checksums=np.array([zlib.crc32(picture) for picture in frames.jpegs], dtype=np.int64),
        )
        return self._write(made, frames.jpegs)

    def _new(self, video: WantedVideo, key: str, state: tuple[int, int], **about: Any) -> StoredVideo:
        return StoredVideo(
            id=self._next_id,
            path=key,
            size_bytes=state[0],
            modified_ns=state[1],
            start_seconds=video.start_seconds,
            end_seconds=video.end_seconds,
            **about,
        )

    def _write(self, video: StoredVideo, pictures: Sequence[bytes]) -> int:
        """Write a video into the shard at hand, or into a new one, and return how many bytes it took."""
        size_bytes = size_of(pictures)
        if self._shard is not None and self._shard.size_bytes + size_bytes > self._max_bytes:
            self._finish_shard()
        if self._shard is None:
            self._shard = ShardWriter(self._folder, self._next_shard)
        self._videos[video.path] = self._shard.append(video, pictures)
        self._next_id += 1
        return size_bytes

    def _finish_shard(self) -> None:
        if self._shard is not None:
            self._shard_bytes[self._shard.number] = self._shard.finish()
            self._next_shard = self._shard.number + 1
            self._shard = None
        write_index(self._folder, self._videos.values(), self._shard_bytes)

    def _check_space(self, num_bytes: float) -> None:
        free = shutil.disk_usage(self._folder).free
        logger.info("about %.1f GB are still to come; %.1f GB are free", num_bytes / 1e9, free / 1e9)
        if num_bytes > free:
            raise OutputError(
                self._folder,
                f"the videos that are left will take about {num_bytes / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free; "
                "make room and run it again, which goes on here, or make another store of fewer frames (--fps), "
                "smaller ones (--short-side) or a lower --quality",
            )


def _by_path(videos: Iterable[WantedVideo], root: Path) -> dict[str, WantedVideo]:
    """Return the videos by their names in the index, each once, from the earliest start to the latest end."""
    found: dict[str, WantedVideo] = {}
    for video in videos:
        key = _key(video.path, root)
        other = found.get(key, video)
        starts, ends = (other.start_seconds, video.start_seconds), (other.end_seconds, video.end_seconds)
        found[key] = WantedVideo(
            other.path,
            None if None in starts else min(value for value in starts if value is not None),
            None if None in ends else max(value for value in ends if value is not None),
        )
    return found


def _key(path: Path, root: Path) -> str:
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 (Path.resolve would follow links, of which folders are made)
    inside: PurePath = absolute
    if absolute.is_relative_to(os.path.abspath(root)):  # noqa: PTH100
        inside = absolute.relative_to(os.path.abspath(root))  # noqa: PTH100
    return inside.as_posix()


def _state(path: Path) -> tuple[int, int]:
    """Return a file's size and time; zeros of one that is not there, for reading it has the words."""
    try:
        return size_and_time(path)
    except (OSError, ValueError, VideoError):
        return 0, 0


def _check_options(folder: Path, options: StoreOptions, root: str | Path) -> None:
    """Write a new store's options, or refuse a folder that holds something else; tell of another data set's folder.

    Raises:
        DatasetError: it does.
    """
    if is_file(folder / OPTIONS_FILE):
        held = read_options(folder)
        if held != options:
            raise DatasetError(
                f"{folder}: holds frames at {held.frames_per_second:g} a second, short side {held.short_side}, quality "
                f"{held.quality}; asked for were {options.frames_per_second:g}, {options.short_side} and "
                f"{options.quality}: name another folder, or ask for the same"
            )
        other = other_data_dir(folder, root)
        if other is not None:
            logger.warning(
                "%s holds frames of the data set in %s, and goes on with %s: where these are two data sets, make a "
                "store for each, as videos of the same names take each other's place",
                folder, other, root,
            )  # fmt: skip
            write_options(folder, options, data_dir=root)
        return
    others = [entry.name for entry in folder.iterdir() if entry.name != LOCK_FILE]
    if others and not (finished_shards(folder) or partial_shards(folder)):
        raise DatasetError(f"{folder}: holds something else already ({sorted(others)[0]}); name a new or empty folder")
    if others:
        raise DatasetError(f"{folder}: has shards, but no {OPTIONS_FILE}; restore it, or name another folder")
    write_options(folder, options, data_dir=root)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Be the only run that fills a store while the block runs; the folder is made if it is not there.

    Raises:
        DatasetError: another run fills it.
        OutputError: it cannot be written to.
    """
    try:
        if exists(folder) and not folder.is_dir():
            raise DatasetError(f"{folder}: is a file; name a folder")
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK_FILE)
        lock.acquire(timeout=0)
    except Timeout:
        raise DatasetError(f"{folder}: another run is filling this frame store; wait for it, or end it") from None
    except (OSError, NotImplementedError) as error:
        raise OutputError(folder, f"cannot be written ({getattr(error, 'strerror', None) or error})") from error
    try:
        yield
    finally:
        lock.release()
