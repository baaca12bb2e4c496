from __future__ import annotations

from collections.abc import Callable

import pytest

from framecue.library.store import Store, passing
from framecue.library.store.passing import passing_conditions


def test_few_contents_are_named_many_are_not_and_none_is_told(
    make_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = make_store([{"path": "/a.mp4"}, {"path": "/it's.mp4"}]).table

    assert passing_conditions(table, None) == []
    assert passing_conditions(table, "path = '/it''s.mp4'") == ["video_id IN ('id of /it''s.mp4')"]
    assert passing_conditions(table, "path = '/none.mp4'") is None
    monkeypatch.setattr(passing, "_FEW_VIDEOS", 1)
    assert passing_conditions(table, "start_seconds >= 0") == []
