"""Numbers too small for a processor's fast paths: some models' weights are full of them, and slow for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

__all__ = ["without_denormals"]


@contextmanager
def without_denormals() -> Iterator[None]:
    """Let this thread take float32 numbers nearer to zero than 1.2e-38 for zero while the context lasts.

    A quarter to two thirds of the weights of a layer of PP-OCRv6's detector are such numbers, and processors of Intel
    spend a hundred cycles on each: with them it takes three to four times as long, and finds the same. ONNX Runtime has
    an option for it, which counts for its first session in a process alone.

    On processors that cannot do it nothing changes.
    """
    import torch

    were_zero = _are_zero()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(were_zero)


def _are_zero() -> bool:
    # From its bits, as NumPy warns of a processor that takes it for zero.
    smallest = np.ones(1, np.uint32).view(np.float32)
    return not (smallest * np.float32(1)).any()
