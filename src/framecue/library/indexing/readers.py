"""The readers of an indexing run: how many, and each in a process of its own.

A crash in a decoder's native code, or a file that keeps it busy for ever, then costs that file and not the run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from framecue.video import IsolatedReader, ReadVideo

__all__ = ["open_readers"]

# A reader's decoder has threads of its own; several readers help where there are cores to spare for each.
_CORES_PER_READER = 4
_MAX_READERS = 4


@contextmanager
def open_readers(*, stall_seconds: float) -> Iterator[Sequence[ReadVideo]]:
    """Give the readers of one run, and end them with it.

    Args:
        stall_seconds: how long a reader may give no sign of life before its file is given up.

    Raises:
        InputError: ``stall_seconds`` is not above 0.
    """
    number = max(1, min(_MAX_READERS, (os.cpu_count() or 1) // _CORES_PER_READER))
    with ExitStack() as stack:
        yield [stack.enter_context(IsolatedReader(stall_seconds=stall_seconds)).read for _ in range(number)]
