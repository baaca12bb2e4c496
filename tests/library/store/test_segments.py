from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from framecue.library.store import Store


def test_the_segment_that_shares_most_time_with_a_moment(make_store: Callable[..., Store]) -> None:
    store = make_store(
        [
            {"path": path, "start_seconds": start, "end_seconds": start + 4, "vector": (1, start, 0, 0)}
            for path in ("/a.mp4", "/it's.mp4")
            for start in (0.0, 2.0, 4.0, 56.0)
        ]
    )
    query = np.array([1, 0, 0, 0], dtype=np.float32)
    found = store.segments_at(
        [
            ("/a.mp4", 0.5, 1.0),
            ("/it's.mp4", 3.5, 5.0),  # all of it is in the second
            ("/a.mp4", 7.0, 9.0),
            ("/a.mp4", 70.0, 71.0),  # sound goes on after the last picture
            ("/none.mp4", 0.0, 1.0),
        ],
        query,
    )
    assert [match and (match.path, match.start_seconds) for match in found] == [
        ("/a.mp4", 0.0),
        ("/it's.mp4", 2.0),
        ("/a.mp4", 4.0),
        ("/a.mp4", 56.0),
        None,
    ]
    assert found[0] is not None
    assert found[0].score == pytest.approx(1)
    assert found[0].row_id == store.search(query, limit=1)[0].row_id
    assert store.segments_at([], query) == []


def test_many_files_at_once(make_store: Callable[..., Store]) -> None:
    store = make_store([{"path": f"/{i:03}.mp4"} for i in range(150)])
    moments = [(f"/{i:03}.mp4", 0.5, 1.0) for i in range(150)]
    found = store.segments_at(moments, np.array([1, 0, 0, 0], dtype=np.float32))
    assert [match.path for match in found if match] == [path for path, _, _ in moments]
