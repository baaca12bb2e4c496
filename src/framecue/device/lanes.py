"""Lanes of work on a device: one that computes, and one that copies meanwhile.

On a GPU a lane is a CUDA stream and a mark in it a CUDA event. On the processor work is done as it is asked for, so
there the same calls do nothing, and the code that makes them needs no second way.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import torch
from torch import Tensor

__all__ = ["CudaLanes", "Lanes", "Mark", "PlainLanes", "lanes_of"]

# torch's events have no common type for devices and for none.
Mark = torch.cuda.Event | None


class Lanes(Protocol):
    """The two lanes of one device. What is asked for outside of ``copying`` is in the lane that computes."""

    def page(self, num_bytes: int) -> Tensor:
        """Return memory of the processor, uint8 (num_bytes,), out of which copies run by themselves."""
        ...

    def copying(self) -> AbstractContextManager[object]:
        """Return a block in which work is put into the lane that copies."""
        ...

    def mark(self) -> Mark:
        """Mark the end of what has been put into the lane of the block so far."""
        ...

    def wait_for(self, mark: Mark) -> None:
        """Let the lane of the block wait for a mark; this call does not wait itself."""
        ...

    def until(self, mark: Mark) -> None:
        """Wait for a mark, here."""
        ...

    def take_over(self, tensor: Tensor) -> None:
        """Say that a tensor which the other lane made is used in the lane of the block."""
        ...

    def finish(self) -> None:
        """Wait until the device has done all that it was asked for."""
        ...


class PlainLanes:
    """The lanes of a device that does what it is asked for at once: the processor."""

    def page(self, num_bytes: int) -> Tensor:
        """See `Lanes.page`."""
        return torch.empty(num_bytes, dtype=torch.uint8)

    def copying(self) -> AbstractContextManager[object]:
        """See `Lanes.copying`."""
        return nullcontext()

    def mark(self) -> Mark:
        """See `Lanes.mark`."""
        return None

    def wait_for(self, mark: Mark) -> None:
        """See `Lanes.wait_for`."""

    def until(self, mark: Mark) -> None:
        """See `Lanes.until`."""

    def take_over(self, tensor: Tensor) -> None:
        """See `Lanes.take_over`."""

    def finish(self) -> None:
        """See `Lanes.finish`."""


class CudaLanes:
    """The current stream of a GPU, and a side stream for copies.

    Args:
        device: the GPU.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._side = torch.cuda.Stream(device)

    def page(self, num_bytes: int) -> Tensor:
        """See `Lanes.page`; pinned, or the copy would have to wait for the processor."""
        return torch.empty(num_bytes, dtype=torch.uint8, pin_memory=True)

    def copying(self) -> AbstractContextManager[object]:
        """See `Lanes.copying`."""
        return torch.cuda.stream(self._side)

    def mark(self) -> Mark:
        """See `Lanes.mark`."""
        event = torch.cuda.Event()
        event.record(torch.cuda.current_stream(self._device))
        return event

    def wait_for(self, mark: Mark) -> None:
        """See `Lanes.wait_for`."""
        if mark is not None:
            torch.cuda.current_stream(self._device).wait_event(mark)

    def until(self, mark: Mark) -> None:
        """See `Lanes.until`."""
        if mark is not None:
            mark.synchronize()

    def take_over(self, tensor: Tensor) -> None:
        """See `Lanes.take_over`; without it the memory could be given away while it is still read."""
        tensor.record_stream(torch.cuda.current_stream(self._device))

    def finish(self) -> None:
        """See `Lanes.finish`."""
        torch.cuda.synchronize(self._device)


def lanes_of(device: torch.device) -> Lanes:
    """Return the lanes of a device."""
    return CudaLanes(device) if device.type == "cuda" else PlainLanes()
