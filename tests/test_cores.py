from __future__ import annotations

import os

import pytest

from framecue.cores import num_cores


def test_cores_that_the_process_may_not_use_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1, 4, 6}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert num_cores() == 3


@pytest.mark.parametrize(("known", "expected"), [(8, 8), (None, 1)])
def test_a_system_that_does_not_tell_has_all_its_cores(
    monkeypatch: pytest.MonkeyPatch, known: int | None, expected: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: known)
    assert num_cores() == expected
