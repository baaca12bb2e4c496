"""Computing on one core of the processor in each of several threads."""

from __future__ import annotations

import ctypes
import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import torch
from torch import Tensor

from framecue.cores import num_cores
from framecue.workers import Workers

__all__ = ["FRAMES_A_CORE", "in_parts", "max_threads", "one_core"]

FRAMES_A_CORE = 16
"""About how many frames a core encodes at once: what a layer makes of more has no room in its caches."""

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


def max_threads() -> int:
    """Return how many threads may compute at once, each on one core: as many as torch and this process may use."""
    return min(torch.get_num_threads(), num_cores())


def in_parts(encode: Callable[[Tensor], Tensor], pixel_values: Tensor) -> Tensor:
    """Return what encoding videos gives, computed on the processor a few at a time, on each core other ones.

    Args:
        encode: encodes pixel values (b, F, 3, S, S) of any number of videos, in any thread, to (b, ...).
        pixel_values: (B, F, 3, S, S), on the processor.
    """
    size = max(1, FRAMES_A_CORE // max(1, pixel_values.shape[1]))
    if len(pixel_values) <= size:
        return encode(pixel_values)
    parts = pixel_values.split(size)
    num_threads = min(max_threads(), len(parts))
    if num_threads == 1:
        return torch.cat([encode(part) for part in parts])
    is_inference = torch.is_inference_mode_enabled()  # which each thread has of its own

    def encode_part(part: Tensor) -> Tensor:
        with torch.inference_mode(is_inference):
            return encode(part)

    made: list[Tensor] = []
    with Workers[Tensor](num_threads, around=one_core) as workers:
        for part in parts:
            workers.give(partial(encode_part, part))
            made.extend(workers.results())
        made.extend(workers.rest())
    return torch.cat(made)


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
