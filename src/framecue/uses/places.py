"""Videos as a person names them: files, folders of them, and moments of files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from framecue.errors import InputError
from framecue.library.files.exclude import Exclude
from framecue.library.files.interface import PathsLike, as_list
from framecue.library.files.look import look_inside
from framecue.library.files.mixed import ALL_FILES
from framecue.library.results import Skipped
from framecue.object_store.urls import noted_path
from framecue.paths import absolute_path, exists, is_url
from framecue.video.read.suffixes import AMBIGUOUS_SUFFIXES, VIDEO_SUFFIXES
from framecue.video.write.hit_name import format_hit, parse_hit

__all__ = ["FoundPlaces", "VideoPlace", "check_window", "find_places"]


class VideoPlace(NamedTuple):
    """A video file, or a window of it.

    Attributes:
        path: the file.
        start_seconds: where the window starts; None for the beginning.
        end_seconds: where it ends; None for the end.
    """

    path: str
    start_seconds: float | None = None
    end_seconds: float | None = None

    @property
    def name(self) -> str:
        """The path, for a window with its times, as `framecue clip` takes it."""
        if self.start_seconds is None or self.end_seconds is None:
            return self.path
        return format_hit(self.path, self.start_seconds, self.end_seconds)


class FoundPlaces(NamedTuple):
    """What was found where a person looked.

    Attributes:
        places: videos, each once, in a fixed order.
        skipped: paths at which there is none, with reasons.
    """

    places: tuple[VideoPlace, ...]
    skipped: tuple[Skipped, ...]


def find_places(paths: PathsLike, *, exclude: Iterable[str] = (), moments: bool = False) -> FoundPlaces:
    """Find videos as an indexing run does: a file that is named is always one, of a folder all below that are videos.

    Args:
        paths: files and folders; ``~`` is the home folder.
        exclude: globs of what to leave out, see :class:`~framecue.library.files.exclude.Exclude`.
        moments: whether ``PATH@START-END`` names a window, where there is no file of that whole name.

    Raises:
        InputError: a glob is empty.
    """
    excluded = Exclude(exclude)
    places: dict[VideoPlace, None] = {}
    skipped: dict[str, Skipped] = {}
    for item in as_list(paths):
        window = _window(item) if moments else None
        if window is not None:
            places[window] = None
            continue
        for root, found in ALL_FILES.find(item, suffixes=VIDEO_SUFFIXES, exclude=excluded):
            if isinstance(found, Skipped):
                skipped.setdefault(found.path, found)
            elif found.path == root or not _is_other(found.path):
                places[VideoPlace(found.path)] = None
    return FoundPlaces(tuple(places), tuple(skipped.values()))


def check_window(start_seconds: float | None, end_seconds: float | None, where: str) -> None:
    """Refuse a window that holds nothing.

    Raises:
        InputError: it starts before the video, or does not end after its start; the message begins with ``where``.
    """
    start = 0.0 if start_seconds is None else start_seconds
    if start < 0 or (end_seconds is not None and end_seconds <= start):
        raise InputError(
            f"{where}: the window is from {start:g} s to {end_seconds if end_seconds is None else f'{end_seconds:g}'} "
            "s; give a start of 0 or more, and an end after it"
        )


def _window(item: str | os.PathLike[str]) -> VideoPlace | None:
    """Return the moment that a name means; None for a file, or what is to be looked for as one."""
    text = os.fspath(item)
    # No store is asked: times at the end of a URL are a moment's.
    if "@" not in text or (not is_url(text) and exists(absolute_path(text))):
        return None
    try:
        path, start_seconds, end_seconds = parse_hit(text)
    except InputError:
        return None
    return VideoPlace(noted_path(path), start_seconds, end_seconds)


def _is_other(path: str) -> bool:
    """Whether a file of a folder has a video's suffix by chance: a text, or tracker music."""
    return Path(path).suffix.lower() in AMBIGUOUS_SUFFIXES and look_inside(ALL_FILES, path) is not None
