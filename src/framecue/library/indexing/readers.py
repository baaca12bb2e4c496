"""The readers of an indexing run, each in a process of its own.

So a crash in a decoder's native code, or a file that keeps the decoder busy for ever, costs that file and not the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from framecue.video import IsolatedReader, ReadVideo

__all__ = ["open_reader", "open_readers"]


def open_reader(*, stall_seconds: float) -> IsolatedReader:
    """Return one reader for other questions than a run's, to be used in a ``with`` block.

    Args:
        stall_seconds: how long it may show no sign of life before its file is given up.

    Raises:
        InputError: ``stall_seconds`` is not above 0.
    """
    return IsolatedReader(stall_seconds=stall_seconds)


@contextmanager
def open_readers(
    *,
    number: int,
    stall_seconds: float,
    max_cpu_seconds: float | None = None,
    max_megapixels: float | None = None,
) -> Iterator[Sequence[ReadVideo]]:
    """Start the readers of one run, and end them when the block ends.

    Args:
        number: how many, 1 or more.
        stall_seconds: how long a reader may show no sign of life before its file is given up.
        max_cpu_seconds: how much processor time reading a file may take; None in proportion to the file.
        max_megapixels: how many megapixels one pass over a file may decode; None in proportion to the file.

    Raises:
        InputError: a limit is not above 0.
    """
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                IsolatedReader(
                    stall_seconds=stall_seconds, max_cpu_seconds=max_cpu_seconds, max_megapixels=max_megapixels
                )
            ).read
            for _ in range(number)
        ]
