"""Signs of life from long steps: hashing a file, reading its packets, decoding up to a far frame.

Nothing comes of such a step until it is done, which on a slow disk takes minutes. These signs distinguish a long step
from one that hangs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Progress", "beat", "heard_by"]

_listener: Callable[[], None] | None = None


@dataclass(frozen=True)
class Progress:
    """A sign that a long step goes on, of no other meaning."""


def beat() -> None:
    """Signal that a step has come a little further; called often, from any thread."""
    if _listener is not None:
        _listener()


@contextmanager
def heard_by(listener: Callable[[], None]) -> Iterator[None]:
    """Pass each beat of this process to a listener while the block runs.

    Args:
        listener: called at each beat, in the beating thread; has to be quick.
    """
    global _listener
    before, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = before
