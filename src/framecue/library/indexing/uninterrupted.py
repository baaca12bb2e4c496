"""Ctrl-C in the middle of a commit: it is heard when the commit has ended."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

__all__ = ["uninterrupted"]


def uninterrupted(action: Callable[[], None]) -> None:
    """Run something to its end, then raise the KeyboardInterrupt that came meanwhile.

    LanceDB finishes a commit in a thread of its own, so whoever is interrupted while it waits cannot know whether the
    rows are in the table: writing them again would store them twice.

    Raises:
        KeyboardInterrupt: one came; the action has ended.
    """
    interrupt: KeyboardInterrupt | None = None
    # In a thread of its own, as signals interrupt the main one.
    with ThreadPoolExecutor(1, thread_name_prefix="framecue-commit") as pool:
        running = pool.submit(action)
        while not running.done():
            try:
                running.exception()
            except KeyboardInterrupt as caught:
                interrupt = caught
    running.result()
    if interrupt is not None:
        raise interrupt
