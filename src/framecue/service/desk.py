"""The desk of a server: its libraries by name, opened once, and asked in threads of their own.

A `Library` is for one thread at a time, so each that is asked at once gets one of its own; they share the model and
LanceDB's caches, and each use sees the latest commit.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeVar

from framecue.encoder import Encoder, Fingerprint
from framecue.errors import AbsentError, FingerprintError, FramecueError, InputError, LibraryNotFoundError
from framecue.library.fingerprint import load_named_model
from framecue.library.library import Library
from framecue.library.store import normal_uri
from framecue.library.store.time_limit import time_limit
from framecue.log import printable
from framecue.service.shared_model import SharedModel

if TYPE_CHECKING:
    from framecue.service.following import Following

__all__ = ["Desk", "Shelf", "names_of"]

logger = logging.getLogger(__name__)

T = TypeVar("T")
LoadModel = Callable[[Library], Encoder]

# How many questions to libraries are worked on at once; more wait.
THREADS = 12
# How long what is read of a library for one question may take.
ANSWER_SECONDS = 30.0
# A first search opens tables and indexes, and learns what an ordinary score is; so the first person need not wait.
_FIRST_QUERY = "a dog"


class Shelf:
    """One library of a server.

    Args:
        name: by which requests name it.
        uri: where it is; it need not exist yet.
        load_model: loads its model, which is done once.
        answer_seconds: how long reading for one question may take; None for any time.

    Attributes:
        model: of the library, for all who ask it; it is loaded when it is first needed.
        following: what indexes into it while it is served; None if nothing does.
    """

    def __init__(self, name: str, uri: str, load_model: LoadModel, *, answer_seconds: float | None = None) -> None:
        self.name = name
        self.uri = normal_uri(uri)
        self._load_model = load_model
        self.model = SharedModel(self._load)
        self._loaded_for: Fingerprint | None = None
        self.following: Following | None = None
        self._answer_seconds = answer_seconds
        # Those that nobody is using; the last one put back is taken first, as what it has read is the newest.
        self._idle: list[Library] = []

    @contextmanager
    def reading(self) -> Iterator[Library]:
        """Give a library that nobody else uses while the block runs, with the model; reading it is limited in time.

        Raises:
            TooSlowError: in the block, when the time is over.
            LibraryNotFoundError: in the block, where there is nothing yet; it says what it waits for, if folders are
                followed.
        """
        with self._opened(self._answer_seconds) as library:
            yield library

    @contextmanager
    def writing(self) -> Iterator[Library]:
        """Give a library likewise, to write to it: whoever does bounds the time of that.

        Raises:
            LibraryNotFoundError: as for `reading`.
        """
        with self._opened(None) as library:
            yield library

    @contextmanager
    def _opened(self, seconds: float | None) -> Iterator[Library]:
        try:
            library = self._idle.pop()
        except IndexError:
            library = Library(self.uri, model=self.model)
        try:
            with time_limit(seconds):
                yield library
        except LibraryNotFoundError as error:
            if self.following is None:
                raise
            raise LibraryNotFoundError(self.following.awaited) from error
        except FingerprintError as error:
            if library.fingerprint == self._loaded_for:
                raise
            # Another process has made it anew (`index --again --model OTHER`).
            self.model.forget()
            raise FingerprintError(
                "the library was made anew with another model; search again, and it is loaded"
            ) from error
        finally:
            self._idle.append(library)

    def _load(self) -> Encoder:
        library = Library(self.uri)
        self._loaded_for = library.fingerprint if library.exists else None
        return self._load_model(library)


class Desk:
    """The libraries of a server.

    Args:
        uris: where the libraries are; each is named after its folder, and a request that names none means the first.
        load_model: loads the model of a library; None for the one that the library names. Libraries of one model share
            it.
        threads: how many questions are worked on at once.
        answer_seconds: how long reading for one question may take; None for any time.

    Raises:
        InputError: there is no library.
    """

    def __init__(
        self,
        uris: Sequence[str],
        *,
        load_model: LoadModel | None = None,
        threads: int = THREADS,
        answer_seconds: float | None = ANSWER_SECONDS,
    ) -> None:
        if not uris:
            raise InputError("there is no library to serve; name one with --library")
        self._load_model = load_model or _own_model
        self._loading = threading.Lock()
        self._shelves = {
            name: Shelf(name, uri, self._model_for, answer_seconds=answer_seconds)
            for name, uri in zip(names_of(uris), uris, strict=True)
        }
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="framecue-desk")
        self._is_closed = threading.Event()

    @property
    def shelves(self) -> list[Shelf]:
        """The libraries, the first being the one that is meant without a name."""
        return list(self._shelves.values())

    def shelf(self, name: str | None = None) -> Shelf:
        """Return a library by its name, or the first.

        Raises:
            AbsentError: there is none of that name.
        """
        if name is None:
            return next(iter(self._shelves.values()))
        if name not in self._shelves:
            raise AbsentError(f"there is no library of that name; there are: {', '.join(self._shelves)}")
        return self._shelves[name]

    async def ask(self, name: str | None, question: Callable[[Library], T]) -> T:
        """Ask a library something in a thread, and return the answer; the event loop goes on meanwhile.

        Args:
            name: of the library; None for the first.
            question: gets the library, which is its own for as long as it runs.

        Raises:
            AbsentError: there is no library of that name.
            TooSlowError: reading takes longer than is allowed.
            Exception: whatever the question raises.
        """
        shelf = self.shelf(name)

        def answer() -> T:
            with shelf.reading() as library:
                return question(library)

        return await self.work(answer)

    async def work(self, action: Callable[[], T]) -> T:
        """Do something that takes a while in one of the desk's threads, and return what it returns.

        Raises:
            Exception: whatever it raises.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, action)

    def warm_up(self) -> None:
        """Begin to load the models, and to open tables by a first search, in a thread; return at once."""
        threading.Thread(target=self._warm_up, name="framecue-warm-up", daemon=True).start()

    def close(self) -> None:
        """Let go of the threads; questions that wait are dropped."""
        self._is_closed.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _warm_up(self) -> None:
        for shelf in self._shelves.values():
            if self._is_closed.is_set():
                return
            try:
                with shelf.reading() as library:
                    if library.exists:
                        library.search(_FIRST_QUERY, k=1)
            except FramecueError as error:
                # Whoever asks is told; the others are served.
                logger.warning("library %s cannot be searched: %s", shelf.name, printable(error))
            except Exception:
                logger.exception("the first search of library %s ended in a defect of framecue", shelf.name)

    def _model_for(self, library: Library) -> Encoder:
        with self._loading:
            if library.exists:
                wanted = library.fingerprint
                for shelf in self._shelves.values():
                    if shelf.model.state == "ready" and not wanted.differences(shelf.model.fingerprint()):
                        return shelf.model
            return self._load_model(library)


def names_of(uris: Sequence[str]) -> list[str]:
    """Return a name for each library: that of its folder without ``.lance``, with a number where two agree."""
    names: list[str] = []
    for uri in uris:
        path = PurePath(uri.rstrip("/"))
        stem = (path.stem if path.suffix == ".lance" else path.name) or "library"
        name, number = stem, 1
        while name in names:
            number += 1
            name = f"{stem}-{number}"
        names.append(name)
    return names


def _own_model(library: Library) -> Encoder:
    return load_named_model(library.fingerprint, near=library.uri)
