"""Why a result is there: how near each part of the query is, and which frame of the moment is nearest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from framecue.encoder import Encoder
from framecue.errors import VideoError
from framecue.library.results import BestFrame, Explanation, NameScore, PartScore
from framecue.library.search.found import Found
from framecue.library.search.query_vectors import EncodedQuery
from framecue.library.store import Match

if TYPE_CHECKING:
    from framecue.video import FrameSource

__all__ = ["explain", "explain_found"]

PICTURE_SIDE = 192


def explain_found(
    model: Encoder, whole: EncodedQuery, parts: Sequence[EncodedQuery], found: Found, source: FrameSource
) -> Explanation:
    """Explain a moment; of one with parts, how near each part is to its own moment, and the best frame of the first.

    Args:
        model: fits the library.
        whole: the query.
        parts: what it says happens one after another.
        found: what it found.
        source: reads the result's file, which may be damaged by now.
    """
    if not found.parts:
        return explain(model, whole, found, source)
    scores = [PartScore(str(part.query), 1.0, moment.score) for part, moment in zip(parts, found.parts, strict=True)]
    first = explain(model, parts[0], found.parts[0], source)
    names = [name for part, moment in zip(parts, found.parts, strict=True) for name in _name_scores(part, moment.match)]
    return replace(first, parts=scores, names=names)


def explain(model: Encoder, encoded: EncodedQuery, found: Found, source: FrameSource) -> Explanation:
    """Read a result's moment again and compare each of the frames that the model looks at with the query.

    A moment has its own times where words say when it is, or frames do: a better frame of its segment is not in it.

    Args:
        model: fits the library.
        encoded: the query.
        found: what it found.
        source: reads the result's file, which may be damaged by now.
    """
    match = found.match
    stored = match.vector.astype(np.float64)
    parts = [
        PartScore(str(part), part.weight, float(vector.astype(np.float64) @ stored / np.linalg.norm(stored)))
        for part, vector in zip(encoded.query.parts, encoded.parts, strict=True)
    ]
    names = _name_scores(encoded, match)
    try:
        return Explanation(parts, _best_frame(model, encoded.vector, found, source), names=names)
    except VideoError as error:
        return Explanation(parts, None, error.reason, names=names)


def _name_scores(encoded: EncodedQuery, match: Match) -> list[NameScore]:
    """Return how near the examples of the taught names in a query are to a moment."""
    stored = match.vector.astype(np.float64)
    return [
        NameScore(one.name, one.share, float(one.mean.astype(np.float64) @ stored / np.linalg.norm(stored)))
        for one in encoded.names
    ]


def _best_frame(model: Encoder, vector: np.ndarray, found: Found, source: FrameSource) -> BestFrame:
    # A still image lasts 0 seconds, and a window cannot.
    end_seconds = found.end_seconds if found.end_seconds > found.start_seconds else None
    frames = source.read_frames(
        found.path,
        model.sampling,
        start_seconds=found.start_seconds,
        end_seconds=end_seconds,
        short_side=model.short_side,
    )
    # A model may add rows behind these, for frames that a short video does not have.
    scores = model.embed_frames(model.prepare(frames.pixels))[: len(frames.pixels)] @ vector
    best = int(scores.argmax())
    picture = Image.fromarray(np.ascontiguousarray(frames.pixels[best]))
    picture.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
    return BestFrame(float(frames.times_seconds[best]), float(scores[best]), np.asarray(picture))
