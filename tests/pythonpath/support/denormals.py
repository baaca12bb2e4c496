"""Whether a thread takes the smallest numbers for zero."""

from __future__ import annotations

import numpy as np

__all__ = ["are_zero"]


def are_zero() -> bool:
    """Whether this thread takes the smallest float32 for zero."""
    return not (np.ones(1, np.uint32).view(np.float32) * np.float32(2)).any()
