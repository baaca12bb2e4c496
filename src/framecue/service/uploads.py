"""What people search with: pictures and videos that they upload.

Nobody has to trust them. They are read in another process with limits of their own, whatever they say they are, and are
never given a name in the file system where that can be avoided: a server that is killed leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Protocol, TypedDict

import numpy as np

from framecue.errors import InputError, UnsupportedError, VideoError
from framecue.library.library import Library
from framecue.service.desk import Desk
from framecue.video import IsolatedFrameSource, IsolatedReader
from framecue.video.isolate.questions.looks import LooksQuestion
from framecue.video.read.looks import Look

__all__ = ["Upload", "Uploads"]

# So few, as each may take a core and the memory below.
READ_AT_ONCE = 2
STALL_SECONDS, MAX_CPU_SECONDS = 20.0, 30.0
MEMORY_BYTES = 2 << 30
# What is called a picture may have so many in all: those of the largest cameras have half as many.
PICTURE_MEGAPIXELS = 250.0
# What a model sees of a picture is smaller by far.
LONGEST_SIDE = 1024
_PICTURE = "upload one that opens elsewhere, or name a moment of the library"
_ANSWER = "upload a picture or a video that plays here, or describe in words what it shows"


class Upload(Protocol):
    """A file that came with a request."""

    @property
    def file(self) -> BinaryIO:
        """Its content: all of it, on the disk or in memory."""
        ...

    @property
    def filename(self) -> str | None:
        """What it was called where it came from."""
        ...

    @property
    def size(self) -> int | None:
        """How many bytes it has."""
        ...


class Uploads:
    """Encodes uploads, a few at once; more wait.

    Args:
        desk: has the models.
        read_at_once: how many files are read at the same time.
        max_cpu_seconds: how much processor time one may take.
        memory_bytes: how much memory reading one may take.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        read_at_once: int = READ_AT_ONCE,
        max_cpu_seconds: float = MAX_CPU_SECONDS,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self._desk = desk
        self._room = asyncio.Semaphore(read_at_once)
        self._max_cpu_seconds, self._memory_bytes = max_cpu_seconds, memory_bytes

    async def encode(
        self, library: str | None, upload: Upload, *, is_picture: bool, at_seconds: float | None = None
    ) -> np.ndarray:
        """Return the vector of an upload, float32 (E,), of the model of a library.

        Args:
            library: its name; None for the first.
            upload: a picture or a video, whatever it was said to be.
            is_picture: whether it was said to be a picture, which is held to a picture's size.
            at_seconds: the moment of a video; None for all of it.

        Raises:
            UnsupportedError: it is no picture and no video, is damaged, or takes too much to be read.
            InputError: it is empty, or has no such moment.
            FramecueError: the library or its model cannot be used.
        """
        what = "picture" if is_picture else "video"
        if not upload.size:
            raise InputError(f"the {what} that was uploaded is empty; {_ANSWER}")

        def encoded(opened: Library) -> np.ndarray:
            with (
                _as_path(upload.file) as path,
                IsolatedFrameSource(**self._limits(is_picture=is_picture)) as source,
            ):
                try:
                    return opened.encode_file(path, at_seconds=at_seconds, source=source)
                except VideoError as error:
                    # Who uploads cannot allow more.
                    reason = re.sub("; max_[a-z_]+ allows more", "", error.reason)
                    message = f"the {what} that was uploaded cannot be read: {reason}; {_ANSWER}"
                    raise UnsupportedError(message) from error
                except InputError as error:
                    raise InputError(str(error).replace(path, f"the {what} that was uploaded")) from error

        async with self._room:
            return await self._desk.ask(library, encoded)

    async def picture(self, upload: Upload) -> np.ndarray:
        """Return what an uploaded picture shows, uint8 (H, W, 3), scaled down to `LONGEST_SIDE` pixels.

        Raises:
            UnsupportedError: it is no picture, is damaged, or takes too much to be read.
            InputError: it is empty.
        """
        if not upload.size:
            raise InputError("the picture that was uploaded is empty; upload another")

        def read() -> np.ndarray:
            with (
                _as_path(upload.file) as path,
                IsolatedReader(**self._limits(is_picture=True)) as reader,
            ):
                try:
                    looks = reader.ask(LooksQuestion(path, (0.0,), LONGEST_SIDE))
                    return next(each.pixels for each in looks if isinstance(each, Look))
                except StopIteration as error:
                    raise UnsupportedError(f"the picture that was uploaded shows nothing; {_PICTURE}") from error
                except VideoError as error:
                    reason = re.sub("; max_[a-z_]+ allows more", "", error.reason)
                    message = f"the picture that was uploaded cannot be read: {reason}; {_PICTURE}"
                    raise UnsupportedError(message) from error

        async with self._room:
            return await self._desk.work(read)

    def _limits(self, *, is_picture: bool) -> _Limits:
        """Return what the process that reads an upload may take."""
        return _Limits(
            stall_seconds=STALL_SECONDS,
            max_cpu_seconds=self._max_cpu_seconds,
            memory_bytes=self._memory_bytes,
            max_megapixels=PICTURE_MEGAPIXELS if is_picture else None,
        )


class _Limits(TypedDict):
    """Of a process that reads an upload."""

    stall_seconds: float
    max_cpu_seconds: float
    memory_bytes: int
    max_megapixels: float | None


@contextmanager
def _as_path(file: BinaryIO) -> Iterator[str]:
    """Give the content of an open file a path for other processes of this user, as long as the block runs."""
    file.seek(0)
    descriptor = f"/proc/{os.getpid()}/fd/{file.fileno()}"
    if sys.platform == "linux" and Path(descriptor).exists():
        file.flush()
        # The file has no name: it goes when this process lets go of it, even if that is killed.
        yield descriptor
        return
    with TemporaryDirectory(prefix="framecue-upload-") as folder:
        path = Path(folder, "upload")
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        yield str(path)
