"""Encoding each frame once that several segments show: overlapping windows, slides, and pictures, which are one frame.

What tells that two frames are one is their pixels, so nobody has to say where a frame comes from.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from framecue.encoder import SharesFrames

__all__ = ["FramePreparer", "embed_shared", "num_distinct"]

_DIGEST_BYTES = 16


class FramePreparer:
    """Prepares segments' frames, those once that the segment before showed as well.

    Each thread that reads has segments of its own that follow each other.

    Args:
        prepare: see ``Encoder.prepare``.
    """

    def __init__(self, prepare: Callable[[np.ndarray], np.ndarray]) -> None:
        self._prepare = prepare
        self._threads = threading.local()

    def __call__(self, pixels: np.ndarray) -> tuple[np.ndarray, tuple[bytes, ...]]:
        """Prepare a segment's frames.

        Args:
            pixels: uint8 (F, H, W, 3).

        Returns:
            Pixel values float32 (F, 3, S, S), and for each frame a hash by which it is known again.
        """
        ids = tuple(_frame_id(frame) for frame in pixels)
        before: dict[bytes, np.ndarray] = getattr(self._threads, "before", {})
        new = {each: number for number, each in enumerate(ids) if each not in before}
        known = {each: before[each] for each in ids if each in before}
        if new:
            known |= zip(new, self._prepare(pixels[list(new.values())]), strict=True)
        self._threads.before = known
        return np.stack([known[each] for each in ids]), ids


def _frame_id(frame: np.ndarray) -> bytes:
    # Frames of another shape may have the same bytes.
    digest = hashlib.blake2b(np.array(frame.shape).tobytes(), digest_size=_DIGEST_BYTES)
    digest.update(np.ascontiguousarray(frame).data)
    return digest.digest()


def num_distinct(ids: Iterable[Sequence[bytes]]) -> int:
    """Return how many frames several segments show together, given the hashes of each one's."""
    return len({each for of_segment in ids for each in of_segment})


def embed_shared(
    encoder: SharesFrames,
    pixel_values: Sequence[np.ndarray],
    ids: Sequence[Sequence[bytes]],
    *,
    frames_at_once: int,
) -> np.ndarray:
    """Embed segments, encoding each of their frames once.

    Args:
        encoder: encodes frames apart.
        pixel_values: float32 (F, 3, S, S) of each segment.
        ids: the hashes of each segment's frames, from :class:`FramePreparer`.
        frames_at_once: how many frames go through the encoder together, at most.

    Returns:
        float32 (B, E), unit length: what ``embed_videos`` of all of them returns, up to rounding.
    """
    places: dict[bytes, int] = {}
    frames: list[np.ndarray] = []
    for values, of_segment in zip(pixel_values, ids, strict=True):
        for frame, each in zip(values, of_segment, strict=True):
            if places.setdefault(each, len(frames)) == len(frames):
                frames.append(frame)
    # Batches as large as each other: a small one at the end would cost nearly as much.
    batches = np.array_split(np.arange(len(frames)), -(-len(frames) // frames_at_once))
    features = np.concatenate([encoder.encode_each(np.stack([frames[n] for n in batch])) for batch in batches])
    return encoder.pool_frames(features[[[places[each] for each in of_segment] for of_segment in ids]])
