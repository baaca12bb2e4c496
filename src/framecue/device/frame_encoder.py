"""Encoding decoded frames on a device: copied as bytes, made ready there, encoded in batches of one size."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from framecue.device.calls import Calls, Function, Make, Way, cuda_ways, wanted_way
from framecue.device.feed import Feed
from framecue.device.lanes import Lanes, lanes_of

__all__ = ["FRAMES_AT_ONCE", "FrameEncoder"]

FRAMES_AT_ONCE = 256
"""How many frames go through a model at once on a GPU: matrices of over ten thousand rows, with which it is busy."""


class FrameEncoder:
    """Turns videos' frames into embeddings on one device. Threads may share it; one of them encodes at a time.

    Args:
        encode: turns pixel values (B, F, 3, S, S) on the device into embeddings (B, E).
        make_ready: turns a video's frames on the device, uint8 (F, H, W, 3), into pixel values (F', 3, S, S), float32.
        device: that computes.
        dtype: that the model computes in.
        batch_size: how many videos go through the model at once.
        lanes: of the device; None for its own.
        ways: other ways of calling the model, see `Calls`; None for those that the device has.
    """

    def __init__(
        self,
        encode: Function,
        make_ready: Callable[[Tensor], Tensor],
        *,
        device: torch.device,
        dtype: torch.dtype,
        batch_size: int,
        lanes: Lanes | None = None,
        ways: dict[Way, Make] | None = None,
    ) -> None:
        self.device, self.dtype, self._batch_size = device, dtype, batch_size
        lanes = lanes_of(device) if lanes is None else lanes
        if ways is None:
            ways = cuda_ways() if device.type == "cuda" else {}
        self.calls = Calls(encode, lanes, batch_size=batch_size, ways=ways, wanted=wanted_way())
        self._feed = Feed(device, lanes, lambda frames: make_ready(frames).to(dtype))
        self._lock = threading.Lock()

    @torch.inference_mode()
    def __call__(self, videos: Sequence[np.ndarray]) -> np.ndarray:
        """Return the embeddings, float32 (B, E), of videos' frames, each uint8 (F, H, W, 3); sizes may differ."""
        with self._lock:
            # Nothing waits for the device before the last batch was asked for.
            embeddings = [self.calls(values) for values in self._feed.ahead(self._batches(videos))]
            return torch.cat(embeddings).float().cpu().numpy()

    def _batches(self, videos: Sequence[np.ndarray]) -> Iterator[Sequence[np.ndarray]]:
        for start in range(0, len(videos), self._batch_size):
            yield videos[start : start + self._batch_size]
