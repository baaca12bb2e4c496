"""What a name is told apart from: other moments of the library, of which most show something else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from framecue.library.store import Store
from framecue.library.store.taught_names import KeptExample

__all__ = ["draw_others", "overlap_seconds", "show_the_same"]

NUM_OTHERS = 1000
"""How many moments are drawn."""
# The name may well be about other moments of the examples' videos too; they are left out where so many others remain.
_ENOUGH = 50
# Moments as near to an example show the same: copies, other cuts, the window beside it.
_NEAR_DOUBLE = 0.99
# Times as near are the same.
_SAME_SECONDS = 1e-3


def draw_others(store: Store, examples: Sequence[KeptExample], *, number: int = NUM_OTHERS) -> np.ndarray:
    """Return vectors of moments that lie evenly over a library, float32 (M, E) of unit length; the same each time.

    Moments of the examples' own videos are left out, or, where few others remain, those that overlap an example. So is
    what is nearly the same as an example.

    Args:
        store: the library.
        examples: what the name means and what it does not mean, which is told by itself.
        number: how many are drawn.

    Raises:
        LibraryError: the library cannot be read.
    """
    drawn = store.sample(number)
    videos = {example.video_id for example in examples if example.video_id is not None}
    elsewhere = np.array([video_id not in videos for video_id in drawn.video_ids], dtype=bool)
    if elsewhere.sum() >= _ENOUGH:
        is_other = elsewhere
    else:
        is_other = np.array(
            [
                not any(
                    example.video_id == video_id and overlap_seconds(example, start, end) > 0 for example in examples
                )
                for video_id, (start, end) in zip(drawn.video_ids, drawn.spans.tolist(), strict=True)
            ],
            dtype=bool,
        )
    others: np.ndarray = drawn.vectors[is_other]
    if len(others) and examples:
        vectors = np.stack([example.vector for example in examples])
        others = others[(others @ vectors.T).max(axis=1) < _NEAR_DOUBLE]
    return np.ascontiguousarray(others)


def overlap_seconds(example: KeptExample, start_seconds: float, end_seconds: float) -> float:
    """Return for how long an example and a moment of the same video last together.

    It is more than 0 wherever they have anything in common: for a picture, and a time that lies in a moment.
    """
    if example.kind == "image":
        return _SAME_SECONDS
    common = min(example.end_seconds, end_seconds) - max(example.start_seconds, start_seconds)
    is_instant = min(example.end_seconds - example.start_seconds, end_seconds - start_seconds) < _SAME_SECONDS
    return max(common, _SAME_SECONDS) if is_instant and common >= 0 else max(common, 0.0)


def show_the_same(one: KeptExample, other: KeptExample, *, share: float) -> bool:
    """Whether two examples are the same moment, or the same picture.

    Args:
        one: an example.
        other: another.
        share: of the shorter one's time that they must have in common.
    """
    if one.video_id is None or other.video_id is None:
        return one.picture is not None and one.picture == other.picture
    if one.video_id != other.video_id:
        return False
    shorter = min(one.end_seconds - one.start_seconds, other.end_seconds - other.start_seconds)
    common = overlap_seconds(one, other.start_seconds, other.end_seconds)
    return common > 0 and common >= share * shorter - _SAME_SECONDS
