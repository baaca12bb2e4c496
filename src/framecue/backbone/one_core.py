"""Computing on one core of the processor in each of several threads."""

from __future__ import annotations

import ctypes
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import torch

__all__ = ["one_core"]

# glibc's names for what to set, and up to which sizes it keeps what was freed.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_KEPT_BYTES, _PADDED_BYTES, _LARGEST_BYTES = 256 << 20, 64 << 20, 32 << 20

_lock = threading.Lock()
_num_users = 0
_threads_before = 1
_is_memory_kept = False


@contextmanager
def one_core() -> Iterator[None]:
    """Let what this thread computes run on one core, while the block lasts; threads beside it may do the same.

    torch holds the number of threads for each thread, and one number for threads that have not computed yet; the last
    thread that leaves puts that back.
    """
    global _num_users, _threads_before
    with _lock:
        if not _num_users:
            _threads_before = torch.get_num_threads()
            _keep_memory()
        _num_users += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _lock:
            _num_users -= 1
            torch.set_num_threads(_threads_before)


def _keep_memory() -> None:
    """Let glibc keep what is freed, once: a layer's outputs are asked for again at once, page by page.

    Of other systems, and of other C libraries, nothing is known to be in need of it.
    """
    global _is_memory_kept
    if _is_memory_kept:
        return
    _is_memory_kept = True
    if platform.libc_ver()[0] == "glibc":
        with suppress(OSError, AttributeError):
            mallopt = ctypes.CDLL(None).mallopt
            for name, size in (
                (_MMAP_THRESHOLD, _LARGEST_BYTES),
                (_TRIM_THRESHOLD, _KEPT_BYTES),
                (_TOP_PAD, _PADDED_BYTES),
            ):
                mallopt(name, size)
