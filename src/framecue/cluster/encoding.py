"""Encoding on a node of a cluster: what an actor does that has loaded the model once.

It is an ordinary class, which knows nothing of Ray.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np

from framecue.cluster.variables import take_variables
from framecue.encoder import Computation, Encoder, EncoderSpec, SaysComputation, SharesCores
from framecue.exported.late import LateEncoder
from framecue.library.indexing.encode import EncodedSegment, PreparedMoment, SegmentEncoder
from framecue.video import Moment, Segmentation

__all__ = ["EncoderAbout", "NodeEncoder", "Vectors"]


@dataclass(frozen=True)
class EncoderAbout:
    """What is told of a loaded encoder.

    Attributes:
        machine: the node's name.
        computation: what it computes by; None if it does not say.
        frames_at_once: about how many frames it takes at once.
    """

    machine: str
    computation: Computation | None
    frames_at_once: int


@dataclass(frozen=True, eq=False)
class Vectors:
    """What became of some moments.

    Attributes:
        vectors: float32 (N, E), in their order.
        captions: a sentence about each, or None.
        seconds: how long it took.
    """

    vectors: np.ndarray
    captions: tuple[str | None, ...]
    seconds: float


class NodeEncoder:
    """Encodes moments on a node, by one thread.

    Args:
        spec: what the encoder is loaded from.
        segmentation: how videos are cut into segments.
        captions: whether to describe each segment.
        environment: variables of the driver's for object stores; what the node has itself is kept.
    """

    def __init__(
        self,
        spec: EncoderSpec,
        segmentation: Segmentation,
        captions: bool,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        take_variables(environment)
        self._spec, self._segmentation, self._captions = spec, segmentation, captions
        self._encoder: SegmentEncoder | None = None

    def load(self) -> EncoderAbout:
        """Load the encoder.

        Raises:
            ModelError: the model cannot be found here, or is another one here.
            AdapterError: the adapter cannot be found here.
        """
        encoder = _whole(self._spec.load())
        self._encoder = SegmentEncoder(encoder, segmentation=self._segmentation, captions=self._captions)
        computation = encoder.computation if isinstance(encoder, SaysComputation) else None
        return EncoderAbout(socket.gethostname(), computation, self._encoder.pace.frames_per_batch)

    def encode(self, *pixels: Sequence[np.ndarray]) -> Vectors:
        """Encode moments, in batches across the videos that they are of.

        Args:
            pixels: of several lists of moments, uint8 (F, H, W, 3) each.
        """
        encoder = self._encoder
        assert encoder is not None
        began = time.monotonic()
        found: list[EncodedSegment] = []
        waiting: list[PreparedMoment] = []
        model = encoder.encoder
        with model.one_core() if isinstance(model, SharesCores) else nullcontext():
            for each in (each for of_list in pixels for each in of_list):
                # What lies in the store of objects cannot be written to, which torch warns of.
                moment = encoder.prepare(Moment(0.0, 0.0, np.array(each), b""))
                if waiting and encoder.is_due(waiting, moment):
                    found += encoder.encode(waiting)
                    waiting = []
                waiting.append(moment)
                if encoder.is_due(waiting):
                    found += encoder.encode(waiting)
                    waiting = []
            if waiting:
                found += encoder.encode(waiting)
        return Vectors(
            np.stack([segment.vector for segment in found]),
            tuple(segment.caption for segment in found),
            time.monotonic() - began,
        )


def _whole(encoder: Encoder) -> Encoder:
    """Return an encoder that encodes videos: what stands for a model in a search loads it when it has to."""
    return encoder.model if isinstance(encoder, LateEncoder) else encoder
