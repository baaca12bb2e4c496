"""What carries out the units of a run, and the runner of one machine.

A runner knows neither the library nor its store: units go in, what became of each comes out, in any order. So the
ledger and its commits stay in one process, wherever the encoding is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import closing
from typing import Protocol

from framecue.library.indexing.encode import EncodedVideo, End, SegmentEncoder, encode_units
from framecue.library.indexing.plan import Unit
from framecue.library.indexing.prefetch import Claims, read_ahead
from framecue.library.results import Skipped
from framecue.video import Content, Moment, ReadVideo

__all__ = ["LocalRunner", "Runner"]


class Runner(Protocol):
    """Encodes units."""

    def run(
        self,
        units: Iterable[Unit],
        *,
        known: Set[str] = frozenset(),
        on_progress: Callable[[float], None] | None = None,
    ) -> Iterator[EncodedVideo | Skipped]:
        """Yield what became of each unit, each once.

        Args:
            units: the files.
            known: hashes of contents that need no encoding; a file with one comes back without segments. So does a
                file whose content another of these units brings.
            on_progress: called often, also while nothing is ready, with how many units are done; a unit that is being
                read counts by the part of it that is read.
        """
        ...


class LocalRunner:
    """Encodes in this process what readers in processes of their own have read ahead.

    Args:
        encoder: encodes.
        readers: read the files, each for one thread.
    """

    def __init__(self, encoder: SegmentEncoder, readers: Sequence[ReadVideo]) -> None:
        self.encoder, self.readers = encoder, readers

    def run(
        self,
        units: Iterable[Unit],
        *,
        known: Set[str] = frozenset(),
        on_progress: Callable[[float], None] | None = None,
    ) -> Iterator[EncodedVideo | Skipped]:
        """Yield what became of each unit, in the order of the units; see :meth:`Runner.run`."""
        events = read_ahead(
            list(units),
            self.readers,
            self.encoder.options,
            prepare=self.encoder.prepare,
            claims=Claims(known),
            depth=self.encoder.segments_per_encode,
        )
        with closing(events):
            yield from encode_units(_counted(events, on_progress or _ignore), self.encoder)


def _counted(
    events: Iterable[tuple[Unit, Content | Moment | End]], on_progress: Callable[[float], None]
) -> Iterator[tuple[Unit, Content | Moment | End]]:
    """Yield events as they come, and tell after each was dealt with how far the units are read."""
    num_done = num_segments = num_read = 0
    for unit, event in events:
        yield unit, event
        if isinstance(event, End):
            num_done, num_segments, num_read = num_done + 1, 0, 0
        elif isinstance(event, Content):
            num_segments = event.num_segments
        else:
            num_read += 1
        # Of a damaged video fewer segments may come than were planned, and never more: the part stays below 1.
        part = num_read / (max(num_segments, num_read) + 1)
        on_progress(num_done + part)


def _ignore(_: float) -> None:
    """Nobody wants to know."""
