"""Lines of standard input for a server that may be asked to end while it waits for one.

The protocol's package reads in a thread that Python waits for at the end of the program; one that is blocked in a read
would keep a server that was told to stop (Ctrl-C, SIGTERM) for as long as the assistant leaves the input open.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from contextlib import suppress

__all__ = ["InputLines"]

_CHUNK_BYTES = 1 << 16
# Whoever writes faster than is answered has to wait.
_MOST_WAITING = 16
_LONGEST_BYTES = 1 << 22
"""What is longer is cut, and then is no message: the package says so."""


class InputLines:
    """The lines of standard input, as an asynchronous iterator of texts; use it in an event loop.

    While it is there, whatever else reads standard input finds it empty.
    """

    def __init__(self) -> None:
        # Above the three that every program has, so that what is put in their place does not meet it.
        self._own = os.dup(sys.stdin.fileno())
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, sys.stdin.fileno())
        os.close(nothing)
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue(_MOST_WAITING)
        # A daemon is not waited for. It uses no buffered file, whose lock it would hold while it waits.
        threading.Thread(target=self._read, name="framecue-input", daemon=True).start()

    def __aiter__(self) -> InputLines:
        return self

    async def __anext__(self) -> str:
        """Return the next line.

        Raises:
            StopAsyncIteration: the input has ended.
        """
        line = await self._lines.get()
        if line is None:
            raise StopAsyncIteration
        return line

    def _read(self) -> None:
        rest = b""
        # The loop may be gone by the time that something comes.
        with suppress(OSError, RuntimeError, asyncio.CancelledError):
            while chunk := os.read(self._own, _CHUNK_BYTES):
                *lines, rest = (rest + chunk).split(b"\n")
                rest = rest[:_LONGEST_BYTES]
                for line in lines:
                    self._put(line)
            if rest:
                self._put(rest)
            self._put(None)

    def _put(self, line: bytes | None) -> None:
        text = None if line is None else line[:_LONGEST_BYTES].decode("utf-8", "replace")
        asyncio.run_coroutine_threadsafe(self._lines.put(text), self._loop).result()
