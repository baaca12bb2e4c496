"""A decoding process whose files do what their names say; run by test_isolated.py in place of the real one."""

from __future__ import annotations

import ctypes
import hashlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from framecue.video import Content, Moment
from framecue.video.isolate import serve
from framecue.video.read.heartbeat import beat
from framecue.video.read.moments import Event

_state = {"is_poisoned": False, "num_read": 0}


def _moment(number: int) -> Moment:
    return Moment(float(number), number + 1.0, np.full((2, 4, 4, 3), number, np.uint8), b"picture")


def _misbehave(deed: str) -> None:
    if deed == "segfault":
        ctypes.string_at(0)
    elif deed == "abort":
        os.abort()
    elif deed == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif deed == "term":
        os.kill(os.getpid(), signal.SIGTERM)
    elif deed == "hangup":
        os.kill(os.getpid(), signal.SIGHUP)
    elif deed == "user":
        os.kill(os.getpid(), signal.SIGUSR1)
    elif deed == "exit":
        os._exit(3)
    elif deed == "hang":
        time.sleep(600)
    elif deed == "defect":
        raise ZeroDivisionError("one\nand a half")
    elif deed == "memory":
        np.ones(1 << 34, np.uint8)
    elif deed == "poison":
        _state["is_poisoned"] = True
    elif deed == "nonsense":
        # The way out is the only open pipe to write to.
        for descriptor in range(3, 16):
            try:
                os.write(descriptor, b"\xff" * 64)
            except OSError:
                continue
        time.sleep(600)
    elif deed == "print":
        print("to standard output", flush=True)
        os.write(1, b"to file 1")
        os.write(2, b"to file 2")
    elif deed == "busy":
        while True:
            beat()
    elif deed == "stuck":  # in native code, which gives no sign of life and does not return
        hashlib.pbkdf2_hmac("sha1", b"a", b"b", 1 << 30)
    elif deed == "slow":
        for _ in range(15):
            time.sleep(0.1)
            beat()


def read(path: str, options: Any, is_wanted: Any) -> Iterator[Event]:
    """Give three moments, and before the second do what the file's name says."""
    _state["num_read"] += 1
    if _state["is_poisoned"]:
        ctypes.string_at(0)
    deed, _, when = Path(path).stem.partition("-")
    if when == "first":
        _misbehave(deed)
    wanted = is_wanted(f"id of {path}")
    yield Content(f"id of {path}", wanted, 3.0, 3)
    if not wanted:
        return
    if deed == "whoami":
        yield Moment(float(os.getpid()), float(_state["num_read"]), np.zeros((1, 2, 2, 3), np.uint8), b"")
        return
    yield _moment(0)
    if when != "first":
        _misbehave(deed)
    yield _moment(1)
    yield _moment(2)


if __name__ == "__main__":
    sys.exit(serve.main(lambda question, decide: read(question.path, question.options, decide)))
