"""Why a result is there: how near each part of the query is, and which frame of the moment is nearest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from framecue.errors import VideoError
from framecue.library.query_vectors import EncodedQuery
from framecue.library.store import Match
from framecue.video import VideoReader

if TYPE_CHECKING:
    from framecue.model import VideoTextModel

__all__ = ["BestFrame", "Explanation", "PartScore", "explain"]

PICTURE_SIDE = 192


@dataclass(frozen=True)
class PartScore:
    """How near one part of a query is to a moment: the cosine of their own vectors."""

    part: str
    weight: float
    score: float


@dataclass(frozen=True)
class BestFrame:
    """The frame of a moment that is nearest to a query.

    Attributes:
        at_seconds: when it is shown in the video.
        score: cosine similarity of the query and the frame alone.
        pixels: uint8 (H, W, 3), RGB, small.
    """

    at_seconds: float
    score: float
    pixels: np.ndarray = field(repr=False, compare=False)


@dataclass(frozen=True)
class Explanation:
    """Why a result is there.

    Attributes:
        parts: of the query, in its order.
        frame: the frame that matched best; None where the file cannot be read any more.
        problem: why not, in words; None where it can.
    """

    parts: list[PartScore]
    frame: BestFrame | None
    problem: str | None = None


def explain(model: VideoTextModel, encoded: EncodedQuery, match: Match) -> Explanation:
    """Read a result's moment again and compare each of the frames that the model looks at with the query."""
    stored = match.vector.astype(np.float64)
    parts = [
        PartScore(str(part), part.weight, float(vector.astype(np.float64) @ stored / np.linalg.norm(stored)))
        for part, vector in zip(encoded.query.parts, encoded.parts, strict=True)
    ]
    try:
        return Explanation(parts, _best_frame(model, encoded.vector, match))
    except VideoError as error:
        return Explanation(parts, None, error.reason)


def _best_frame(model: VideoTextModel, vector: np.ndarray, match: Match) -> BestFrame:
    import torch

    # A still image lasts 0 seconds, and a window cannot.
    end_seconds = match.end_seconds if match.end_seconds > match.start_seconds else None
    with VideoReader(match.path) as video:
        frames = video.read_frames(model.sampling, start_seconds=match.start_seconds, end_seconds=end_seconds)
    with torch.inference_mode():
        features = model.frame_features(model.preprocess(frames.pixels)[None])[0].float().cpu().numpy()
    scores = features @ vector / np.linalg.norm(features, axis=1)
    best = int(scores.argmax())
    picture = Image.fromarray(np.ascontiguousarray(frames.pixels[best]))
    picture.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
    return BestFrame(float(frames.times_seconds[best]), float(scores[best]), np.asarray(picture))
