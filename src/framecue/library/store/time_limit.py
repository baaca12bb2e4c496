"""How long reading a library may take: no limit, unless somebody sets one for what a thread does.

A condition that a person wrote may keep LanceDB busy for as long as the library is large. A server sets a limit, so
that such a query ends, and not only the wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from framecue.errors import TooSlowError

__all__ = ["check_time", "time_left", "time_limit"]


@dataclass(frozen=True)
class _Limit:
    seconds: float
    ends_at: float


_limit: ContextVar[_Limit | None] = ContextVar("_limit", default=None)


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Let what this thread reads of libraries within the block take so long, all together.

    Args:
        seconds: above 0; None for no limit.

    Raises:
        TooSlowError: in the block, once it is over, at the next read; a read that is at work then is ended.
    """
    token = _limit.set(None if seconds is None else _Limit(seconds, monotonic() + seconds))
    try:
        yield
    finally:
        _limit.reset(token)


def time_left() -> timedelta | None:
    """Return how long the next read may take; None for as long as it wants.

    Raises:
        TooSlowError: no time is left.
    """
    limit = _limit.get()
    if limit is None:
        return None
    left = limit.ends_at - monotonic()
    if left <= 0:
        raise TooSlowError(
            f"the answer takes longer than the {limit.seconds:g} seconds that are allowed; ask for less: a simpler "
            "filter, fewer results, or no explanation"
        )
    return timedelta(seconds=left)


def check_time() -> None:
    """Go on if there is time left.

    Raises:
        TooSlowError: there is none.
    """
    time_left()
