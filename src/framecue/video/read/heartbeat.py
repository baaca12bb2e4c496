"""Signs of life from long steps: hashing a file, reading its packets, decoding up to a far frame.

Such a step says nothing until it is done, which on a slow disk takes minutes. Whoever has to tell a long step from one
that hangs listens here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["beat", "heard_by"]

_listener: Callable[[], None] | None = None


def beat() -> None:
    """Say that a step has come a little further; called often, from any thread."""
    if _listener is not None:
        _listener()


@contextmanager
def heard_by(listener: Callable[[], None]) -> Iterator[None]:
    """Have each beat of this process heard while the block runs.

    Args:
        listener: called at each beat, in the beating thread; has to be quick.
    """
    global _listener
    before, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = before
