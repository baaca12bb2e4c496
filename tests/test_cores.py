from __future__ import annotations

import os
import subprocess
import sys

import pytest

from framecue.cores import THREADS_VARIABLE, few_cores, num_cores


@pytest.fixture(autouse=True)
def no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(THREADS_VARIABLE, raising=False)


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


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("2", 2),
        ("9", 3),
        ("0", 3),
        ("-1", 3),
        ("two", 3),
        ("", 3),
        (" 2 ", 2),
        ("\u0660", 3),
        ("9" * 5000, 3),
        ("0" * 5000 + "1", 1),
    ],
)
def test_the_environment_may_ask_for_fewer(monkeypatch: pytest.MonkeyPatch, wanted: str, expected: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1, 4, 6}, raising=False)
    monkeypatch.setenv(THREADS_VARIABLE, wanted)
    assert num_cores() == expected


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no thread to cores")
def test_a_block_keeps_to_few_cores_with_all_that_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = os.sched_getaffinity(0)
    program = "import os; print(len(os.sched_getaffinity(0)), os.environ['OMP_NUM_THREADS'])"
    with few_cores(1):
        assert num_cores() == 1
        assert os.environ["MKL_NUM_THREADS"] == "1"
        done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True)
        assert done.stdout.split() == ["1", "1"]
    assert os.sched_getaffinity(0) == before
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert not {"MKL_NUM_THREADS", THREADS_VARIABLE} & os.environ.keys()


def test_where_nothing_is_bound_libraries_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    with few_cores(3):
        assert num_cores() == 3
        assert os.environ["OMP_NUM_THREADS"] == "3"
    with few_cores(30):
        assert num_cores() == 8
    assert num_cores() == 8
