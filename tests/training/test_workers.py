from __future__ import annotations

import pytest

from framecue.training import workers
from framecue.training.recipe import Schedule
from framecue.training.workers import num_loader_workers


@pytest.mark.parametrize(
    ("cores", "processes", "expected"),
    [(1, None, 1), (6, None, 6), (64, None, 16), (64, "8", 8), (2, "8", 1), (6, "0", 6), (6, "many", 6)],
)
def test_the_default_is_this_processes_share_of_the_cores(
    monkeypatch: pytest.MonkeyPatch, cores: int, processes: str | None, expected: int
) -> None:
    monkeypatch.setattr(workers, "num_cores", lambda: cores)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    if processes is not None:
        monkeypatch.setenv("LOCAL_WORLD_SIZE", processes)
    assert num_loader_workers(Schedule()) == expected


def test_a_number_that_was_given_is_taken() -> None:
    assert num_loader_workers(Schedule(num_workers=0)) == 0
    assert num_loader_workers(Schedule(num_workers=40)) == 40
