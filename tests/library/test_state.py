from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from framecue.library.state import FileState


def test_it_is_what_the_operating_system_says(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"12345")
    os.utime(path, ns=(0, 1_700_000_000_250_000_000))
    assert FileState.of(path.stat()) == FileState(size_bytes=5, modified_seconds=1_700_000_000.25)


@pytest.mark.parametrize("other", [FileState(6, 1.5), FileState(5, 1.75)])
def test_another_size_or_another_time_is_another_state(other: FileState) -> None:
    assert FileState(5, 1.5) == FileState(5, 1.5) != other
    assert len({FileState(5, 1.5), FileState(5, 1.5), other}) == 2


def test_it_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        FileState(5, 1.5).size_bytes = 6  # type: ignore[misc]


def test_where_a_store_says_what_the_content_is_no_time_counts() -> None:
    state = FileState(5, 1.5, '"etag"')
    assert state == FileState(5, 9.0, '"etag"')
    assert hash(state) == hash(FileState(5, 9.0, '"etag"'))
    for other in (FileState(5, 1.5, '"other"'), FileState(6, 1.5, '"etag"'), FileState(5, 1.5), "state"):
        assert state != other
