"""Frames from a store, in the place of the videos that they were decoded from."""

from __future__ import annotations

import logging
import os
import zlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from framecue.errors import DatasetError, InputError, VideoError
from framecue.frame_store.index import read_index
from framecue.frame_store.layout import PREPARE, StoreOptions, other_data_dir, read_options, shard_name
from framecue.frame_store.stored import StoredVideo
from framecue.video import (
    Frames,
    FrameSampling,
    choose_moments,
    decode_jpeg,
    moments_of,
    of_one_size,
    shown_window,
)
from framecue.video.read.archived import size_and_time
from framecue.video.read.window import check_short_side

__all__ = ["StoreFrameSource"]

logger = logging.getLogger(__name__)

_MOST_NAMED = 3


class StoreFrameSource:
    """Reads from a store the frames that a sampling on its grid takes of a video; see :class:`FrameSource`.

    They are those that the video itself gives to the same sampling, but for the compression. The data set may lie
    elsewhere than when the store was made, and its video files need not be there. It can be pickled, used after a fork,
    and shared by threads.

    Args:
        folder: the store, as ``framecue datasets prepare`` makes it.
        data_dir: the data set's folder, as it was given to ``prepare``: a video is found by its path below it. None
            finds a video by the end of its path, if only one in the store has such an end, and no other video was
            found so that lies in a folder around it: ``a.mp4`` is not ``other/a.mp4``.

    Attributes:
        folder: the store.
        data_dir: the data set's folder, absolute; None if it is not known.
        options: what frames it holds.

    Raises:
        DatasetError: there is no store, it is damaged, or a shard is lost or cut off; each is named.
    """

    def __init__(self, folder: str | Path, *, data_dir: str | Path | None = None) -> None:
        self.folder = Path(folder)
        self.data_dir = None if data_dir is None else _absolute(data_dir)
        self.options: StoreOptions = read_options(self.folder)
        index = read_index(self.folder)
        for number, size_bytes in index.shard_bytes.items():
            self._check_shard(number, size_bytes)
        self._videos = index.videos
        self._same: set[str] = set()
        # Where the data set lies, as the ends of paths tell, if that was not said.
        self._roots: set[PurePosixPath] = set()

    def __reduce__(self) -> tuple[partial[StoreFrameSource], tuple[Path]]:
        return partial(type(self), data_dir=self.data_dir), (self.folder,)

    def require(self, paths: Iterable[str | Path]) -> None:
        """Refuse videos that the store lacks, before any work is done; those that could not be read count as there.

        A warning tells of a store that was filled from another folder than the data set's.

        Raises:
            DatasetError: some are not in the store.
        """
        other = None if self.data_dir is None else other_data_dir(self.folder, self.data_dir)
        if other is not None:
            logger.warning(
                "frame store %s was filled from %s; a video in %s is taken for the one of its name there, if it is as "
                "long in bytes",
                self.folder, other, self.data_dir,
            )  # fmt: skip
        wanted = list(dict.fromkeys(map(str, paths)))
        # The outermost folders first, for they tell where the data set lies.
        found = {path: self._find(path) for path in sorted(wanted, key=lambda path: len(_absolute(path).parts))}
        missing = [path for path in wanted if found[path] is None]
        if missing:
            named = ", ".join(missing[:_MOST_NAMED]) + (", ..." if len(missing) > _MOST_NAMED else "")
            raise DatasetError(
                f"frame store {self.folder} lacks {len(missing)} of {len(wanted)} videos ({named}); "
                f"`{PREPARE} {self.folder}` adds what is missing"
            )

    def check_rate(self, frames_per_second: float | None) -> None:
        """Refuse a grid whose frames the store does not have.

        Raises:
            InputError: the store's rate is no multiple of it, or any frame is wanted (None).
        """
        self._step(frames_per_second)

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
        """Return the frames that a sampling takes of a video, or of a window of it; see :func:`read_frames`.

        Args:
            path: the video file, which need not be there.
            sampling: how many frames, and which; its grid is the store's, or every second, third, ... moment of it.
            rng: draw frames at random; it goes on as it does where the video is read.
            start_seconds: where the window starts; ``None`` for the beginning.
            end_seconds: where it ends; ``None`` for the end.
            short_side: scale larger frames down so that their short side has this many pixels; frames that the store
                holds at a smaller size stay so. The long side may be a pixel off, as it is rounded twice.

        Raises:
            DatasetError: the store lacks the video or the window, the video file has changed, or a shard is damaged.
            InputError: the window or ``short_side`` makes no sense, or the sampling is on no grid of the store.
            VideoError: the video could not be read when the store was made, or has nothing in the window.
        """
        check_short_side(short_side)
        step = self._step(sampling.frames_per_second)
        video = self._video(path)
        window = shown_window(video.extent, start_seconds, end_seconds, path=path)
        moments = choose_moments(video.extent, window, sampling, rng=rng) * step
        # What is shown at a moment before the first picture is that picture, on a coarser grid as well.
        whole = video.extent.start_seconds, video.extent.pictures_end_seconds
        first = moments_of(video.extent, whole, self.options.frames_per_second).start
        moments = np.maximum(moments, first)
        places = moments - video.first_moment
        if places.min() < 0 or places.max() >= len(video.moment_frames):
            rate = self.options.frames_per_second
            held = video.first_moment / rate, (video.first_moment + len(video.moment_frames)) / rate
            raise DatasetError(
                f"{path}: frame store {self.folder} holds it from {held[0]:.1f} to {held[1]:.1f} seconds, which is not "
                f"all that is wanted of it; `{PREPARE} {self.folder}` adds the rest"
            )
        chosen = video.moment_frames[places]
        numbers, slots = np.unique(chosen, return_inverse=True)
        pictures = self._pictures(video, numbers, short_side)
        return Frames(
            of_one_size([pictures[slot] for slot in slots.tolist()]),
            video.times_seconds[chosen],
            int(np.isin(moments, video.stand_ins).sum()),
        )

    def _pictures(self, video: StoredVideo, numbers: np.ndarray, short_side: int | None) -> list[np.ndarray]:
        shard = self.folder / shard_name(video.shard)
        offsets, lengths = video.offsets[numbers].tolist(), video.lengths[numbers].tolist()
        found = []
        try:
            # Opened anew each time: nothing is shared with other threads and processes, and it costs microseconds.
            with shard.open("rb", buffering=0) as file:
                for offset, length in zip(offsets, lengths, strict=True):
                    file.seek(offset)
                    found.append(file.read(length))
        except OSError as error:
            raise DatasetError(f"{shard}: cannot be read ({error.strerror}); {self._way_out(shard)}") from error
        for data, checksum in zip(found, video.checksums[numbers].tolist(), strict=True):
            if zlib.crc32(data) != checksum:
                raise DatasetError(f"{shard}: is damaged (video {video.path}); {self._way_out(shard)}")
        return [decode_jpeg(data, short_side=short_side) for data in found]

    def _video(self, path: str | Path) -> StoredVideo:
        video = self._find(path)
        if video is None:
            raise DatasetError(
                f"{path}: is not in frame store {self.folder}; `{PREPARE} {self.folder}` adds what is missing"
            )
        if str(path) not in self._same:
            self._check_same(path, video)
            self._same.add(str(path))
        if video.reason is not None:
            raise VideoError(path, f"{video.reason} (when frame store {self.folder} was made)", cause=video.cause)
        return video

    def _find(self, path: str | Path) -> StoredVideo | None:
        """Return the video of a path; None if there is none, or it cannot be told which."""
        absolute = _absolute(path)
        whole = self._videos.get(absolute.as_posix())
        if whole is not None:
            return whole
        if self.data_dir is not None:
            inside = absolute.is_relative_to(self.data_dir)
            return self._videos.get(absolute.relative_to(self.data_dir).as_posix()) if inside else None
        place = PurePosixPath(absolute.as_posix())
        roots = [root for root in place.parents if str(place.relative_to(root)) in self._videos]
        if len(roots) != 1 or any(_is_nested(roots[0], other) for other in self._roots):
            return None
        self._roots.add(roots[0])
        return self._videos[str(place.relative_to(roots[0]))]

    def _check_same(self, path: str | Path, video: StoredVideo) -> None:
        # By its size alone: a copy of a data set has other times.
        try:
            size_bytes, _ = size_and_time(path)
        except (OSError, ValueError, VideoError):  # a video need not be there
            return
        if size_bytes != video.size_bytes:
            raise DatasetError(
                f"{path}: has {size_bytes} bytes, and had {video.size_bytes} when frame store {self.folder} was made; "
                f"`{PREPARE} {self.folder}` reads it again"
            )

    def _step(self, frames_per_second: float | None) -> int:
        """Return which of the store's moments a grid takes: every so many."""
        held = self.options.frames_per_second
        if frames_per_second is None:
            raise InputError(
                f"frame store {self.folder} holds {held:g} frames a second, and the sampling takes any; "
                f"give it the grid (frames_per_second: {held:g}), or read the videos"
            )
        step = round(held / frames_per_second)
        if step < 1 or abs(step * frames_per_second - held) > 1e-9 * held:
            raise InputError(
                f"frame store {self.folder} holds {held:g} frames a second, no multiple of the {frames_per_second:g} "
                f"that are wanted; prepare one with --fps {frames_per_second:g}, or read the videos"
            )
        return step

    def _check_shard(self, number: int, size_bytes: int) -> None:
        shard = self.folder / shard_name(number)
        try:
            actual = shard.stat().st_size
        except OSError as error:
            raise DatasetError(f"{shard}: cannot be found ({error.strerror}); {self._way_out(shard)}") from error
        if actual != size_bytes:
            raise DatasetError(f"{shard}: has {actual} bytes, not {size_bytes}; {self._way_out(shard)}")

    def _way_out(self, shard: Path) -> str:
        return f"restore it, or remove it and run `{PREPARE} {self.folder}`, which reads its videos again"


def _absolute(path: str | Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 (Path.resolve would follow links)


def _is_nested(one: PurePosixPath, other: PurePosixPath) -> bool:
    return one != other and (one.is_relative_to(other) or other.is_relative_to(one))
