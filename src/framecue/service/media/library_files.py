"""From the hash of a content to an open file of the library, and to no other file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from framecue.errors import AbsentError, AwayError, GoneError, VideoError
from framecue.library.library import Library
from framecue.library.state import FileState
from framecue.library.store.records import Content, ContentFile
from framecue.paths import is_url, path_on_disk
from framecue.service.media.kinds import media_type_of
from framecue.service.media.object_files import find_unchanged_object, open_object_file

__all__ = ["LibraryFile", "content_of", "file_of", "open_library_file", "type_by_head"]

# Without waiting for whoever writes to a pipe that has taken the file's place.
_OPENING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class LibraryFile:
    """A file of a library that was there, unchanged, when it was looked at.

    Attributes:
        content: what it holds.
        path: its absolute path, as the library has it, or its URL.
        state: its state, which is also that in which it was indexed.
    """

    content: Content
    path: str
    state: FileState

    @property
    def place(self) -> Path | str:
        """Where the file is, as the file system names it; an object's URL."""
        return self.path if is_url(self.path) else Path(path_on_disk(self.path))

    @property
    def name(self) -> str:
        """The file's name."""
        return Path(self.path).name

    def check_unchanged(self) -> None:
        """Refuse the file if it is no longer what it was.

        Raises:
            GoneError: it is gone, or has changed.
        """
        if is_url(self.path):
            find_unchanged_object(self.path, self.state)
            return
        with _opened(ContentFile(self.path, self.state)):
            pass


def content_of(library: Library, video_id: str) -> Content:
    """Return a content of a library.

    Raises:
        AbsentError: the library holds none with this hash.
        LibraryError: the library cannot be read.
    """
    content = library.content(video_id)
    if content is None:
        # The hash is not repeated: it may be anything.
        raise AbsentError("the library holds no video with this id; search again for the ids that it holds now")
    return content


def file_of(library: Library, video_id: str) -> LibraryFile:
    """Return the first file of a content that is there, unchanged.

    Raises:
        AbsentError: the library holds no content with this hash.
        GoneError: none of its files is there unchanged.
        LibraryError: the library cannot be read.
    """
    file, opened = open_library_file(library, video_id)
    opened.close()
    return file


def open_library_file(library: Library, video_id: str) -> tuple[LibraryFile, BinaryIO]:
    """Open the first file of a content that is there, unchanged.

    What is opened is looked at, not what is at the path a moment before: where a path leads elsewhere now, through a
    link or a folder that was replaced, the size or the time of what is there is not the one that the library knows.

    Returns:
        Which file it is, and the open file.

    Raises:
        AbsentError: the library holds no content with this hash.
        GoneError: none of its files is there unchanged.
        LibraryError: the library cannot be read.
    """
    content = content_of(library, video_id)
    first: GoneError | None = None
    for item in content.files:
        try:
            return LibraryFile(content, item.path, item.state), _open(item)
        except GoneError as error:
            first = first or error
    assert first is not None
    raise first


def type_by_head(file: LibraryFile, opened: BinaryIO) -> str:
    """Return the media type that an open file's first bytes say.

    Raises:
        AwayError: its store does not give them.
    """
    try:
        return media_type_of(opened)
    except VideoError as error:
        raise AwayError(f"{file.name} cannot be read ({error.reason})") from None


def _open(item: ContentFile) -> BinaryIO:
    if is_url(item.path):
        return open_object_file(item.path, item.state)
    name = Path(item.path).name
    try:
        descriptor = os.open(path_on_disk(item.path), _OPENING)
    except (FileNotFoundError, NotADirectoryError):
        raise GoneError(f"{name} is no longer where it was indexed; put it back, or index its folder again") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name cannot be used"
        raise GoneError(f"{name} cannot be read ({reason}); look at its permissions and its disk") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or FileState.of(status) != item.state:
        with suppress(OSError):
            os.close(descriptor)
        raise GoneError(f"{name} has changed since it was indexed; index its folder again")
    return os.fdopen(descriptor, "rb", buffering=0)


@contextmanager
def _opened(item: ContentFile) -> Iterator[BinaryIO]:
    file = _open(item)
    try:
        yield file
    finally:
        file.close()
