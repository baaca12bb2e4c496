from __future__ import annotations

import numpy as np
import pytest

from framecue.library.indexing.shared_frames import embed_shared, frame_ids, num_distinct
from support.colours import ColourOfEach


def windows(step: int, number: int) -> list[np.ndarray]:
    """Windows of four frames, each so many frames after the one before, of one film."""
    film = np.random.default_rng(0).random((40, 3, 2, 2), dtype=np.float32)
    return [film[first : first + 4] for first in range(0, step * number, step)]


@pytest.mark.parametrize(("step", "number", "calls"), [(2, 5, [6, 6]), (4, 5, [7, 7, 6]), (1, 3, [6]), (0, 3, [4])])
def test_each_frame_is_encoded_once_and_nothing_else_changes(step: int, number: int, calls: list[int]) -> None:
    encoder, values = ColourOfEach(), windows(step, number) if step else [windows(1, 1)[0]] * number
    ids = [frame_ids(each) for each in values]
    found = embed_shared(encoder, values, ids, frames_at_once=7)
    assert encoder.frames == calls
    assert num_distinct(ids) == sum(calls)
    np.testing.assert_allclose(found, encoder.embed_videos(np.stack(values)), atol=1e-6)


def test_a_frame_is_known_by_its_pixels_alone() -> None:
    (values,) = windows(1, 1)
    same = frame_ids(values[::-1])[::-1]
    assert frame_ids(values) == same
    assert len(set(same)) == 4
    other = values.copy()
    other[2, 0, 1, 1] += np.float32(1e-6)
    assert [one == two for one, two in zip(frame_ids(other), same, strict=True)] == [True, True, False, True]
