"""Which paths change, as a stream: by the events of the system, or by looking at sizes and times again and again.

Every stream also yields an empty collection several times a second, so that its reader can see to other things.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Generator, Mapping, Sequence

from framecue.errors import first_line
from framecue.library.state import FileState

__all__ = ["Changes", "event_changes", "pauses", "polled_changes"]

# Yields paths; the return value says why there will be no more, or is None.
Changes = Generator[Collection[str], None, str | None]


def event_changes(roots: Sequence[str], *, stop: threading.Event, tick_seconds: float) -> Changes:
    """Yield the paths that the system names: files and folders that came, changed, moved or went.

    Args:
        roots: absolute paths of files and folders, which are there.
        stop: ends it when set.
        tick_seconds: how often to yield at least.

    Returns:
        None if it was stopped, or a root has just gone; the reason in words where the system gave up.
    """
    import watchfiles

    try:
        for changes in watchfiles.watch(
            *roots,
            watch_filter=None,
            rust_timeout=round(1000 * tick_seconds),
            yield_on_timeout=True,
            stop_event=stop,
            # Otherwise a folder that cannot be followed, for any reason, ends the list of those that are, silently.
            ignore_permission_denied=False,
        ):
            yield {path for _, path in changes}
    except FileNotFoundError:
        stop.wait(tick_seconds)
    except (OSError, RuntimeError) as error:
        # No more watches to be had, a folder that may not be read; or, in watchfiles, a name that is not UTF-8.
        return first_line(error).partition(" about [")[0].rstrip(".")
    return None


def polled_changes(
    roots: Sequence[str],
    *,
    look: Callable[[Collection[str]], Mapping[str, FileState]],
    stop: threading.Event,
    tick_seconds: float,
    poll_seconds: float,
) -> Changes:
    """Yield the files that came, changed or went since the look before.

    Args:
        roots: absolute paths of files and folders.
        look: returns the states of the files at and below some paths.
        stop: ends it when set.
        tick_seconds: how often to yield at least.
        poll_seconds: how long to wait between two looks.
    """
    before = look(roots)
    while not stop.is_set():
        yield from pauses(poll_seconds, stop=stop, tick_seconds=tick_seconds)
        after = look(roots)
        yield {path for path in {**before, **after} if before.get(path) != after.get(path)}
        before = after
    return None


def pauses(seconds: float, *, stop: threading.Event, tick_seconds: float) -> Changes:
    """Yield an empty collection every tick for a while."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stop.wait(tick_seconds):
        yield ()
    return None
