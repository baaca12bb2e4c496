from __future__ import annotations

import threading
from contextlib import closing

import pytest

from framecue.errors import VideoError
from framecue.read_ahead import read_ahead, read_batches_ahead


@pytest.mark.parametrize("num_threads", [1, 4])
def test_items_come_in_their_order_each_with_its_error(num_threads: int) -> None:
    def read(number: int) -> int:
        if number % 3 == 1:
            raise VideoError("a.mp4", f"bad {number}")
        return number * 10

    found = list(read_ahead(range(20), read, num_threads=num_threads, num_waiting=num_threads + 2))
    assert [item for item, _ in found] == list(range(20))
    for item, got in found:
        if item % 3 == 1:
            assert isinstance(got, VideoError)
            assert got.reason == f"bad {item}"
        else:
            assert got == item * 10


def test_no_more_is_read_than_may_wait() -> None:
    read: list[int] = []
    with closing(read_ahead(range(50), read.append, num_threads=1, num_waiting=3)) as found:
        next(found)
    assert len(read) <= 3


def test_other_errors_are_raised_and_the_threads_end() -> None:
    def read(number: int) -> int:
        raise RuntimeError("a bug")

    before = threading.active_count()
    with pytest.raises(RuntimeError, match="a bug"):
        list(read_ahead(range(5), read, num_threads=2, num_waiting=4))
    assert threading.active_count() == before
    assert list(read_ahead([], read, num_threads=2, num_waiting=4)) == []


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (3, [3]), (4, [4]), (9, [4, 4, 1])])
def test_batches_have_their_size_and_keep_the_order(count: int, sizes: list[int]) -> None:
    def read(number: int) -> int:
        if number == 2:
            raise VideoError("a.mp4", "bad")
        return -number

    batches = list(read_batches_ahead(range(count), read, num_threads=2, batch_size=4))
    assert [len(batch) for batch in batches] == sizes
    found = [pair for batch in batches for pair in batch]
    assert [item for item, _ in found] == list(range(count))
    assert all(isinstance(got, VideoError) if item == 2 else got == -item for item, got in found)


def test_batches_read_no_more_than_one_ahead() -> None:
    read: list[int] = []
    with closing(read_batches_ahead(range(50), read.append, num_threads=1, batch_size=4)) as found:
        next(found)
    assert len(read) <= 4 + 5
