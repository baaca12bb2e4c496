"""Streams of paths that change: from the system's events, or from looking at sizes and times again and again.

Every stream also yields an empty collection several times a second, so that its reader can do other things.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing
from typing import cast

from framecue.errors import first_line
from framecue.library.state import FileState

__all__ = ["Changes", "Look", "event_changes", "pauses", "polled_changes", "together"]

# Yields paths; the return value is the reason why there will be no more, or None.
Changes = Generator[Collection[str], None, str | None]
Look = Callable[[Collection[str]], "Mapping[str, FileState] | None"]


def event_changes(roots: Sequence[str], *, stop: threading.Event, tick_seconds: float) -> Changes:
    """Yield the paths that the system reports: files and folders that were made, changed, moved or deleted.

    Args:
        roots: absolute paths of existing files and folders.
        stop: ends the stream when set.
        tick_seconds: yield at least this often.

    Returns:
        None if it was stopped or a root has just gone; the reason in words if the system gave up.
    """
    import watchfiles

    try:
        for changes in watchfiles.watch(
            *roots,
            watch_filter=None,
            rust_timeout=round(1000 * tick_seconds),
            yield_on_timeout=True,
            stop_event=stop,
            # If this were true, a folder that cannot be watched would silently end the list of those that are.
            ignore_permission_denied=False,
        ):
            yield {path for _, path in changes}
    except FileNotFoundError:
        stop.wait(tick_seconds)
    except (OSError, RuntimeError) as error:
        # The system has no watches left, or a folder may not be read; or watchfiles met a name that is not UTF-8.
        return first_line(error).partition(" about [")[0].rstrip(".")
    return None


def polled_changes(
    roots: Sequence[str],
    *,
    look: Look,
    stop: threading.Event,
    tick_seconds: float,
    poll_seconds: float,
) -> Changes:
    """Yield the files that were made, changed or deleted since the last look.

    Args:
        roots: absolute paths of files and folders.
        look: returns the states of the files at and below some paths; None if it is not known now what is there.
        stop: ends the stream when set.
        tick_seconds: yield at least this often.
        poll_seconds: how long to wait between two looks.
    """
    before = look(roots)
    while not stop.is_set():
        yield from pauses(poll_seconds, stop=stop, tick_seconds=tick_seconds)
        after = look(roots)
        if after is None:
            continue
        if before is not None:
            yield {path for path in {**before, **after} if before.get(path) != after.get(path)}
        before = after
    return None


def pauses(seconds: float, *, stop: threading.Event, tick_seconds: float) -> Changes:
    """Yield an empty collection every tick for some seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stop.wait(tick_seconds):
        yield ()
    return None


def together(first: Changes, second: Changes) -> Changes:
    """Yield what two streams yield, in turn; it ends with the first of them that ends, for its reason."""
    with closing(first), closing(second):
        while True:
            for stream in (first, second):
                try:
                    yield next(stream)
                except StopIteration as end:
                    return cast("str | None", end.value)
