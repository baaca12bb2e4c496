"""Messages between two processes through a pipe, with arrays as they lie in memory.

A message is pickled, and its arrays' bytes follow it (pickle's protocol 5), so that pictures are copied into the pipe
and out of it and nowhere else. Both ends are one program: never receive from anybody else.
"""

from __future__ import annotations

import pickle
import struct
from typing import IO, Any

import numpy as np

from framecue.errors import VideoError

__all__ = ["MAX_BYTES", "check_answer", "receive", "send"]

# A mark, the pickle's length and the number of buffers; then one length for each buffer.
_HEAD = struct.Struct("<8sQQ")
_MARK = b"framecue"
_LENGTH = struct.Struct("<Q")

MAX_BYTES = 2 << 30
"""How much one message may hold: the process that asked has to take it, which nothing else bounds."""


def check_answer(path: str, pixels: np.ndarray) -> None:
    """Refuse frames that are too many or too large for the process that asked for them.

    Args:
        path: their file.
        pixels: uint8 (F, H, W, 3).

    Raises:
        VideoError: they are.
    """
    if pixels.nbytes > MAX_BYTES // 2:
        frames, height, width, _ = pixels.shape
        raise VideoError(
            path,
            f"{frames} frames of {width} x {height} pixels take {pixels.nbytes / (1 << 30):.3g} GB, more than the "
            f"{MAX_BYTES / (2 << 30):.3g} GB that are read at a time; ask for fewer, or for smaller ones (short_side)",
        )


def send(pipe: IO[bytes], message: object) -> None:
    """Write one message.

    Args:
        pipe: the writing end; one thread at a time.
        message: what can be pickled; the arrays in it should be contiguous.

    Raises:
        OSError: nobody reads any more.
    """
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    pipe.write(_HEAD.pack(_MARK, len(data), len(views)))
    pipe.write(b"".join(_LENGTH.pack(view.nbytes) for view in views))
    pipe.write(data)
    for view in views:
        pipe.write(view)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """Wait for one message; its arrays can be written to.

    Args:
        pipe: the reading end; one thread at a time.

    Raises:
        EOFError: the other side has ended.
        ValueError: what comes is no message, or one that holds more than ``MAX_BYTES``.
    """
    mark, num_bytes, num_buffers = _HEAD.unpack(_filled(pipe, bytearray(_HEAD.size)))
    if mark != _MARK:
        raise ValueError("this is not the beginning of a message")
    if num_bytes > MAX_BYTES or num_buffers * _LENGTH.size > MAX_BYTES:
        raise ValueError("this message is too long")
    lengths = [_LENGTH.unpack(_filled(pipe, bytearray(_LENGTH.size)))[0] for _ in range(num_buffers)]
    if sum(lengths) > MAX_BYTES:
        raise ValueError("this message is too long")
    data = _filled(pipe, bytearray(num_bytes))
    # Not bytearrays, which are filled with zeros first.
    return pickle.loads(data, buffers=[_filled(pipe, np.empty(length, np.uint8)) for length in lengths])


def _filled(pipe: IO[bytes], room: Any) -> Any:
    if pipe.readinto(room) != len(room):  # type: ignore[attr-defined]
        raise EOFError("the other side has ended")
    return room
