"""What is said and written in videos, found by actors of a Ray cluster: the second implementation of words' runner.

Speech, text on the screen and subtitle tracks are looked for where there is room. What lies beside files, and what
words mean, stays with the driver, which alone writes.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from framecue.cluster.connect import check_cluster, connected
from framecue.cluster.variables import take_variables
from framecue.cluster.words_drive import WordsDrive, WordsReport
from framecue.cores import THREADS_VARIABLE
from framecue.errors import InputError, VideoError
from framecue.library.indexing.words_runner import (
    FoundWords,
    ReadLimits,
    UsableSource,
    WordsRunner,
    WordsWork,
    find_words,
)
from framecue.paths import exists, is_url
from framecue.progress import FilesDone
from framecue.video.isolate.spool import kept_spool
from framecue.words.request import WordsRequest
from framecue.words.source import WordSource
from framecue.words.sources import make_source

__all__ = ["NodeWords", "RayWords", "WordsStaff", "plan_words_staff"]

# A speech model gains little from more cores, and each actor has one of its own in memory.
_CPUS_PER_ACTOR = 4


@dataclass(frozen=True)
class WordsStaff:
    """Which actors look for words.

    Attributes:
        num_actors: how many.
        num_cpus: how many cores each has.
    """

    num_actors: int
    num_cpus: int


def plan_words_staff(nodes: Iterable[Mapping[str, float]], *, num_workers: int | None) -> WordsStaff:
    """Return which actors look for words.

    Args:
        nodes: what each living node has, as Ray says it.
        num_workers: how many actors; None for as many as there is room for, with four cores each where nodes have them.

    Raises:
        InputError: the cluster has no processor.
    """
    cores = [int(node.get("CPU", 0)) for node in nodes if node.get("CPU", 0) >= 1]
    if not cores:
        raise InputError(
            "the cluster has no processor to find words with: its nodes were started with --num-cpus 0, or none is "
            "left; add a node (`ray start --address=HOST:PORT`)"
        )
    num_cpus = min(_CPUS_PER_ACTOR, *cores) if len(cores) > 1 else min(_CPUS_PER_ACTOR, cores[0])
    if num_workers is not None:
        num_cpus = max(1, min(num_cpus, sum(cores) // num_workers))
    return WordsStaff(num_workers or sum(number // num_cpus for number in cores), num_cpus)


class NodeWords:
    """Finds words in files on a node, one source and file at a time.

    Args:
        requests: what each source is made for, by name.
        limits: of what reads the files.
        num_threads: how many cores it may keep busy.
        environment: variables of the driver's for object stores; what the node has itself is kept.
    """

    def __init__(
        self,
        requests: Mapping[str, WordsRequest],
        limits: ReadLimits,
        *,
        num_threads: int,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        take_variables(environment)
        os.environ[THREADS_VARIABLE] = str(num_threads)
        self._open = ExitStack()
        # An object is fetched once for all sources that look at it.
        self._open.enter_context(kept_spool(limits.spool_gb))
        self._reader = self._open.enter_context(limits.open_reader())
        self._requests = requests
        self._sources: dict[str, WordSource] = {}

    def prepare(self) -> tuple[str, dict[str, str]]:
        """Make the sources, and return this machine's name and the keys of their fingerprints.

        Raises:
            FramecueError: one cannot work here; the message says what to do.
        """
        if not self._sources:
            self._sources = {name: make_source(request) for name, request in self._requests.items()}
        return socket.gethostname(), {name: source.fingerprint.key for name, source in self._sources.items()}

    def look(self, work: WordsWork, name: str) -> FoundWords:
        """Return what one source finds in one content; that a file is not to be seen from this node is a failure."""
        path = work.unit.path
        if not is_url(path) and not exists(path):
            reason = (
                f"node {socket.gethostname()} does not see it: files on disks are looked at by a cluster whose nodes "
                "all have them under the same path, as on a shared disk"
            )
            return FoundWords(work.video_id, name, failure=VideoError(path, reason))
        return find_words(work, name, self._sources[name], self._reader)

    def close(self) -> None:
        """End what reads the files, and remove what was fetched."""
        self._open.close()


class RayWordsRunner:
    """Finds words on a cluster; :class:`RayWords` makes it."""

    def __init__(self, drive: WordsDrive) -> None:
        self._drive = drive

    def run(
        self, works: Iterable[WordsWork], *, on_progress: Callable[[FilesDone], None]
    ) -> Generator[FoundWords, None, None]:
        """Yield what each source has found, in any order."""
        return self._drive.run(works, on_progress=on_progress)


class RayWords:
    """Makes what finds words on a cluster: give it to ``Library.add`` as ``words_runner``.

    Nobody is connected to before there is a file to look at.

    Args:
        address: ``auto`` for the cluster that this machine belongs to, ``local`` to start one here, or HOST:PORT.
        num_workers: how many actors work at once; None for as many as the cluster has room for.
        on_notice: called with a line for people.

    Attributes:
        report: what the last run on the cluster was like; None if none was needed.

    Raises:
        InputError: Ray is not installed, the address is none, or the number is not above 0.

    Example:
        >>> library.add("/shared/videos", speech=True, words_runner=RayWords("auto"))  # doctest: +SKIP
    """

    def __init__(
        self, address: str = "auto", *, num_workers: int | None = None, on_notice: Callable[[str], None] | None = None
    ) -> None:
        check_cluster(address, num_workers)
        self.address, self.num_workers, self.on_notice = address, num_workers, on_notice
        self.report: WordsReport | None = None

    @contextmanager
    def __call__(self, sources: Mapping[str, UsableSource], limits: ReadLimits) -> Iterator[WordsRunner]:
        """Connect to the cluster and start actors as they are needed; they end with the block.

        Raises:
            InputError: a limit is not above 0, or the cluster has no processor.
            FramecueError: nobody answers at the address.
        """
        with limits.open_reader():
            pass  # raises where a limit makes no sense
        with connected(self.address):
            from framecue.cluster.ray_crew import node_resources
            from framecue.cluster.ray_words import RayWordsCrew

            staff = plan_words_staff(node_resources(), num_workers=self.num_workers)
            self.report = WordsReport()
            crew = RayWordsCrew(staff, {name: each.request for name, each in sources.items()}, limits)
            keys = {name: each.source.fingerprint.key for name, each in sources.items()}
            try:
                yield RayWordsRunner(WordsDrive(crew, staff.num_actors, keys, self.report, on_notice=self.on_notice))
            finally:
                crew.close()
