"""Clips cut out of a library's videos, for whoever saves them: a few at a time, and nothing of them stays."""

from __future__ import annotations

import math
import threading
from contextlib import suppress
from pathlib import PurePath
from typing import BinaryIO

from framecue.errors import BusyError, FramecueError, InputError, UnsupportedError, VideoError
from framecue.service.media.cache import MediaCache
from framecue.service.media.library_files import LibraryFile
from framecue.times import exact_clock
from framecue.video.isolate.clip import clip_video
from framecue.video.isolate.isolated import IsolatedReader

__all__ = ["MAX_CLIP_SECONDS", "ClipCutter", "check_clip", "clip_name"]

MAX_CLIP_SECONDS = 600.0
"""How long a clip may be."""

_AT_ONCE = 2
_RETRY_SECONDS = 5
_SUFFIX = ".mp4"


def check_clip(file: LibraryFile, start_seconds: float, end_seconds: float) -> None:
    """Refuse a clip that is not to be cut.

    Raises:
        InputError: the moment makes no sense, is too long, or the file is a picture.
    """
    if file.content.kind == "image":
        raise InputError(f"{file.name} is a picture, of which no clip can be cut")
    if not 0 <= start_seconds < end_seconds < math.inf:
        raise InputError("no clip runs from this start to this end: give 0 <= start < end, in seconds")
    if end_seconds - start_seconds > MAX_CLIP_SECONDS:
        raise InputError(f"the clip is too long; ask for {MAX_CLIP_SECONDS:g} seconds at most")
    if start_seconds >= file.content.duration_seconds:
        raise InputError(f"{file.name} lasts {file.content.duration_seconds:.3f} seconds; start earlier")


def clip_name(file: LibraryFile, start_seconds: float, end_seconds: float) -> str:
    """Return what a clip is called when it is saved: ``dog 0.01.5-0.06.5.mp4``."""
    start, end = (exact_clock(seconds).replace(":", ".") for seconds in (start_seconds, end_seconds))
    return f"{PurePath(file.path).stem} {start}-{end}{_SUFFIX}"


class ClipCutter:
    """Cuts clips; any thread may ask.

    Args:
        cache: in whose folder they are written.
    """

    def __init__(self, cache: MediaCache) -> None:
        self._cache = cache
        self._room = threading.BoundedSemaphore(_AT_ONCE)

    def cut(
        self, file: LibraryFile, start_seconds: float, end_seconds: float, *, reader: IsolatedReader | None = None
    ) -> BinaryIO:
        """Cut a clip, and return it as an open file that nobody else finds, and that is gone when it is closed.

        Args:
            file: of the library.
            start_seconds: where the clip starts.
            end_seconds: where it ends; later than the video's end means that end.
            reader: in whose process to read; closing it from another thread gives the clip up.

        Raises:
            InputError: see :func:`check_clip`.
            UnsupportedError: the video cannot be read.
            BusyError: too many are being cut.
            FramecueError: it cannot be written, or was given up.
        """
        check_clip(file, start_seconds, end_seconds)
        if not self._room.acquire(blocking=False):
            raise BusyError("several clips are being cut already; try again in some seconds", _RETRY_SECONDS)
        try:
            return self._cut(file, start_seconds, end_seconds, reader)
        finally:
            self._room.release()

    def _cut(
        self, file: LibraryFile, start_seconds: float, end_seconds: float, reader: IsolatedReader | None
    ) -> BinaryIO:
        file.check_unchanged()
        place = self._cache.temporary(_SUFFIX)
        try:
            clip_video(file.place, place, start_seconds, end_seconds, reader=reader)
            file.check_unchanged()
            return place.open("rb", buffering=0)
        except VideoError as error:
            message = f"{file.name} cannot be cut: {error.reason}"
            raise (FramecueError(message) if error.cause is None else UnsupportedError(message)) from error
        finally:
            # Open files live on without a name; where they do not, the next server that starts removes it.
            with suppress(OSError):
                place.unlink()
