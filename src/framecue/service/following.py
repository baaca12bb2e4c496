"""Indexing while serving: folders are followed in a thread, and whoever asks is told how far it is.

It is the library's own watching, so whatever ends it, by whatever means, leaves whole commits.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from framecue.encoder import Encoder
from framecue.errors import FramecueError
from framecue.exported.stand_in import StandIn
from framecue.library.files.walk import NO_VIDEO
from framecue.library.indexing.options import AddOptions
from framecue.library.library import Library
from framecue.library.results import AddReport
from framecue.library.watching.watch import WatchOptions, check_paths, watch
from framecue.log import printable
from framecue.service.desk import Shelf
from framecue.service.urgency import be_less_urgent

__all__ = ["Following", "IndexingState", "indexing_document"]

logger = logging.getLogger(__name__)

IndexingState = Literal["none", "indexing", "waiting", "up to date", "stopped"]
"""What goes on: no folder is followed, files are indexed, all is indexed, or it has ended."""

# How long the end of a server waits for the file at hand. What comes after is lost, as in a run that is killed: the
# next one indexes it.
END_SECONDS = 10.0
_NOTICES_KEPT = 20


class _EndedError(BaseException):
    """The server ends; as with Ctrl-C, what is complete is kept."""


@dataclass(frozen=True)
class _Progress:
    done: float
    total: int

    def to_dict(self) -> dict[str, Any]:
        return {"done": self.done, "total": self.total, "unit": "files"}


class Following:
    """What follows folders for one library of a server.

    Args:
        shelf: the library, which need not exist yet.
        paths: the folders and files.
        options: how they are followed.
        on_notice: called with a line for a person when something happens to the folders or to the library.

    Raises:
        InputError: there is nothing at any of the paths.
    """

    def __init__(
        self,
        shelf: Shelf,
        paths: Sequence[str],
        *,
        options: WatchOptions | None = None,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        self.shelf, self.paths = shelf, check_paths(paths)
        self._options = options or WatchOptions(add=AddOptions())
        self._on_notice = on_notice or _log_notice
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="framecue-following", daemon=True)
        # What is told; each is replaced as a whole, so that a reader in another thread needs no lock.
        self._state: IndexingState = "indexing"
        self._progress: _Progress | None = None
        self._num_waiting = 0
        self._skipped: dict[str, str] = {}
        self._notices: deque[str] = deque(maxlen=_NOTICES_KEPT)
        self._problem: str | None = None
        self._last: AddReport | None = None

    @property
    def awaited(self) -> str:
        """What has to happen before there is a library, in a sentence for who asks one that is not there yet."""
        return f"nothing is indexed yet; what is put into {', '.join(self.paths)} can be found as soon as it is indexed"

    def start(self) -> None:
        """Begin to follow the folders; return at once."""
        self.shelf.following = self
        self._thread.start()

    def tell_to_end(self) -> None:
        """Have it stop after the file at hand; return at once."""
        self._ending.set()

    def end(self, *, wait_seconds: float = END_SECONDS) -> bool:
        """Stop after the file at hand, and return whether that was in time.

        Args:
            wait_seconds: how long to wait for it.
        """
        self.tell_to_end()
        if self._thread.ident is not None:
            self._thread.join(wait_seconds)
        return not self._thread.is_alive()

    def to_dict(self) -> dict[str, Any]:
        """Return the document that the API gives."""
        return {
            "watching": self.paths,
            # What was copied a moment ago is not there yet, whatever the last run has found.
            "state": "waiting" if self._state == "up to date" and self._num_waiting else self._state,
            "waiting": self._num_waiting,
            "progress": None if self._progress is None else self._progress.to_dict(),
            "skipped": [{"path": path, "reason": reason} for path, reason in self._skipped.items()],
            "notices": list(self._notices),
            "problem": self._problem,
            "last": None if self._last is None else self._last.to_dict(),
        }

    def _run(self) -> None:
        be_less_urgent()
        try:
            library = _ToldOf(self.shelf.uri, _model_itself(self.shelf.model), on_done=self._note_done)
            watch(
                library,
                self.paths,
                options=self._options,
                stop_event=self._ending,
                on_report=lambda report: self._note_report(library, report),
                on_notice=self._note,
                progress=self._note_progress,
                on_waiting=self._note_waiting,
            )
        except _EndedError:
            pass
        except FramecueError as error:
            self._problem = str(error)
            self._on_notice(f"indexing has stopped: {error}")
        except Exception:
            self._problem = "framecue has a defect here; the server's log says where"
            logger.exception("indexing ended in a defect of framecue")
        finally:
            self._progress, self._num_waiting, self._state = None, 0, "stopped"

    def _note_progress(self, done: float, total: int) -> None:
        if self._ending.is_set():
            raise _EndedError
        self._state, self._progress = "indexing", _Progress(float(done), total)

    def _note_waiting(self, number: int) -> None:
        self._num_waiting = number

    def _note_report(self, library: Library, report: AddReport) -> None:
        # A file that was mended is no longer among those that cannot be read; one whose folder could not be entered
        # never was.
        unreadable = {item.path for item in library.info().unreadable} if library.exists else set()
        kept = {path: reason for path, reason in self._skipped.items() if path in unreadable}
        new = {item.path: item.reason for item in (*report.still_unreadable, *report.skipped)}
        # A folder that is followed may well be empty: there is no file that could not be indexed.
        new = {path: reason for path, reason in new.items() if reason != NO_VIDEO}
        self._skipped = {**kept, **new}
        self._last = report

    def _note_done(self) -> None:
        self._progress, self._state = None, "up to date"

    def _note(self, line: str) -> None:
        self._notices.append(line)
        self._on_notice(line)


class _ToldOf(Library):
    """A library that tells when a run of indexing is done: watching reports of those alone that did anything."""

    def __init__(self, uri: str, model: Encoder, *, on_done: Callable[[], None]) -> None:
        super().__init__(uri, model=model)
        self._on_done = on_done

    def add(self, *args: Any, **named: Any) -> AddReport:
        """See `Library.add`."""
        report = super().add(*args, **named)
        self._on_done()
        return report


def indexing_document(shelf: Shelf) -> dict[str, Any]:
    """Return how far indexing into a library of a server is, also where no folder is followed."""
    if shelf.following is not None:
        return shelf.following.to_dict()
    nothing: dict[str, Any] = {
        "waiting": 0,
        "progress": None,
        "skipped": [],
        "notices": [],
        "problem": None,
        "last": None,
    }
    return {"watching": [], "state": "none", **nothing}


def _model_itself(model: Encoder) -> Encoder:
    """Return what encodes videos: what stands for it in searches would hide how it is best used."""
    while isinstance(model, StandIn):
        model = model.model
    return model


def _log_notice(line: str) -> None:
    logger.warning("%s", printable(line))
