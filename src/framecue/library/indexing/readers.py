"""The readers of an indexing run, each in a process of its own.

So a crash in a decoder's native code, or a file that keeps the decoder busy for ever, costs that file and not the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from framecue.library.indexing.gpu_use import GpuTally, check_gpu_decoder, counting_reader
from framecue.video import GpuDecoding, IsolatedReader, ReadOptions, ReadVideo
from framecue.video.read.moments import Event

__all__ = ["open_reader", "open_readers"]


def open_reader(
    *, stall_seconds: float, max_cpu_seconds: float | None = None, max_megapixels: float | None = None
) -> IsolatedReader:
    """Return one reader for other questions than a run's, to be used in a ``with`` block.

    Args:
        stall_seconds: how long it may show no sign of life before its file is given up.
        max_cpu_seconds: how much processor time reading a file may take; None in proportion to the file.
        max_megapixels: how many megapixels one pass over a file may decode; None in proportion to the file.

    Raises:
        InputError: a limit is not above 0.
    """
    return IsolatedReader(stall_seconds=stall_seconds, max_cpu_seconds=max_cpu_seconds, max_megapixels=max_megapixels)


@contextmanager
def open_readers(
    *,
    number: int,
    stall_seconds: float,
    max_cpu_seconds: float | None = None,
    max_megapixels: float | None = None,
    gpu_tally: GpuTally | None = None,
) -> Iterator[Sequence[ReadVideo]]:
    """Start the readers of one run, and end them when the block ends.

    Args:
        number: how many, 1 or more.
        stall_seconds: how long a reader may show no sign of life before its file is given up.
        max_cpu_seconds: how much processor time reading a file may take; None in proportion to the file.
        max_megapixels: how many megapixels one pass over a file may decode; None in proportion to the file.
        gpu_tally: decode large pictures on a GPU, and count here what came of it; None for PyAV alone.

    Raises:
        InputError: a limit is not above 0, or a GPU is to decode and what does it is not installed.
    """
    if gpu_tally is not None:
        check_gpu_decoder()
    with ExitStack() as stack:
        readers = [
            stack.enter_context(
                IsolatedReader(
                    stall_seconds=stall_seconds, max_cpu_seconds=max_cpu_seconds, max_megapixels=max_megapixels
                )
            )
            for _ in range(number)
        ]
        if gpu_tally is None:
            yield [_RunReader(reader, reader.read) for reader in readers]
        else:
            yield [_RunReader(reader, counting_reader(reader, GpuDecoding(), gpu_tally)) for reader in readers]


class _RunReader:
    """Reads files, each in turn, in the process of an isolated reader; can be abandoned."""

    def __init__(self, reader: IsolatedReader, read: ReadVideo) -> None:
        self._reader, self._read = reader, read

    def __call__(self, path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator[Event]:
        return self._read(path, options, is_wanted)

    def abandon(self) -> None:
        """End its process, whatever that is doing."""
        self._reader.close()
