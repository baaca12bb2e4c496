"""Which results show nearly the same, so that a sheet has room for those that differ: copies, and moments that overlap.

Two results are alike if their frames, taken at the same parts of each, have the same shape, no part of a picture (of
16 x 16) differs by more than a tenth of the way from black to white in any colour, and all parts together by no more
than a fifth of the picture's own contrast. A copy in another size or quality passes; another thing at one place of the
picture, the same things at other times, or another night do not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

__all__ = ["group_alike"]

_PARTS = 16
_MOST_LEVELS = 25.5
_MOST_OF_CONTRAST, _LEAST_LEVELS = 0.2, 2.0  # the second is what compression may change of a plain picture
_MOST_SHAPE = 0.05  # how much longer one picture may be for its width, as a part


def group_alike(results: Sequence[Sequence[Image.Image]]) -> list[list[int]]:
    """Group results by what they show.

    Args:
        results: the frames of each, RGB, in the order of time; one without frames is like no other.

    Returns:
        The numbers of each group, ascending; groups in the order of their firsts, to which the others are compared.
    """
    groups: list[list[int]] = []
    seen: list[tuple[float, np.ndarray]] = []
    for number, frames in enumerate(results):
        facts = _facts(frames) if frames else (0.0, np.zeros(0))
        like = next((place for place, other in enumerate(seen) if frames and _is_alike(facts, other)), None)
        if like is None:
            groups.append([number])
            seen.append(facts)
        else:
            groups[like].append(number)
    return groups


def _facts(frames: Sequence[Image.Image]) -> tuple[float, np.ndarray]:
    """Return a result's shape (width to height), and the mean colours of the parts of its frames."""
    small = [frame.resize((_PARTS, _PARTS), Image.Resampling.BOX) for frame in frames]
    return frames[0].width / frames[0].height, np.stack([np.asarray(frame, np.float32) for frame in small])


def _is_alike(one: tuple[float, np.ndarray], other: tuple[float, np.ndarray]) -> bool:
    (shape, colours), (other_shape, other_colours) = one, other
    if colours.shape != other_colours.shape or abs(shape / other_shape - 1) > _MOST_SHAPE:
        return False
    difference = np.abs(colours - other_colours)
    contrast = np.abs(colours - colours.mean(axis=(1, 2), keepdims=True)).mean()
    most = max(_LEAST_LEVELS, _MOST_OF_CONTRAST * float(contrast))
    return bool(difference.max() <= _MOST_LEVELS and difference.mean() <= most)
