"""Runners, which carry out the units of a run, and the runner for one machine.

A runner knows neither the library nor its store: units go in, and the result of each comes out, in any order. So the
ledger and its commits stay in one process, wherever the encoding is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import closing
from typing import Protocol

from framecue.library.indexing.encode import EncodedVideo, End, FailedUnit, PreparedMoment, SegmentEncoder, encode_units
from framecue.library.indexing.prefetch import Claims, read_ahead
from framecue.library.indexing.unit import Unit
from framecue.progress import FilesDone
from framecue.video import Content, ReadVideo

__all__ = ["LocalRunner", "Runner"]


class Runner(Protocol):
    """Encodes units."""

    def run(
        self,
        units: Iterable[Unit],
        *,
        known: Set[str] = frozenset(),
        on_progress: Callable[[FilesDone], None] | None = None,
    ) -> Iterator[EncodedVideo | FailedUnit]:
        """Yield the result of each unit once.

        Args:
            units: the files.
            known: hashes of contents that need no encoding; a file with such a content comes back without segments. So
                does a file with the same content as another of these units.
            on_progress: called often, also while no result is ready, with the number of units done and the path of
                the one at hand; a unit that is being read counts by the part of it that is read.
        """
        ...


class LocalRunner:
    """Encodes in this process, while readers in processes of their own read ahead.

    Args:
        encoder: encodes what they read.
        readers: read the files, each for one thread.
    """

    def __init__(self, encoder: SegmentEncoder, readers: Sequence[ReadVideo]) -> None:
        self.encoder, self.readers = encoder, readers

    def run(
        self,
        units: Iterable[Unit],
        *,
        known: Set[str] = frozenset(),
        on_progress: Callable[[FilesDone], None] | None = None,
    ) -> Iterator[EncodedVideo | FailedUnit]:
        """Yield the result of each unit, in the order of the units; see :meth:`Runner.run`."""
        events = read_ahead(
            list(units),
            self.readers,
            self.encoder.options,
            prepare=self.encoder.prepare,
            claims=Claims(known),
            depth=self.encoder.depth,
        )
        with closing(events):
            yield from encode_units(_counted(events, on_progress or _ignore), self.encoder)


def _counted(
    events: Iterable[tuple[Unit, Content | PreparedMoment | End]], on_progress: Callable[[FilesDone], None]
) -> Iterator[tuple[Unit, Content | PreparedMoment | End]]:
    """Yield events as they come, and report after each was dealt with how far the units are read."""
    num_done = num_segments = num_read = 0
    for unit, event in events:
        yield unit, event
        if isinstance(event, End):
            num_done, num_segments, num_read = num_done + 1, 0, 0
        elif isinstance(event, Content):
            num_segments = event.num_segments
        else:
            num_read += 1
        # A damaged video may yield fewer segments than were planned, never more: the part stays below 1.
        part = num_read / (max(num_segments, num_read) + 1)
        on_progress(FilesDone(num_done + part, unit.path))


def _ignore(_: FilesDone) -> None:
    """Do nothing: the caller did not ask for progress."""
