from __future__ import annotations

import pytest

from framecue.counts import counted


@pytest.mark.parametrize(
    ("number", "many", "text"),
    [
        (0, None, "0 videos"),
        (1, None, "1 video"),
        (2, None, "2 videos"),
        (1, "films", "1 video"),
        (3, "films", "3 films"),
    ],
)
def test_one_is_no_plural(number: int, many: str | None, text: str) -> None:
    assert counted(number, "video", many) == text
