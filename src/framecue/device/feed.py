"""Bringing frames to a device while it computes on those that came before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from framecue.device.lanes import Lanes, Mark

__all__ = ["Feed"]

# One page is copied out of while the next is filled.
_NUM_PAGES = 2


@dataclass
class _Page:
    """Memory from which a batch is copied.

    Attributes:
        memory: uint8 (N,).
        copied: the mark from which on it may be filled again.
    """

    memory: Tensor
    copied: Mark = None


class Feed:
    """Copies batches of videos to a device and makes them ready there, one batch ahead of what is computed.

    Bytes travel, a quarter of what they are as float32. The copy and the making ready are in a lane of their own, so
    that the lane that computes waits for a batch only if nothing else is left to do.

    Use it in one thread at a time.

    Args:
        device: where to.
        lanes: of the device.
        make_ready: turns a video's frames on the device, uint8 (F, H, W, 3), into pixel values (F', 3, S, S), of one
            shape for all videos, in memory of their own.
    """

    def __init__(self, device: torch.device, lanes: Lanes, make_ready: Callable[[Tensor], Tensor]) -> None:
        self._device, self._lanes, self._make_ready = device, lanes, make_ready
        self._pages = [_Page(torch.empty(0, dtype=torch.uint8)) for _ in range(_NUM_PAGES)]

    def ahead(self, batches: Iterable[Sequence[np.ndarray]]) -> Iterator[Tensor]:
        """Yield the pixel values (B, F', 3, S, S) of each batch, when the next one is on its way already.

        Args:
            batches: videos' frames, each uint8 (F, H, W, 3); sizes may differ.
        """
        before: tuple[Tensor, Mark] | None = None
        for number, batch in enumerate(batches):
            brought = self._bring(batch, self._pages[number % _NUM_PAGES])
            if before is not None:
                yield self._arrived(*before)
            before = brought
        if before is not None:
            yield self._arrived(*before)

    def _bring(self, batch: Sequence[np.ndarray], page: _Page) -> tuple[Tensor, Mark]:
        """Put a batch's copy and its making ready into the lane that copies; does not wait for either."""
        num_bytes = sum(frames.nbytes for frames in batch)
        self._lanes.until(page.copied)
        if len(page.memory) < num_bytes:
            page.memory = self._lanes.page(num_bytes)
        written = page.memory[:num_bytes].numpy()
        start = 0
        for frames in batch:
            # Straight into its place: frames that are turned or mirrored are views, which are put in order here.
            np.copyto(written[start : start + frames.nbytes].reshape(frames.shape), frames)
            start += frames.nbytes
        with self._lanes.copying():
            arrived = page.memory[:num_bytes].to(self._device, non_blocking=True)
            page.copied = self._lanes.mark()
            ready = []
            for frames, part in zip(batch, arrived.split([frames.nbytes for frames in batch]), strict=True):
                ready.append(self._make_ready(part.view(frames.shape)))
            return torch.stack(ready), self._lanes.mark()

    def _arrived(self, values: Tensor, ready: Mark) -> Tensor:
        self._lanes.wait_for(ready)
        self._lanes.take_over(values)
        return values
