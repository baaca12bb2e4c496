"""Ways of calling a model at one size of batch, and which of them is fastest on a device.

A GPU computes a small model's layers faster than Python asks for them. A CUDA graph asks once and replays;
torch.compile makes fewer and larger kernels as well, which takes it a minute. Either needs one size of batch, to which
smaller ones are padded. Which is faster depends on the model and the card, so it is measured.
"""

from __future__ import annotations

import logging
import os
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional

from framecue.device.lanes import Lanes
from framecue.errors import InputError, first_line

__all__ = ["CALLS_VARIABLE", "WAYS", "Calls", "Function", "Way", "cuda_ways", "wanted_way"]

logger = logging.getLogger(__name__)

Function = Callable[[Tensor], Tensor]
Way = Literal["plain", "graph", "compiled"]
WAYS: tuple[Way, ...] = get_args(Way)
AUTO = "auto"
# A function and an example of its input -> the same function in another way, for inputs of that one shape.
Make = Callable[[Function, Tensor], Function]

CALLS_VARIABLE = "FRAMECUE_GPU_CALLS"
"""The environment variable that names the way in which a model is called on a GPU, or "auto"."""

_NUM_ROUNDS = 3
# A way that is less than 3 % faster is not worth the memory that it takes.
_LEAST_GAIN = 1.03
_LEAST_COSINE = 0.999
# Compiling takes up to a minute or two: it is tried once a run has computed for longer than that.
_SECONDS_BEFORE_COMPILING = 120.0
_WARM_UPS = 3


class Calls:
    """Calls a function of pixel values in the way that is fastest for batches of one size.

    Args:
        function: takes (B, ...) and returns (B, E), each row of its own; must be callable with any B.
        lanes: of the device that computes.
        batch_size: the B for which the other ways are made; calls with fewer are padded, and calls with more are plain.
        ways: makes the other ways by name; none on a processor.
        wanted: a way that has to be taken if it can be made, "auto" for the fastest.

    Attributes:
        way: that is taken at present.
        seconds: what a call of each way took that was measured, of one whole batch.
    """

    def __init__(
        self,
        function: Function,
        lanes: Lanes,
        *,
        batch_size: int,
        ways: Mapping[Way, Make],
        wanted: Way | Literal["auto"] = "auto",
    ) -> None:
        self._function, self._lanes, self._batch_size = function, lanes, batch_size
        self._untried = {name: make for name, make in ways.items() if wanted in (AUTO, name)}
        self._is_wanted = wanted != AUTO
        self._call, self._num_calls = function, 0
        self.way: Way = "plain"
        self.seconds: dict[Way, float] = {}
        self._shape: torch.Size | None = None

    def __call__(self, values: Tensor) -> Tensor:
        """Return the function's result (B, E) for (B, ...)."""
        if self._shape is None:
            self._shape = values.shape[1:]
        if len(values) > self._batch_size or values.shape[1:] != self._shape:
            return self._function(values)
        self._num_calls += 1
        if due := [name for name in self._untried if self._is_due(name)]:
            self._try(due, self._padded(values))
        return self._function(values) if self.way == "plain" else self._call(self._padded(values))[: len(values)]

    def _padded(self, values: Tensor) -> Tensor:
        """Return a whole batch; the last video stands in for those that are missing."""
        missing = self._batch_size - len(values)
        return torch.cat([values, values[-1:].expand(missing, *values.shape[1:])]) if missing else values

    def _is_due(self, way: Way) -> bool:
        if way != "compiled" or self._is_wanted:
            return True
        return self._num_calls * self.seconds.get(self.way, 0.0) > _SECONDS_BEFORE_COMPILING

    def _try(self, names: list[Way], example: Tensor) -> None:
        """Make ways, measure them in turns with the one that is taken, and take the fastest."""
        calls: dict[Way, Function] = {self.way: self._call}
        for name in names:
            made = self._made(name, self._untried.pop(name), example)
            if made is not None:
                calls[name] = made
        if self._is_wanted and len(calls) > 1:
            self.way, self._call = next((name, call) for name, call in calls.items() if name != self.way)
            return
        self.seconds.update(_seconds_in_turns(calls, example, self._lanes))
        fastest = min(calls, key=lambda name: self.seconds[name])
        if self.seconds[self.way] > _LEAST_GAIN * self.seconds[fastest]:
            self.way, self._call = fastest, calls[fastest]
        shown = ", ".join(f"{name} {1000 * self.seconds[name]:.1f} ms" for name in calls)
        logger.info("a batch of %d takes %s; calls are %s", self._batch_size, shown, self.way)

    def _made(self, name: Way, make: Make, example: Tensor) -> Function | None:
        """Return the function made in a way; None if it cannot be, or gives something else."""
        try:
            made = make(self._function, example)
            cosine = functional.cosine_similarity(made(example).float(), self._function(example).float(), dim=-1).min()
        # Whatever stands in the way of recording or compiling a model: the plain call works.
        except Exception as error:
            logger.warning("the model cannot be called in the way %r: %s", name, first_line(error))
            return None
        if not cosine >= _LEAST_COSINE:
            logger.warning("the way %r gives other vectors (cosine %.4f), so it is not taken", name, cosine)
            return None
        return made


def _seconds_in_turns(calls: Mapping[Way, Function], example: Tensor, lanes: Lanes) -> dict[Way, float]:
    """Return what each call takes, in seconds, the median of rounds in which each has its turn."""
    found: dict[Way, list[float]] = {name: [] for name in calls}
    for round_number in range(_NUM_ROUNDS + 1):
        for name, call in calls.items():
            lanes.finish()
            began = time.perf_counter()
            call(example)
            lanes.finish()
            if round_number:  # the first is for warming up
                found[name].append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in found.items()}


def wanted_way() -> Way | Literal["auto"]:
    """Return the way that the environment names, "auto" if it names none.

    Raises:
        InputError: there is no such way.
    """
    named = os.environ.get(CALLS_VARIABLE) or AUTO
    for way in (*WAYS, AUTO):
        if way == named:
            return way  # type: ignore[return-value]
    raise InputError(f"{CALLS_VARIABLE} is {named!r}; it must be {AUTO}, {', '.join(WAYS[:-1])} or {WAYS[-1]}")


def cuda_ways() -> dict[Way, Make]:
    """Return what makes the other ways on a GPU."""
    return {"graph": _as_graph, "compiled": _compiled}


def _as_graph(function: Function, example: Tensor) -> Function:
    """Record a call as a CUDA graph, in the steps that PyTorch's notes on them give."""
    static = example.clone()
    stream = torch.cuda.Stream(example.device)
    stream.wait_stream(torch.cuda.current_stream(example.device))
    with torch.cuda.stream(stream):
        for _ in range(_WARM_UPS):
            function(static)
    torch.cuda.current_stream(example.device).wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    # Other threads, which bring frames, may go on with the device meanwhile.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        result = function(static)

    def replay(values: Tensor) -> Tensor:
        static.copy_(values)
        graph.replay()
        return result.clone()  # which the next replay overwrites

    return replay


def _compiled(function: Function, example: Tensor) -> Function:
    """Compile a function for one shape, and record what comes of it as a CUDA graph."""
    compiled: Function = torch.compile(function, dynamic=False)
    compiled(example)
    return _as_graph(compiled, example)
