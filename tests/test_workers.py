from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from framecue.workers import Workers


@pytest.mark.parametrize("num_threads", [0, 1, 3])
def test_results_come_in_the_order_of_the_work(num_threads: int) -> None:
    found: list[int] = []
    first = threading.Event()

    def work(number: int) -> int:
        if number == 0 and num_threads > 1:
            assert first.wait(10)  # the others overtake it
        if number == 2:
            first.set()
        return number

    with Workers[int](num_threads) as workers:
        for number in range(20):
            workers.give(partial(work, number))
            found.extend(workers.results())
        found.extend(workers.rest())
    assert found == list(range(20))


def test_only_so_much_is_under_way() -> None:
    begun: list[int] = []
    may_go_on = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        assert may_go_on.wait(10)
        return number

    with Workers[int](2) as workers:
        for number in range(4):
            workers.give(partial(work, number))
            assert list(workers.results()) == []
        workers.give(partial(work, 4))
        threading.Timer(0.2, may_go_on.set).start()
        assert next(workers.results()) == 0  # it waited, as there were five
        assert may_go_on.is_set()
        assert list(workers.rest()) == [1, 2, 3, 4]
    assert sorted(begun) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("num_threads", [0, 2])
def test_each_piece_is_done_in_a_context_of_its_thread(num_threads: int) -> None:
    within = threading.local()

    @contextmanager
    def around() -> Iterator[None]:
        within.it = True
        yield
        within.it = False

    with Workers[bool](num_threads, around=around) as workers:
        for _ in range(5):
            workers.give(lambda: within.it)
        assert list(workers.rest()) == [True] * 5


@pytest.mark.parametrize("num_threads", [0, 2])
def test_an_error_is_raised_in_its_place_and_ends_what_is_left(num_threads: int) -> None:
    done: list[int] = []

    def work(number: int) -> int:
        if number == 1:
            raise ZeroDivisionError
        return number

    def run() -> None:
        with Workers[int](num_threads) as workers:
            for number in range(50):
                workers.give(partial(work, number))
                done.extend(workers.results())
            done.extend(workers.rest())

    with pytest.raises(ZeroDivisionError):
        run()
    assert done == [0]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("framecue-work")]
