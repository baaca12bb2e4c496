"""Reading what files are made of, in another process, each file once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from types import TracebackType
from typing import TYPE_CHECKING

from framecue.errors import VideoError
from framecue.library.state import FileState
from framecue.service.media.library_files import LibraryFile
from framecue.video.isolate.isolated import IsolatedReader
from framecue.video.isolate.questions.streams import StreamsQuestion
from framecue.video.read.heartbeat import Progress
from framecue.video.read.streams import FileStreams

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["StreamsReader"]

_MAX_KNOWN = 2000
# Somebody waits for a page meanwhile, and so do others.
_STALL_SECONDS = 10.0


class StreamsReader:
    """Says what files are made of; any thread may ask.

    The process that reads them is started when the first is asked for. What is known of a file is kept for as long as
    its size and its time stay.
    """

    def __init__(self) -> None:
        self._reader = IsolatedReader(stall_seconds=_STALL_SECONDS)
        self._reading = threading.Lock()
        self._known: OrderedDict[tuple[str, FileState], FileStreams | VideoError] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._reader.close()

    def __call__(self, file: LibraryFile) -> FileStreams:
        """Return what a file is made of.

        Raises:
            VideoError: it cannot be read.
        """
        key = (file.path, file.state)
        with self._reading:
            found = self._known.get(key)
            if found is None:
                try:
                    found = self._read(file)
                except VideoError as error:
                    # What may go better another time is tried again then.
                    if error.cause is None:
                        raise
                    found = error
                self._known[key] = found
                while len(self._known) > _MAX_KNOWN:
                    self._known.popitem(last=False)
            self._known.move_to_end(key)
        if isinstance(found, VideoError):
            raise VideoError(found.path, found.reason, cause=found.cause)
        return found

    def _read(self, file: LibraryFile) -> FileStreams:
        parts = self._reader.ask(StreamsQuestion(str(file.place)))
        (found,) = (part for part in parts if not isinstance(part, Progress))
        return found
