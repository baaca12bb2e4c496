"""Encoding each frame once that several segments show: overlapping windows, slides, and pictures, which are one frame.

What tells that two frames are one is their pixels, so nobody has to say where a frame comes from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from framecue.encoder import SharesFrames

__all__ = ["embed_shared", "frame_ids", "num_distinct"]

_DIGEST_BYTES = 16


def frame_ids(pixel_values: np.ndarray) -> tuple[bytes, ...]:
    """Return a hash of each frame of pixel values (F, 3, S, S), by which it is known again."""
    return tuple(
        hashlib.blake2b(np.ascontiguousarray(frame).data, digest_size=_DIGEST_BYTES).digest() for frame in pixel_values
    )


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
        ids: the hashes of each segment's frames, from :func:`frame_ids`.
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
