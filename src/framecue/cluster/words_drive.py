"""The driver's loop for words: files go to actors, a source at a time, and losses are made good.

It runs in the process that has the library and knows neither Ray nor the library. An actor keeps a file until all
sources have looked at it, so that it is fetched once; one that is lost costs what the source at hand has found.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from framecue.cluster.crew import ActorLostError, Crew, DataLostError, Hello, Member, Ticket
from framecue.cluster.losses import MOST_LOSSES, VERDICT_SECONDS, Losses
from framecue.errors import FramecueError, InputError, VideoError
from framecue.library.indexing.words_runner import FoundWords, WordsWork
from framecue.progress import FilesDone

__all__ = ["WordsDrive", "WordsReport"]

# How long the driver waits for an answer before it looks whether there is anything else to do, such as a commit.
_WAIT_SECONDS = 0.25
# Whether nodes live is asked this often.
_LOOK_SECONDS = 1.0
# Actors that end one after the other before any has looked at a file would go on doing so.
_MOST_FAILED_STARTS = 5
_SLOW_START_SECONDS = 15.0


@dataclass
class WordsReport:
    """What finding words on a cluster was like.

    Attributes:
        machines: the nodes that had actors, by name.
        actors_lost: how many actors ended by themselves, were killed, or could not be reached.
        tried_again: how many times a source had to begin a file again for that.
        skipped: how many times one was given up, as each of its tries ended an actor.
        notes: nodes that could not be used, a line each.
    """

    machines: set[str] = field(default_factory=set)
    actors_lost: int = 0
    tried_again: int = 0
    skipped: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass
class _Job:
    """A work, and the sources that are still to look at it; each of its sources has a number of its own for losses."""

    number: int
    work: WordsWork
    num_done: int = 0

    @property
    def source(self) -> str:
        return self.work.sources[self.num_done]

    @property
    def try_number(self) -> int:
        return self.number + self.num_done

    @property
    def is_done(self) -> bool:
        return self.num_done == len(self.work.sources)


@dataclass
class _Finder:
    """An actor: what it was asked last, and what it is at."""

    member: Member
    ticket: Ticket | None
    node: str | None = None
    job: _Job | None = None


class WordsDrive:
    """Finds words by a crew.

    Args:
        crew: starts actors and asks them.
        num_actors: how many work at once, 1 or more.
        keys: what the sources' fingerprints are here, by name; an actor's have to be the same.
        report: what becomes of it.
        on_notice: called with a line for people.
        clock: gives the time, in seconds from any point.
        verdict_seconds: see :class:`~framecue.cluster.losses.Losses`.
    """

    def __init__(
        self,
        crew: Crew,
        num_actors: int,
        keys: Mapping[str, str],
        report: WordsReport,
        *,
        on_notice: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        verdict_seconds: float = VERDICT_SECONDS,
    ) -> None:
        self._crew, self._num_actors, self._keys, self._report = crew, num_actors, keys, report
        self._on_notice, self._time = on_notice, clock
        self._losses = Losses(lambda node: node not in self._gone, verdict_seconds=verdict_seconds)
        self._finders: dict[Member, _Finder] = {}
        self._machines: dict[str, str] = {}
        self._gone: set[str] = set()
        self._faults: list[str] = []
        self._num_failed_starts = 0
        self._queue: deque[_Job] = deque()
        self._lost: list[_Job] = []
        self._found: list[FoundWords] = []
        self._num_done = self._next_number = 0
        self._is_drawn = self._has_told = False
        self._looked_at = self._began_at = clock()

    def run(
        self, works: Iterable[WordsWork], *, on_progress: Callable[[FilesDone], None]
    ) -> Generator[FoundWords, None, None]:
        """Yield what each source has found; see :meth:`framecue.library.indexing.words_runner.WordsRunner.run`."""
        drawn, path = iter(works), ""
        while True:
            self._draw(drawn)
            if not (self._queue or self._lost or self._at_work()):
                return
            self._hire()
            self._give()
            tickets = [each.ticket for each in self._finders.values() if each.ticket is not None]
            for ticket in self._crew.wait(tickets, _WAIT_SECONDS):
                self._take(ticket)
            self._look_at_nodes()
            self._judge()
            self._tell_if_slow()
            found, self._found = self._found, []
            yield from found
            path = next((job.work.unit.path for job in self._at_work()), path)
            part = sum(job.num_done / len(job.work.sources) for job in [*self._at_work(), *self._queue, *self._lost])
            on_progress(FilesDone(self._num_done + part, path))

    # Dealing out

    def _draw(self, works: Iterator[WordsWork]) -> None:
        """Draw as many works as there are actors that have nothing to do, or may be started."""
        while not self._is_drawn and len(self._queue) + len(self._lost) + len(self._at_work()) < self._num_actors:
            work = next(works, None)
            if work is None:
                self._is_drawn = True
            else:
                self._queue.append(_Job(self._next_number, work))
                self._next_number += len(work.sources)

    def _at_work(self) -> list[_Job]:
        return [finder.job for finder in self._finders.values() if finder.job is not None]

    def _hire(self) -> None:
        num_needed = min(self._num_actors, len(self._queue) + len(self._at_work()))
        while len(self._finders) < num_needed:
            member = self._crew.hire("reader")
            self._finders[member] = _Finder(member, self._crew.ask(member, "hello"))

    def _give(self) -> None:
        for finder in self._finders.values():
            if finder.node is None or finder.ticket is not None:
                continue
            if finder.job is None:
                if not self._queue:
                    continue
                finder.job = self._queue.popleft()
            finder.ticket = self._crew.ask(finder.member, "look", finder.job.work, finder.job.source)

    # Answers

    def _take(self, ticket: Ticket) -> None:
        finder = next((each for each in self._finders.values() if each.ticket == ticket), None)
        if finder is None:
            self._crew.drop(ticket)
            return
        try:
            answer = self._crew.answer(ticket)
        except (ActorLostError, DataLostError):
            self._lose(finder)
            return
        finally:
            self._crew.drop(ticket)
        finder.ticket = None
        if isinstance(answer, Hello):
            self._welcome(finder, answer)
            return
        assert isinstance(answer, FoundWords)
        assert finder.job is not None
        self._num_failed_starts = 0
        self._found.append(answer)
        job = finder.job
        job.num_done += 1
        if job.is_done:
            finder.job = None
            self._num_done += 1

    def _welcome(self, finder: _Finder, hello: Hello) -> None:
        self._machines[hello.node] = hello.machine
        fault = hello.error or _differing(self._keys, hello.about)
        if fault is None:
            finder.node = hello.node
            self._report.machines.add(hello.machine)
            return
        note = f"node {hello.machine} finds no words: {fault}"
        if note not in self._faults:
            self._faults.append(note)
            self._report.notes.append(note)
            self._notice(note)
        del self._finders[finder.member]
        self._crew.dismiss(finder.member)
        self._num_actors -= 1
        if not self._num_actors:
            raise InputError("; ".join(self._faults))

    def _lose(self, finder: _Finder) -> None:
        """Give what an actor was at to another; count it against the file unless its node is gone."""
        del self._finders[finder.member]
        # Ray may only have failed to reach it, and it would keep the room of the next.
        self._crew.dismiss(finder.member)
        self._report.actors_lost += 1
        if finder.node is None:
            self._num_failed_starts += 1
            if self._num_failed_starts >= _MOST_FAILED_STARTS:
                raise FramecueError(
                    f"{_MOST_FAILED_STARTS} processes of the cluster have ended one after the other before they could "
                    "find words; look at the logs of its nodes (`ray logs`)"
                )
        elif finder.job is not None:
            self._losses.note(finder.job.try_number, finder.node, self._time())
            self._report.tried_again += 1
            self._lost.append(finder.job)

    def _judge(self) -> None:
        """Put back what was lost, or give it up if it is to blame."""
        self._losses.judge(self._time())
        lost, self._lost = self._lost, []
        for job in lost:
            number = job.try_number
            if self._losses.is_to_blame(number):
                self._skip(job)
            elif self._losses.has_to_wait(number):
                self._lost.append(job)
                continue
            if job.is_done:
                self._num_done += 1
            else:
                self._queue.appendleft(job)

    def _skip(self, job: _Job) -> None:
        machines = ", ".join(dict.fromkeys(self._machines[node] for node in self._losses.nodes(job.try_number)))
        reason = (
            f"what looked for its words was ended by that {MOST_LOSSES} times (on {machines}): it may take too much "
            "memory there; look for them apart, on one machine, to see"
        )
        failure = VideoError(job.work.unit.path, reason)
        self._found.append(FoundWords(job.work.video_id, job.source, failure=failure))
        self._report.skipped += 1
        self._report.tried_again -= 1
        job.num_done += 1

    def _look_at_nodes(self) -> None:
        """See which nodes are gone, now and then; an actor there may never answer."""
        now = self._time()
        if now - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = now
        alive = self._crew.alive_nodes()
        self._gone |= self._machines.keys() - alive
        for finder in [each for each in self._finders.values() if each.node in self._gone]:
            if finder.ticket is not None:
                self._crew.drop(finder.ticket)
            self._lose(finder)

    def _tell_if_slow(self) -> None:
        is_idle = all(finder.node is None for finder in self._finders.values())
        if is_idle and not self._has_told and self._time() - self._began_at > _SLOW_START_SECONDS:
            self._has_told = True
            self._notice("the cluster has no room for what finds words yet, or starts it slowly; waiting")

    def _notice(self, line: str) -> None:
        if self._on_notice is not None:
            self._on_notice(line)


def _differing(ours: Mapping[str, str], theirs: object) -> str | None:
    """Return what is otherwise there with some sources; None if nothing is."""
    assert isinstance(theirs, Mapping)
    for name, key in ours.items():
        if theirs[name] != key:
            return (
                f"its {name} is {theirs[name]}, and here it is {key}; install the same releases and the same models "
                "everywhere"
            )
    return None
