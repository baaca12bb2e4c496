"""The order in which frames are copied and computed on, with lanes that write it down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from framecue.device.feed import Feed
from framecue.device.lanes import PlainLanes

CPU = torch.device("cpu")


class WritingLanes(PlainLanes):
    """Write down what is asked for; a mark is the number of marks before it."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.num_marks = 0
        self.lane = "compute"

    def page(self, num_bytes: int) -> Tensor:
        self.written.append(f"page of {num_bytes}")
        return super().page(num_bytes)

    @contextmanager
    def copying(self) -> Iterator[None]:
        self.lane = "copy"
        yield
        self.lane = "compute"

    def mark(self) -> Any:
        self.num_marks += 1
        self.written.append(f"{self.lane}: mark {self.num_marks}")
        return self.num_marks

    def wait_for(self, mark: Any) -> None:
        self.written.append(f"{self.lane}: wait for {mark}")

    def until(self, mark: Any) -> None:
        if mark is not None:
            self.written.append(f"processor: until {mark}")

    def take_over(self, tensor: Tensor) -> None:
        self.written.append(f"{self.lane}: take over")


def video(number: int, *, size: tuple[int, int] = (2, 3)) -> np.ndarray:
    return np.full((1, *size, 3), number, dtype=np.uint8)


def mean_of(frames: Tensor) -> Tensor:
    return frames.float().mean(dim=(1, 2))[:, :, None, None]


def test_the_next_batch_is_on_its_way_before_one_is_computed() -> None:
    lanes = WritingLanes()
    feed = Feed(CPU, lanes, mean_of)
    batches = [[video(number)] for number in range(4)]
    for number, values in enumerate(feed.ahead(iter(batches))):
        lanes.written.append(f"compute: batch {number}")
        assert values.flatten().tolist() == [number] * 3
    bring = ["page of 18", "copy: mark 1", "copy: mark 2", "page of 18", "copy: mark 3", "copy: mark 4"]
    arrive = [[f"compute: wait for {2 * n + 2}", "compute: take over", f"compute: batch {n}"] for n in range(4)]
    assert lanes.written == [
        *bring,
        *arrive[0],
        # The first page is filled again once it has been copied: of what was made of it nothing is waited for.
        *("processor: until 1", "copy: mark 5", "copy: mark 6"),
        *arrive[1],
        *("processor: until 3", "copy: mark 7", "copy: mark 8"),
        *arrive[2],
        *arrive[3],
    ]


def test_videos_of_all_sizes_travel_together() -> None:
    feed = Feed(CPU, PlainLanes(), mean_of)
    turned = np.arange(24, dtype=np.uint8).reshape(1, 4, 2, 3).transpose(0, 2, 1, 3)[:, ::-1]
    batch = [video(7), video(9, size=(5, 1)), turned]
    (values,) = feed.ahead([batch])
    assert values.shape == (3, 1, 3, 1, 1)
    np.testing.assert_allclose(values[:2].flatten(), [7] * 3 + [9] * 3)
    np.testing.assert_allclose(values[2].flatten(), turned.mean(axis=(0, 1, 2)))


def test_a_page_grows_and_is_kept() -> None:
    lanes = WritingLanes()
    feed = Feed(CPU, lanes, mean_of)
    for batch in ([video(1)], [video(1), video(2)], [video(3)]):
        assert len(list(feed.ahead([batch]))) == 1
    assert [line for line in lanes.written if "page" in line] == ["page of 18", "page of 36"]
    assert list(feed.ahead([])) == []


def test_what_a_batch_gives_does_not_change_when_its_page_is_filled_again() -> None:
    kept = list(Feed(CPU, PlainLanes(), mean_of).ahead([[video(number)] for number in range(6)]))
    assert [values.flatten()[0].item() for values in kept] == [0, 1, 2, 3, 4, 5]


def test_an_error_in_a_batch_is_the_callers() -> None:
    def fail(frames: Tensor) -> Tensor:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        list(Feed(CPU, PlainLanes(), fail).ahead([[video(0)]]))
