from __future__ import annotations

import threading

import numpy as np
import pytest

from framecue.library.indexing.shared_frames import FramePreparer, embed_shared, num_distinct
from support.colours import ColourOfEach


def windows(step: int, number: int) -> list[np.ndarray]:
    """Windows of four frames, each so many frames after the one before, of one film."""
    film = np.random.default_rng(0).integers(0, 255, (40, 6, 8, 3), dtype=np.uint8)
    return [film[first : first + 4] for first in range(0, step * number, step)]


class Counting:
    """Prepares frames, and notes how many at a time."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        self.calls.append(len(frames))
        return ColourOfEach().prepare(frames)


@pytest.mark.parametrize(
    ("step", "number", "encoded", "prepared"),
    [(2, 5, [6, 6], [4, 2, 2, 2, 2]), (4, 5, [7, 7, 6], [4] * 5), (1, 3, [6], [4, 1, 1]), (0, 3, [4], [4])],
)
def test_each_frame_is_prepared_and_encoded_once_and_nothing_else_changes(
    step: int, number: int, encoded: list[int], prepared: list[int]
) -> None:
    encoder, prepare, pixels = ColourOfEach(), Counting(), windows(step, number) if step else windows(1, 1) * number
    values, ids = zip(*map(FramePreparer(prepare), pixels), strict=True)
    assert prepare.calls == prepared
    np.testing.assert_array_equal(values, [encoder.prepare(each) for each in pixels])
    found = embed_shared(encoder, values, ids, frames_at_once=7)
    assert encoder.frames == encoded
    assert num_distinct(ids) == sum(encoded)
    np.testing.assert_allclose(found, encoder.embed_videos(np.stack(values)), atol=1e-6)


def test_a_frame_is_known_by_its_pixels_and_its_shape() -> None:
    (pixels,) = windows(1, 1)
    prepare = FramePreparer(Counting())
    _, ids = prepare(pixels)
    assert prepare(pixels[::-1])[1] == ids[::-1]
    assert len(set(ids)) == 4
    other = pixels.copy()
    other[2, 0, 1, 1] ^= 1
    assert [one == two for one, two in zip(prepare(other)[1], ids, strict=True)] == [True, True, False, True]
    assert not set(prepare(pixels.reshape(4, 8, 6, 3))[1]) & set(ids)
    assert prepare(np.repeat(pixels[:1], 4, axis=0))[1] == (ids[0],) * 4


def test_threads_do_not_mix_their_frames() -> None:
    counting = Counting()
    prepare = FramePreparer(counting)
    (pixels,) = windows(1, 1)
    prepare(pixels)
    thread = threading.Thread(target=prepare, args=(pixels,))
    thread.start()
    thread.join()
    prepare(pixels)
    assert counting.calls == [4, 4]
