"""Threads that are less urgent than others: searches come first."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

__all__ = ["be_less_urgent"]

_NICENESS = 10


def be_less_urgent() -> None:
    """Have this thread, and what it starts, run when others need no core; on Linux alone, where threads can be so."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
