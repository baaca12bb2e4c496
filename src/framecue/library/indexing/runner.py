"""Runners, which carry out the units of a run, and the runner for one machine.

A runner knows neither the library nor its store: units go in, and the result of each comes out, in any order. So the
ledger and its commits stay in one process, wherever the encoding is done. What makes a runner gets all that the run
knows of it, as an :class:`EncodingTask`; ``Library.add(runner=...)`` takes one that spreads the units over machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Protocol

from framecue.encoder import Encoder
from framecue.library.indexing.calibration import find_pace
from framecue.library.indexing.encode import EncodedVideo, End, FailedUnit, PreparedMoment, SegmentEncoder, encode_units
from framecue.library.indexing.gpu_use import GpuTally
from framecue.library.indexing.prefetch import Claims, read_ahead
from framecue.library.indexing.readers import open_reader, open_readers
from framecue.library.indexing.unit import Unit
from framecue.progress import FilesDone
from framecue.video import STALL_SECONDS, Content, ReadVideo, Segmentation

__all__ = ["EncodingTask", "LocalRunner", "Runner", "local_runner"]


@dataclass(frozen=True, kw_only=True)
class EncodingTask:
    """What a run asks of its runner.

    Attributes:
        encoder: encodes videos, loaded in this process; its ``spec()`` is what another process loads its own from, in
            the same precision.
        segmentation: how videos are cut into segments.
        captions: whether to describe each segment.
        units: the files that the plan asks for; some may turn out to be done already.
        stall_seconds: how long the reader of a file may show no sign of life before its file is given up.
        max_cpu_seconds: how much processor time reading a file may take; None in proportion to the file.
        max_megapixels: how many megapixels one pass over a file may decode; None in proportion to the file.
        spool_gb: how many gigabytes of objects may be on a disk while they are read; None for the usual bound.
        gpu_tally: decode large pictures on a GPU, and count here what came of it; None for PyAV alone.
    """

    encoder: Encoder
    segmentation: Segmentation
    captions: bool = False
    units: Sequence[Unit] = ()
    stall_seconds: float = STALL_SECONDS
    max_cpu_seconds: float | None = None
    max_megapixels: float | None = None
    spool_gb: float | None = None
    gpu_tally: GpuTally | None = None

    def segment_encoder(self) -> SegmentEncoder:
        """Return what encodes the segments with the task's own encoder.

        Raises:
            InputError: captions are wanted, and the encoder has no captioner.
        """
        return SegmentEncoder(self.encoder, segmentation=self.segmentation, captions=self.captions)


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


@contextmanager
def local_runner(task: EncodingTask) -> Iterator[LocalRunner]:
    """Start what a run on this machine needs, its readers at the pace that is best here; a :class:`MakeRunner`."""
    encoder = task.segment_encoder()
    with open_reader(stall_seconds=task.stall_seconds) as reader:
        encoder.take_pace(find_pace(task.encoder, task.units, reader.read, encoder.options))
    with open_readers(
        number=encoder.pace.num_readers,
        stall_seconds=task.stall_seconds,
        max_cpu_seconds=task.max_cpu_seconds,
        max_megapixels=task.max_megapixels,
        gpu_tally=task.gpu_tally,
    ) as readers:
        yield LocalRunner(encoder, readers)


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
