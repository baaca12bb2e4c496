from __future__ import annotations

from collections.abc import Callable

import numpy as np

from framecue.library.store import Store


def rows(number: int) -> list[dict[str, object]]:
    return [{"path": f"/{each}.mp4", "vector": (1, each, 0, 0), "start_seconds": float(each)} for each in range(number)]


def test_segments_lie_evenly_over_the_library(make_store: Callable[..., Store]):
    found = make_store(rows(11)).sample(3)
    assert found.video_ids == ["id of /0.mp4", "id of /5.mp4", "id of /10.mp4"]
    np.testing.assert_array_equal(found.spans, [(0, 2), (5, 7), (10, 12)])
    np.testing.assert_allclose(
        found.vectors, [np.array((1, each, 0, 0)) / (1 + each**2) ** 0.5 for each in (0, 5, 10)], atol=1e-3
    )
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-6)
    assert found.vectors.dtype == np.float32


def test_a_small_library_gives_all_it_has_and_an_empty_one_nothing(make_store: Callable[..., Store]):
    assert len(make_store(rows(4)).sample(1000).video_ids) == 4
    none = make_store([], name="empty.lance").sample(1000)
    assert (none.video_ids, none.spans.shape, none.vectors.shape) == ([], (0, 2), (0, 4))
