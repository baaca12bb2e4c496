"""The desk of a server: its libraries by name, opened once, and asked in threads of their own.

A `Library` is for one thread at a time, so each that is asked at once gets one of its own; they share the model and
LanceDB's caches, and each use sees the latest commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import PurePath
from typing import TypeVar

from framecue.encoder import Encoder
from framecue.errors import AbsentError, InputError
from framecue.library.fingerprint import load_named_model
from framecue.library.library import Library
from framecue.library.store import normal_uri
from framecue.service.shared_model import SharedModel

__all__ = ["Desk", "Shelf", "names_of"]

T = TypeVar("T")

# How many questions to libraries are worked on at once; more wait.
THREADS = 8


class Shelf:
    """One library of a server.

    Args:
        name: by which requests name it.
        uri: where it is.
        load_model: loads its model, which is done once; None for the one that it names.

    Attributes:
        model: of the library, for all who ask it; it is loaded when it is first needed.
    """

    def __init__(self, name: str, uri: str, load_model: Callable[[Library], Encoder] | None = None) -> None:
        load = load_model or _own_model
        self.name = name
        self.uri = normal_uri(uri)
        self.model = SharedModel(lambda: load(Library(self.uri)))
        # Those that nobody is using; the last one put back is taken first, as what it has read is the newest.
        self._idle: list[Library] = []

    @contextmanager
    def reading(self) -> Iterator[Library]:
        """Give a library that nobody else uses while the block runs, with the model."""
        try:
            library = self._idle.pop()
        except IndexError:
            library = Library(self.uri, model=self.model)
        try:
            yield library
        finally:
            self._idle.append(library)


class Desk:
    """The libraries of a server.

    Args:
        shelves: the libraries; a request that names none means the first.
        threads: how many questions are worked on at once.
    """

    def __init__(self, shelves: Sequence[Shelf], *, threads: int = THREADS) -> None:
        if not shelves:
            raise InputError("there is no library to serve; name one with --library")
        self._shelves = {shelf.name: shelf for shelf in shelves}
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="framecue-desk")

    @classmethod
    def of(
        cls,
        uris: Sequence[str],
        *,
        load_model: Callable[[Library], Encoder] | None = None,
        threads: int = THREADS,
    ) -> Desk:
        """Return a desk with the libraries at some places, named after their folders.

        Args:
            uris: where the libraries are.
            load_model: loads the model of a library; None for the one that the library names.
            threads: how many questions are worked on at once.
        """
        shelves = [Shelf(name, uri, load_model) for name, uri in zip(names_of(uris), uris, strict=True)]
        return cls(shelves, threads=threads)

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
            Exception: whatever the question raises.
        """
        shelf = self.shelf(name)

        def answer() -> T:
            with shelf.reading() as library:
                return question(library)

        return await asyncio.get_running_loop().run_in_executor(self._threads, answer)

    def close(self) -> None:
        """Let go of the threads; questions that wait are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)


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
