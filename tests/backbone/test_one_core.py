from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from framecue.backbone import one_core as module
from framecue.backbone.one_core import in_parts, max_threads, one_core


@pytest.fixture
def three_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    monkeypatch.setattr(module, "num_cores", lambda: 3)
    yield
    torch.set_num_threads(before)


def threads_of_a_new_thread() -> int:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.usefixtures("three_threads")
def test_a_thread_keeps_to_one_core_and_leaves_all_as_it_was() -> None:
    inside: list[int] = []
    both = threading.Barrier(2)

    def compute() -> None:
        with one_core():
            both.wait(10)
            inside.append(torch.get_num_threads())
            both.wait(10)
        inside.append(torch.get_num_threads())

    threads = [threading.Thread(target=compute) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(inside) == [1, 1, 3, 3]
    assert torch.get_num_threads() == 3
    assert threads_of_a_new_thread() == 3


@pytest.mark.usefixtures("three_threads")
def test_an_error_puts_the_number_of_threads_back() -> None:
    with pytest.raises(ZeroDivisionError), one_core():
        raise ZeroDivisionError
    assert (torch.get_num_threads(), threads_of_a_new_thread()) == (3, 3)


@pytest.mark.usefixtures("three_threads")
def test_no_more_threads_than_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    assert max_threads() == 3
    monkeypatch.setattr(module, "num_cores", lambda: 2)
    assert max_threads() == 2


@pytest.mark.usefixtures("three_threads")
@pytest.mark.parametrize("num_videos", [1, 2, 11])
def test_parts_are_encoded_on_cores_of_their_own_and_come_in_order(num_videos: int) -> None:
    videos = torch.arange(num_videos * 8, dtype=torch.float32).reshape(num_videos, 8, 1, 1, 1)
    threads: list[tuple[str, int]] = []
    sizes: list[int] = []

    def encode(part: Tensor) -> Tensor:
        threads.append((threading.current_thread().name, torch.get_num_threads()))
        sizes.append(len(part))
        assert torch.is_inference_mode_enabled()
        return part.flatten(1).sum(dim=1, keepdim=True)

    with torch.inference_mode():
        found = in_parts(encode, videos)
    torch.testing.assert_close(found, videos.flatten(1).sum(dim=1, keepdim=True), rtol=0, atol=0)
    assert sum(sizes) == num_videos
    assert max(sizes) <= 2  # 16 frames
    if num_videos > 2:
        assert {number for _, number in threads} == {1}
        assert threading.current_thread().name not in {name for name, _ in threads}


def test_on_one_core_no_thread_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "num_cores", lambda: 1)
    videos, names = torch.zeros(5, 16, 1, 1, 1), set()

    def encode(part: Tensor) -> Tensor:
        names.add(threading.current_thread().name)
        return part.flatten(1)

    assert in_parts(encode, videos).shape == (5, 16)
    assert names == {threading.current_thread().name}
