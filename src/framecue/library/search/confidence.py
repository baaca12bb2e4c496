"""How likely a score means that the query is there, in [0, 1]: pure arithmetic on a library's background.

A cosine says nothing by itself: what is high depends on the model, on how many segments the query could choose from,
and on the query. So it is compared with the best score that an *ordinary* query of the same kind has in the same
library. Several hundred such queries, most of which are about nothing that is there, tell what that is. They also tell
how it depends on the mean and the spread of a query's scores over the library (some queries are near to everything), as
far as it does: a line is fitted through them, in each library anew. How far a score lies above the line, in units of
what ordinary queries differ by, means the same in all libraries, and a logistic curve makes a probability of it.

A query of which moments are a part, as of a taught name or after marks, is nearer to all of them than a text is, so its
scores are compared with how they themselves lie over the library: with as many of their deviations above their mean as
the best scores of ordinary queries stand above theirs, and more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

from framecue.library.search.hubs import Hubs
from framecue.library.store.background import Background

__all__ = ["Confidence", "Yardstick"]

# Of the logistic curve, fitted to the best scores of present and absent queries in libraries of two models, of seeds of
# their own; `python benchmarks/absent.py --fit` fits it again.
SLOPE, MIDDLE = 0.5, 4.6
# The same of a sentence encoder's scores, which tell sooner what is meant from what is not: fitted to whether the best
# passage is the right one, for what is said in other words and for what is nowhere, on films of seeds of their own;
# `python benchmarks/answers.py --fit` fits it again.
MEANT_SLOPE, MEANT_MIDDLE = 0.75, 2.5
# What is written is mostly two or three words, and any few words are nearer to each other than sentences are. Of 27
# titles that are nowhere the nearest one is 7.8 above the usual best, and 14.8 of those that are there, in the middle.
TITLE_SLOPE, TITLE_MIDDLE = 0.5, 9.0

# How much the fitted line is drawn towards a flat one. Few directions of the two features are all that is known of a
# query, and one far from the ordinary ones is to be judged by the nearest of them.
_RIDGE = 0.1
_FARTHEST = 3.0
# A query that lies so many deviations above the line is not ordinary in this library. Three rounds find them.
_OUTLYING, _ROUNDS = 2.5, 3
# To the standard deviation of normally distributed numbers.
_MEDIAN_TO_DEVIATION = 1.4826
# Scores are cosines of float16 vectors: what differs by less is the same.
_LEAST_SCALE = 2e-3
# Queries in ordinary English fill a hundred directions of a model that knows their words, and seven of one that knows
# other words only and takes all of these for the same unknown one.
_LEAST_DIMENSIONS = 16.0
# Where ordinary queries mean nothing to a model, their best scores say nothing either. What is left is how its scores
# lie over the library: so many standard deviations above their mean the best scores of absent queries begin to be seen
# where a model knows their words, and they differ by so many.
_OWN_HEIGHT, _OWN_SCALE = 2.0, 0.25
_LEAST_OWN_SCALE = 0.1
# The lower part of a query's scores tells how they lie where nothing is that it means: what somebody has a name for may
# be in every third moment.
_LOW_SHARE = 0.4
_NORMAL = NormalDist()
# A query of which moments are a part stands out further from a library, whether or not what it means is there, and
# tells less of that: where ordinary queries are as likely present as absent, it is so at so many times the height, and
# its best scores differ by so many times as much. Found by names that the shipped model was taught from three examples,
# with other moments of what they mean in the library and without.
_JOINED_HIGHER, _JOINED_WIDER = 1.4, 2.4


@dataclass(frozen=True, eq=False)
class Yardstick:
    """What is usual in one library.

    Attributes:
        sample: float32 (M, E), unit vectors of segments, spread over the library.
        middle: float64 (2,), the mean of the ordinary queries' features: mean and spread of scores over the sample.
        deviation: float64 (2,), by how much they differ.
        level: the mean of the ordinary queries' best scores, corrected so that half of them lie above the line.
        slopes: float64 (2,), how the best score grows with the features, each in units of its deviation.
        scale: how far the best scores of ordinary queries lie from the line.
        own_height: so many deviations above their mean the best scores of ordinary queries are.
        own_scale: by so many these differ.
        hubs: which segments are near to whatever is asked; None where the model brings no queries to tell that by.
    """

    sample: np.ndarray = field(repr=False)
    middle: np.ndarray
    deviation: np.ndarray
    level: float
    slopes: np.ndarray
    scale: float
    own_height: float = _OWN_HEIGHT
    own_scale: float = _OWN_SCALE
    hubs: Hubs | None = None

    @classmethod
    def of(cls, background: Background) -> Yardstick:
        """Return the yardstick of a library's background."""
        if background.dimensions < _LEAST_DIMENSIONS:
            return cls._of_library_alone(background)
        features = np.stack([background.mean, background.spread], axis=1).astype(np.float64)
        best = background.best.astype(np.float64)
        middle, deviation = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
        apart = (features - middle) / deviation
        # Some ordinary queries are about things that are there. They stand out, and must not move the measure.
        is_usual = np.ones(len(best), dtype=bool)
        for _ in range(_ROUNDS):
            level, slopes = _line(apart[is_usual], best[is_usual])
            rest = best - level - apart @ slopes
            median = float(np.median(rest[is_usual]))
            scale = _MEDIAN_TO_DEVIATION * float(np.median(np.abs(rest[is_usual] - median)))
            is_usual = rest - median <= _OUTLYING * max(scale, _LEAST_SCALE)
        # Those that stand out do tell how ordinary queries differ; a few of them do not move this.
        scale = _MEDIAN_TO_DEVIATION * float(np.median(np.abs(rest - np.median(rest))))
        heights = ((best - features[:, 0]) / np.maximum(features[:, 1], _LEAST_SCALE))[is_usual]
        height = float(np.median(heights))
        return cls(
            sample=background.sample,
            middle=middle,
            deviation=deviation,
            level=level + median,
            slopes=slopes,
            scale=max(scale, _LEAST_SCALE),
            own_height=height,
            own_scale=max(_MEDIAN_TO_DEVIATION * float(np.median(np.abs(heights - height))), _LEAST_OWN_SCALE),
            hubs=Hubs.of(background),
        )

    @classmethod
    def _of_library_alone(cls, background: Background) -> Yardstick:
        """Return a yardstick made of how the scores of texts lie that mean nothing to the model, not of the best."""
        mean, spread = float(background.mean.mean()), float(background.spread.mean())
        return cls(
            sample=background.sample,
            middle=np.zeros(2),
            deviation=np.ones(2),
            level=mean + _OWN_HEIGHT * spread,
            slopes=np.zeros(2),
            scale=max(_OWN_SCALE * spread, _LEAST_SCALE),
            hubs=Hubs.of(background),
        )

    def usual_best(self, vector: np.ndarray) -> float:
        """Return the best score that an ordinary query like this one has in the library.

        Args:
            vector: float32 (E,), unit length, the query's vector.
        """
        scores = self.sample @ vector
        features = np.array([scores.mean(dtype=np.float64), scores.std(dtype=np.float64)])
        apart = np.clip((features - self.middle) / self.deviation, -_FARTHEST, _FARTHEST)
        return self.level + float(apart @ self.slopes)

    def confidence(self, vector: np.ndarray, *, known: float = 1.0) -> Confidence:
        """Return what turns this query's scores into confidences.

        Args:
            vector: float32 (E,), unit length, the query's vector.
            known: how surely the vector means the query, by the words of it that the model was made for, in [0, 1].
        """
        return Confidence(self.usual_best(vector), self.scale, known, hubs=self.hubs)

    def confidence_of_meaning(self) -> Confidence:
        """Return what turns the scores of passages into how surely they mean the query, whatever the query is like.

        A sentence encoder puts what is unrelated at the same cosine for most queries, so that the line takes more from
        what is meant than from what is not: found on films made here (docs/benchmarks.md, "One box").
        """
        return Confidence(self.level, self.scale, slope=MEANT_SLOPE, middle=MEANT_MIDDLE)

    def confidence_of_title(self) -> Confidence:
        """Return what turns the scores of what is written, in few words, into how surely it means the query."""
        return Confidence(self.level, self.scale, slope=TITLE_SLOPE, middle=TITLE_MIDDLE)

    def confidence_of_joined(self, vector: np.ndarray) -> Confidence:
        """Return what turns the scores of a query into confidences of which moments of videos are a part.

        Args:
            vector: float32 (E,), unit length, the query's vector.
        """
        mean, spread = _of_lower_part((self.sample @ vector).astype(np.float64))
        scale = _JOINED_WIDER * self.own_scale
        undecided = _JOINED_HIGHER * (self.own_height + MIDDLE * self.own_scale)
        return Confidence(mean + (undecided - MIDDLE * scale) * spread, max(scale * spread, _LEAST_SCALE))


def _of_lower_part(scores: np.ndarray) -> tuple[float, float]:
    """Return the mean and the deviation of the normal distribution whose lower part lies as that of scores does.

    Args:
        scores: float64 (N,), at least two.
    """
    num_low = max(2, round(_LOW_SHARE * len(scores)))
    low = np.sort(scores)[:num_low]
    places = np.array([_NORMAL.inv_cdf((place + 0.5) / len(scores)) for place in range(num_low)])
    apart = places - places.mean()
    deviation = float(apart @ low / (apart @ apart))
    return float(low.mean()) - deviation * float(places.mean()), deviation


def _line(features: np.ndarray, values: np.ndarray) -> tuple[float, np.ndarray]:
    """Fit a line through values, drawn towards a flat one.

    Args:
        features: float64 (N, F), in units of their deviations.
        values: float64 (N,).

    Returns:
        (its height where all features are 0, its slopes float64 (F,)).
    """
    middle, mean = features.mean(axis=0), float(values.mean())
    apart = features - middle
    ridge = _RIDGE * len(values) * np.eye(features.shape[1])
    slopes: np.ndarray = np.linalg.solve(apart.T @ apart + ridge, apart.T @ (values - mean))
    return mean - float(middle @ slopes), slopes


@dataclass(frozen=True)
class Confidence:
    """Turns the scores of one query into confidences.

    Attributes:
        usual_best: the best score that an ordinary query like it has in the library.
        scale: by how much ordinary queries differ.
        known: how surely the vector means the query, in [0, 1]: less than 1 where words of it are unknown to the
            model. No score makes anything surer than that.
        slope: how soon a score that is higher, in units of the scale, is surer.
        middle: how far above the usual best, in these units, something is as likely meant as not.
        hubs: tells what of a segment's score it has whatever is asked; None for nothing.
    """

    usual_best: float
    scale: float
    known: float = 1.0
    slope: float = SLOPE
    middle: float = MIDDLE
    hubs: Hubs | None = None

    def of_segments(self, scores: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Return the confidences of segments, float64 (N,), in [0, 1].

        Args:
            scores: float (N,), their cosines with the query.
            vectors: float (N, E), the segments' own.
        """
        scores = np.asarray(scores, dtype=np.float64)
        if self.hubs is not None:
            scores = scores - self.hubs.corrections(vectors)
        return np.array([self.of(float(score)) for score in scores], dtype=np.float64)

    def of_segment(self, score: float, vector: np.ndarray) -> float:
        """Return the confidence of one segment, in [0, 1]; see `of_segments`."""
        return float(self.of_segments(np.array([score]), vector[None])[0])

    def of(self, score: float) -> float:
        """Return the confidence of a score, in [0, 1], whatever has it."""
        height = (score - self.usual_best) / self.scale
        return self.known / (1.0 + math.exp(min(-self.slope * (height - self.middle), 700.0)))

    def least_score(self, confidence: float) -> float:
        """Return the score from which on the confidence is reached; infinity if none reaches it.

        Args:
            confidence: in [0, 1].
        """
        if confidence <= 0:
            return -math.inf
        if confidence >= self.known:
            return math.inf
        height = self.middle + math.log(confidence / (self.known - confidence)) / self.slope
        return self.usual_best + self.scale * height
