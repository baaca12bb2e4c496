"""Which way of calling a model is taken, by a clock that the ways themselves move."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from framecue.device import calls as module
from framecue.device.calls import CALLS_VARIABLE, Calls, Function, cuda_ways, wanted_way
from framecue.device.lanes import PlainLanes
from framecue.errors import InputError


class Clock:
    """A clock that stands still but for what is computed."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def perf_counter(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def make(clock: Clock) -> Callable[..., Calls]:
    """Makes calls whose ways take seconds that are given; `sizes` are the batches that each was called with."""

    def make(*, wanted: Any = "auto", factor: float = 1.0, plain: float = 1.0, **seconds: float) -> Calls:
        sizes: dict[str, list[int]] = {}

        def in_way(name: str, takes: float, function: Function) -> Function:
            def call(values: Tensor) -> Tensor:
                clock.seconds += takes
                sizes.setdefault(name, []).append(len(values))
                return function(values)

            return call

        def double(values: Tensor) -> Tensor:
            return values.flatten(1) * 2

        def other(values: Tensor) -> Tensor:
            return double(values) + (1 - factor) * torch.tensor([1.0, -1.0])

        ways: Any = {
            name: lambda function, example, name=name, takes=takes: in_way(name, takes, other)
            for name, takes in seconds.items()
        }
        made = Calls(in_way("plain", plain, double), PlainLanes(), batch_size=4, ways=ways, wanted=wanted)
        made.sizes = sizes  # type: ignore[attr-defined]
        return made

    return make


def batch(size: int) -> Tensor:
    return torch.arange(1.0, 2 * size + 1).view(size, 2)


def test_the_fastest_is_taken_and_gets_whole_batches(make) -> None:
    calls = make(plain=1.0, graph=0.4)
    for size in (4, 3, 1):
        assert torch.equal(calls(batch(size)), batch(size) * 2)
    assert calls.way == "graph"
    assert calls.seconds == {"plain": pytest.approx(1.0), "graph": pytest.approx(0.4)}
    assert set(calls.sizes["graph"]) == {4}


def test_a_way_that_gains_next_to_nothing_is_left(make) -> None:
    calls = make(plain=1.0, graph=0.98)
    calls(batch(4))
    assert calls.way == "plain"
    calls(batch(2))
    assert calls.sizes["plain"][-1] == 2  # and plain calls are not padded


def test_other_shapes_and_larger_batches_are_plain(make) -> None:
    calls = make(graph=0.1)
    calls(batch(4))
    num_before = len(calls.sizes["graph"])
    assert calls(torch.ones(5, 2)).shape == (5, 2)
    assert calls(torch.ones(2, 2, 1)).shape == (2, 2)
    assert len(calls.sizes["graph"]) == num_before


def test_compiling_is_tried_after_minutes_of_computing(make) -> None:
    calls = make(plain=50.0, graph=30.0, compiled=20.0)
    for _ in range(4):
        calls(batch(4))
    assert (calls.way, "compiled" in calls.sizes) == ("graph", False)
    calls(batch(4))  # the fifth: 150 seconds
    assert calls.way == "compiled"
    assert calls.seconds["compiled"] == pytest.approx(20.0)


def test_a_way_that_is_named_is_taken_at_once_and_alone(make) -> None:
    calls = make(wanted="compiled", plain=1.0, graph=0.1, compiled=5.0)
    calls(batch(4))
    assert (calls.way, "graph" in calls.sizes) == ("compiled", False)
    plain = make(wanted="plain", graph=0.1)
    plain(batch(4))
    assert (plain.way, set(plain.sizes)) == ("plain", {"plain"})


def test_a_way_that_gives_other_vectors_is_not_taken(make, caplog: pytest.LogCaptureFixture) -> None:
    calls = make(graph=0.1, factor=-1.0)
    with caplog.at_level(logging.WARNING):
        assert torch.equal(calls(batch(4)), batch(4) * 2)
    assert calls.way == "plain"
    assert "gives other vectors (cosine 0." in caplog.text


def test_a_way_that_cannot_be_made_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    def fail(function: Function, example: Tensor) -> Function:
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    calls = Calls(lambda values: values, PlainLanes(), batch_size=2, ways={"graph": fail})
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert torch.equal(calls(batch(2)), batch(2))
    assert caplog.text.count("operation not permitted when stream is capturing") == 1


@pytest.mark.parametrize("name", ["auto", "plain", "graph", "compiled"])
def test_the_environment_names_a_way(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(CALLS_VARIABLE, name)
    assert wanted_way() == name
    monkeypatch.setenv(CALLS_VARIABLE, "")
    assert wanted_way() == "auto"
    monkeypatch.setenv(CALLS_VARIABLE, "fast")
    message = r"^FRAMECUE_GPU_CALLS is 'fast'; it must be auto, plain, graph or compiled$"
    with pytest.raises(InputError, match=message):
        wanted_way()


def test_a_graph_is_recorded_after_warming_up_and_replayed_on_what_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """By stand-ins for CUDA's parts: a graph that runs the function again on the memory that it was recorded with."""
    done: list[str] = []

    class Stream:
        def __init__(self, device: Any = None) -> None: ...

        def wait_stream(self, other: Any) -> None:
            done.append("wait")

        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None: ...

    class Graph:
        def replay(self) -> None:
            done.append("replay")
            static, result = recorded
            result.copy_(static * 2)

    class Recording:
        def __init__(self, graph: Graph, capture_error_mode: str) -> None:
            assert capture_error_mode == "thread_local"

        def __enter__(self) -> None:
            done.append("record")

        def __exit__(self, *_: object) -> None:
            done.append("end")

    recorded: tuple[Tensor, Tensor]

    def double(values: Tensor) -> Tensor:
        nonlocal recorded
        done.append("call")
        recorded = values, values * 2
        return recorded[1]

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: Stream())
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: stream)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", Recording)
    call = cuda_ways()["graph"](double, batch(2))
    assert done == ["wait", "call", "call", "call", "wait", "record", "call", "end"]
    first = call(batch(2))
    second = call(batch(2) + 1)
    assert torch.equal(first, batch(2) * 2)  # what was given out is not written to by the next replay
    assert torch.equal(second, (batch(2) + 1) * 2)
    assert done[8:] == ["replay", "replay"]
