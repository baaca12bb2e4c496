"""Searches that come at the same time are answered together.

While some are being answered, others come; these are the next batch. So nobody waits for company, and the busier a
server is, the more its searches share: texts are encoded together, and what a search looks up of its library is looked
up once. A search that cannot be answered costs itself alone, and one that nobody waits for any more is left out.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from framecue.errors import BusyError, LibraryNotFoundError
from framecue.library.library import Library
from framecue.library.results import Hit
from framecue.library.search.feedback import Marks
from framecue.library.search.query import Query, SearchOptions
from framecue.library.search.then import InOrder
from framecue.service.desk import Desk

__all__ = ["AskedSearch", "Batches", "Searches", "search_together"]

# The more, the less each costs, but the longer all wait for the last; beyond these little is gained.
MOST_AT_ONCE = 16
MOST_WAITING = 128
# Those that read files, or look at a condition that somebody wrote, may take many times as long as others.
LONG_AT_ONCE, MOST_LONG_WAITING = 2, 16

_NO_MARKS = Marks()

Question = TypeVar("Question")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class AskedSearch:
    """What to search for, which results, and what was right and wrong before."""

    query: Query | InOrder
    options: SearchOptions
    marks: Marks = _NO_MARKS


@dataclass(frozen=True, eq=False)
class _Waiting(Generic[Question, Answer]):
    question: Question
    answer: asyncio.Future[Answer]


class Batches(Generic[Question, Answer]):
    """Questions that wait for a worker, which takes several at once.

    Args:
        work: answers questions: for each its answer, or why there is none.
        most_at_once: how many it is given at once.
        most_waiting: how many may wait; more are turned away.
        workers: how many batches are at work at the same time.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Question]], Awaitable[Sequence[Answer | Exception]]],
        *,
        most_at_once: int = MOST_AT_ONCE,
        most_waiting: int = MOST_WAITING,
        workers: int = 1,
    ) -> None:
        self._work = work
        self._most_at_once, self._most_waiting, self._workers = most_at_once, most_waiting, workers
        self._waiting: deque[_Waiting[Question, Answer]] = deque()
        # Kept, as the loop itself holds tasks only weakly.
        self._tasks: set[asyncio.Task[None]] = set()
        self._num_at_work = 0

    async def ask(self, question: Question) -> Answer:
        """Return the answer; whoever is cancelled while this waits is not asked for any more.

        Raises:
            BusyError: too many wait already.
            Exception: why the question cannot be answered.
        """
        if len(self._waiting) >= self._most_waiting:
            self._waiting = deque(item for item in self._waiting if not item.answer.done())
        if len(self._waiting) >= self._most_waiting:
            raise BusyError(f"{len(self._waiting)} searches are waiting already, which is all that may; try again soon")
        item: _Waiting[Question, Answer] = _Waiting(question, asyncio.get_running_loop().create_future())
        self._waiting.append(item)
        if self._num_at_work < self._workers:
            self._num_at_work += 1
            task = asyncio.create_task(self._answer_all())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await item.answer

    async def _answer_all(self) -> None:
        try:
            while batch := self._batch():
                await self._answer(batch)
        finally:
            # At once, and not when the loop gets to it: whoever asks in between would wait for nobody.
            self._num_at_work -= 1

    async def _answer(self, batch: Sequence[_Waiting[Question, Answer]]) -> None:
        try:
            answers = await self._work([item.question for item in batch])
        except Exception as error:  # whoever asks is told, whatever it is
            answers = [error] * len(batch)
        for item, answer in zip(batch, answers, strict=True):
            if item.answer.done():
                continue
            if isinstance(answer, Exception):
                item.answer.set_exception(answer)
            else:
                item.answer.set_result(answer)

    def _batch(self) -> list[_Waiting[Question, Answer]]:
        """Take the next questions that somebody still waits for."""
        batch: list[_Waiting[Question, Answer]] = []
        while self._waiting and len(batch) < self._most_at_once:
            item = self._waiting.popleft()
            if not item.answer.done():
                batch.append(item)
        return batch


class Searches:
    """The searches of a desk's libraries.

    Those that may take long (they read files, or look at a condition that somebody wrote) wait for each other, and
    never hold up the others.

    Args:
        desk: the libraries.
        most_at_once: how many searches of a library are answered together.
        most_waiting: how many may wait for that; more are turned away.
    """

    def __init__(self, desk: Desk, *, most_at_once: int = MOST_AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._desk = desk
        self._quick: dict[str, Batches[AskedSearch, list[Hit]]] = {}
        self._long: dict[str, Batches[AskedSearch, list[Hit]]] = {}
        self._most_at_once, self._most_waiting = most_at_once, most_waiting

    async def search(
        self,
        library: str | None,
        query: Query | InOrder,
        options: SearchOptions,
        *,
        marks: Marks = _NO_MARKS,
        takes_long: bool = False,
    ) -> list[Hit]:
        """Return the hits of a query, best first.

        Args:
            library: its name; None for the first.
            query: what to search for.
            options: which results.
            marks: results of the same search that were right or wrong.
            takes_long: whether it may take much longer than others.

        Raises:
            AbsentError: there is no library of that name.
            BusyError: too many searches wait already.
            FramecueError: see ``Library.search``.
        """
        name = self._desk.shelf(library).name
        asked = AskedSearch(query, options, marks)
        return await self._of(name, takes_long=takes_long).ask(asked)

    def _of(self, name: str, *, takes_long: bool) -> Batches[AskedSearch, list[Hit]]:
        kept = self._long if takes_long else self._quick
        if name not in kept:
            limits = (
                {"most_at_once": 1, "most_waiting": MOST_LONG_WAITING, "workers": LONG_AT_ONCE}
                if takes_long
                else {"most_at_once": self._most_at_once, "most_waiting": self._most_waiting}
            )
            kept[name] = Batches(partial(self._work, name), **limits)
        return kept[name]

    async def _work(self, name: str, asked: Sequence[AskedSearch]) -> Sequence[list[Hit] | Exception]:
        return await self._desk.ask(name, lambda library: search_together(library, asked))


def search_together(library: Library, asked: Sequence[AskedSearch]) -> list[list[Hit] | Exception]:
    """Return the hits of each search, or why there are none; those of the same options are answered together.

    Args:
        library: has a model.
        asked: what to search for; one with marks is answered by itself.
    """
    answers: list[list[Hit] | Exception] = [[] for _ in asked]
    alike: dict[SearchOptions, list[int]] = {}
    for place, each in enumerate(asked):
        if each.marks:
            answers[place] = _search_marked(library, each)
        else:
            alike.setdefault(each.options, []).append(place)
    for options, places in alike.items():
        found = _search(library, [asked[place].query for place in places], options)
        for place, answer in zip(places, found, strict=True):
            answers[place] = answer
    return answers


def _search_marked(library: Library, asked: AskedSearch) -> list[Hit] | Exception:
    marks = asked.marks
    try:
        return library.search(asked.query, options=asked.options, right=marks.right, wrong=marks.wrong)
    except LibraryNotFoundError:
        raise
    except Exception as error:
        return error


def _search(
    library: Library, queries: Sequence[Query | InOrder], options: SearchOptions
) -> list[list[Hit] | Exception]:
    try:
        return [*library.search_many(queries, options=options)]
    except LibraryNotFoundError:
        raise  # it is the same for all, and the desk knows what is waited for
    except Exception as error:
        if len(queries) == 1:
            return [error]
    # One of them fails, such as one with words that the library has none of: each by itself.
    return [answer for query in queries for answer in _search(library, [query], options)]
