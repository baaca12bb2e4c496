"""Messages through a pipe come out as they went in."""

import io
import struct
from dataclasses import dataclass

import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.video.isolate.wire import MAX_BYTES, check_answer, receive, send


@dataclass(frozen=True, eq=False)
class Picture:
    name: str
    pixels: np.ndarray


def through(*messages):
    pipe = io.BytesIO()
    for message in messages:
        send(pipe, message)
    pipe.seek(0)
    return [receive(pipe) for _ in messages], pipe


def test_messages_come_in_order_and_arrays_as_they_were():
    pixels = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    empty = np.empty((0, 3), np.float32)
    names, (picture, other), nothing = through("\udcff ä\n", (Picture("a", pixels), empty), None)[0]
    assert (names, picture.name, nothing) == ("\udcff ä\n", "a", None)
    np.testing.assert_array_equal(picture.pixels, pixels)
    assert (picture.pixels.dtype, other.shape, other.dtype) == (np.uint8, (0, 3), np.float32)
    picture.pixels[0] = 7  # belongs to the receiver


def test_arrays_travel_beside_the_pickle_and_not_in_it():
    pixels = np.zeros((2, 100, 100, 3), np.uint8)
    _, pipe = through(pixels)
    overhead = len(pipe.getvalue()) - pixels.nbytes
    assert 0 < overhead < 500


@pytest.mark.parametrize("length", [0, 1, 23, 24, 40, 60, -1])
def test_a_message_that_breaks_off_is_the_end(length):
    _, pipe = through(np.arange(5))
    with pytest.raises(EOFError):
        receive(io.BytesIO(pipe.getvalue()[:length]))


def test_anything_else_is_no_message():
    with pytest.raises(ValueError, match="not the beginning of a message"):
        receive(io.BytesIO(b"\xff" * 100))


@pytest.mark.parametrize(
    ("num_bytes", "lengths"), [(1 << 62, []), (10, [1 << 62]), (10, [MAX_BYTES // 2] * 3), (MAX_BYTES + 1, [])]
)
def test_no_message_makes_room_for_more_than_is_allowed(num_bytes, lengths):
    head = struct.pack("<8sQQ", b"framecue", num_bytes, len(lengths)) + struct.pack(f"<{len(lengths)}Q", *lengths)
    with pytest.raises(ValueError, match="too long"):
        receive(io.BytesIO(head + bytes(100)))
    with pytest.raises(ValueError, match="too long"):
        receive(io.BytesIO(struct.pack("<8sQQ", b"framecue", 10, 1 << 60) + bytes(100)))


def test_frames_that_are_too_many_or_too_large_are_not_sent():
    pixel = np.zeros((1, 1, 1, 3), np.uint8)
    check_answer("a.png", np.broadcast_to(pixel, (12, 2160, 3840, 3)))
    with pytest.raises(VideoError, match=r"a.png: 12 frames of 16000 x 15000 pixels take 8.05 GB, .* \(short_side\)"):
        check_answer("a.png", np.broadcast_to(pixel, (12, 15_000, 16_000, 3)))
