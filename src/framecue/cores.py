"""How many processor cores there are to work with, and keeping to fewer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["THREADS_VARIABLE", "few_cores", "num_cores"]

THREADS_VARIABLE = "FRAMECUE_THREADS"
"""The environment variable that says how many cores framecue and the processes that it starts may keep busy."""

# What the libraries read when they are loaded: OpenMP and with it torch, MKL, OpenBLAS, Rayon (tokenizers), Lance.
_LIBRARIES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "LANCE_CPU_THREADS",
)


def num_cores() -> int:
    """Return how many cores this process may use: those that the system lets it run on, or else all.

    No more than `FRAMECUE_THREADS` says, if that is a whole number above 0.
    """
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get(THREADS_VARIABLE, "").strip().lstrip("0")
    # Python reads no number of thousands of digits, and no machine has so many cores.
    return min(found, int(wanted[:9]) or found) if wanted.isdecimal() else found


@contextmanager
def few_cores(number: int) -> Iterator[None]:
    """Keep this thread, and all threads and processes that start within the block, to so many cores.

    Libraries that are loaded within the block start so many threads. Where the system can bind a thread to cores
    (Linux), nothing takes more, whatever it starts; elsewhere the process that reads files may come on top.

    Args:
        number: of cores, 1 or more; more than there are changes nothing.
    """
    variables = (THREADS_VARIABLE, *_LIBRARIES)
    before = {name: os.environ.get(name) for name in variables}
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    os.environ.update(dict.fromkeys(variables, str(min(number, num_cores()))))
    try:
        if number < len(cores):
            # Runs beside each other begin at different cores.
            first = os.getpid() % len(cores)
            with suppress(OSError):
                os.sched_setaffinity(0, (cores[first:] + cores[:first])[:number])
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if number < len(cores):
            with suppress(OSError):
                os.sched_setaffinity(0, cores)
