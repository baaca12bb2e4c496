"""The lanes of a device. There is no GPU here: what is asked of CUDA is written down in place of being done."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import pytest
import torch

from framecue.device.lanes import CudaLanes, PlainLanes, lanes_of


def test_on_a_processor_nothing_has_to_be_waited_for() -> None:
    lanes = lanes_of(torch.device("cpu"))
    assert isinstance(lanes, PlainLanes)
    page = lanes.page(5)
    assert (page.dtype, page.shape) == (torch.uint8, (5,))
    with lanes.copying():
        mark = lanes.mark()
    lanes.wait_for(mark)
    lanes.until(mark)
    lanes.take_over(page)
    lanes.finish()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What CUDA is asked for, in order, with the stream that is current then."""
    asked: list[str] = []
    current = ["main"]

    class Stream:
        def __init__(self, device: torch.device) -> None:
            asked.append(f"new stream on {device}")

    class Current:
        def wait_event(self, event: Any) -> None:
            asked.append(f"{current[-1]} waits for {event.name}")

    class Event:
        def record(self, stream: Any) -> None:
            assert isinstance(stream, Current)
            self.name = f"mark of {current[-1]}"

        def synchronize(self) -> None:
            asked.append(f"the processor waits for {self.name}")

    @contextmanager
    def in_stream(stream: Any) -> Any:
        assert isinstance(stream, Stream)
        current.append("side")
        yield
        current.pop()

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "stream", in_stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: Current())
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: asked.append(f"all of {device}"))
    return asked


def test_on_a_gpu_copies_are_in_a_stream_of_their_own(asked: list[str]) -> None:
    lanes = lanes_of(torch.device("cuda:1"))
    assert isinstance(lanes, CudaLanes)
    with lanes.copying():
        copied = lanes.mark()
    lanes.wait_for(copied)
    lanes.until(copied)
    computed = lanes.mark()
    with lanes.copying():
        lanes.wait_for(computed)
    lanes.finish()
    assert asked == [
        "new stream on cuda:1",
        "main waits for mark of side",
        "the processor waits for mark of side",
        "side waits for mark of main",
        "all of cuda:1",
    ]


def test_before_anything_was_copied_there_is_nothing_to_wait_for(asked: list[str]) -> None:
    lanes = CudaLanes(torch.device("cuda"))
    lanes.wait_for(None)
    lanes.until(None)
    assert asked == ["new stream on cuda"]


def test_copies_come_out_of_pinned_memory_and_their_results_are_kept(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes = CudaLanes(torch.device("cuda"))
    made: list[dict[str, Any]] = []

    def empty(size: int, **options: Any) -> str:
        made.append({"size": size, **options})
        return "page"

    monkeypatch.setattr(torch, "empty", empty)
    assert lanes.page(7) == "page"
    assert made == [{"size": 7, "dtype": torch.uint8, "pin_memory": True}]

    class Made:
        def record_stream(self, stream: Any) -> None:
            made.append({"used in": type(stream).__name__})

    lanes.take_over(Made())  # type: ignore[arg-type]
    assert made[1:] == [{"used in": "Current"}]
