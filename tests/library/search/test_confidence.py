"""What a score means, in libraries made of chance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from framecue.library.results import FITS_FROM
from framecue.library.search.confidence import MEANT_MIDDLE, MEANT_SLOPE, Confidence, Yardstick
from framecue.library.store.background import Background

WIDTH = 64


def directions(rng: np.random.Generator, number: int, *, cone: float = 0.0) -> np.ndarray:
    """Unit vectors by chance; with a cone they lean to one side, as those of many models do."""
    vectors = rng.normal(size=(number, WIDTH))
    vectors[:, 0] += cone
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def background(segments: np.ndarray, bank: np.ndarray, *, dimensions: float = 60.0) -> Background:
    sample = segments[np.unique(np.linspace(0, len(segments) - 1, 256).round().astype(int))]
    scores = bank @ sample.T
    best = (bank @ segments.T).max(axis=1)
    return Background("", len(segments), sample, best, scores.mean(axis=1), scores.std(axis=1), dimensions)


def best_confidences(yardstick: Yardstick, segments: np.ndarray, queries: np.ndarray) -> np.ndarray:
    return np.array([yardstick.confidence(query).of(float((segments @ query).max())) for query in queries])


@pytest.mark.parametrize("cone", [0.0, 6.0])
def test_the_best_for_an_absent_query_means_the_same_in_libraries_of_every_size(cone: float) -> None:
    rng = np.random.default_rng(1)
    medians, cosines = [], []
    for size in (30, 300, 3000):
        segments, bank = directions(rng, size, cone=cone), directions(rng, 400)
        queries = directions(rng, 200)
        medians.append(float(np.median(best_confidences(Yardstick.of(background(segments, bank)), segments, queries))))
        cosines.append(float(np.median((queries @ segments.T).max(axis=1))))
    # The best of more is higher, as a cosine.
    assert cosines[2] > cosines[0] + 0.1
    assert max(medians) < 0.15
    assert max(medians) - min(medians) < 0.03


def test_a_confidence_of_meaning_knows_the_library_alone() -> None:
    rng = np.random.default_rng(4)
    # Queries of many leanings, so that what is usual does depend on a query.
    bank = directions(rng, 400) + rng.uniform(0, 1.5, size=(400, 1)) * np.eye(WIDTH, dtype=np.float32)[0]
    bank = (bank / np.linalg.norm(bank, axis=1, keepdims=True)).astype(np.float32)
    segments = directions(rng, 500, cone=6.0)
    yardstick = Yardstick.of(background(segments, bank))
    meant = yardstick.confidence_of_meaning()
    assert meant.scale == yardstick.scale
    assert (meant.slope, meant.middle) == (MEANT_SLOPE, MEANT_MIDDLE)
    # What is written, in a few words, has to be nearer than a sentence that is said.
    title = yardstick.confidence_of_title()
    assert (title.usual_best, title.scale) == (meant.usual_best, meant.scale)
    for score in np.linspace(meant.usual_best, meant.usual_best + 10 * meant.scale, num=5):
        assert title.of(score) < meant.of(score)
    # At the middle of what ordinary queries come to, which is too much for some of them and too little for others.
    best = (bank @ segments.T).max(axis=1)
    assert np.quantile(best, 0.35) < meant.usual_best < np.quantile(best, 0.65)
    own = [yardstick.confidence(query).usual_best for query in bank]
    assert min(own) < meant.usual_best - meant.scale
    assert max(own) > meant.usual_best + meant.scale


def test_what_is_there_is_more_likely_than_what_is_not() -> None:
    rng = np.random.default_rng(2)
    segments, bank = directions(rng, 500), directions(rng, 400)
    noisy = segments[:100] + 0.8 * directions(rng, 100)
    there = noisy / np.linalg.norm(noisy, axis=1, keepdims=True)
    yardstick = Yardstick.of(background(segments, bank))
    found, absent = (best_confidences(yardstick, segments, some) for some in (there, directions(rng, 100)))
    assert np.quantile(found, 0.05) > np.quantile(absent, 0.95)
    assert np.quantile(found, 0.05) > FITS_FROM > np.quantile(absent, 0.95)


def test_a_query_that_is_near_to_everything_has_to_be_nearer_to_something() -> None:
    rng = np.random.default_rng(3)
    segments = directions(rng, 300, cone=8.0)
    bank = directions(rng, 400)
    yardstick = Yardstick.of(background(segments, bank))
    near, far = directions(rng, 1, cone=6.0)[0], directions(rng, 1, cone=-6.0)[0]
    assert yardstick.usual_best(near) > yardstick.usual_best(far) + 0.3
    # So an equal cosine tells more of the other one.
    assert yardstick.confidence(far).of(0.6) > yardstick.confidence(near).of(0.6)


def test_ordinary_queries_that_are_there_do_not_move_the_measure() -> None:
    rng = np.random.default_rng(4)
    segments, bank = directions(rng, 400), directions(rng, 400)
    some_there = bank.copy()
    some_there[:80] = segments[:80]
    query = directions(rng, 1)[0]
    plain, mixed = (Yardstick.of(background(segments, each)).confidence(query) for each in (bank, some_there))
    assert mixed.usual_best == pytest.approx(plain.usual_best, abs=0.05)
    assert mixed.scale < 2 * plain.scale


def test_where_a_model_does_not_know_a_querys_words_nothing_is_likely() -> None:
    rng = np.random.default_rng(5)
    segments = directions(rng, 200)
    # Texts of words that it does not know look alike to it.
    alike = directions(rng, 1) + 0.3 * directions(rng, 401)
    alike /= np.linalg.norm(alike, axis=1, keepdims=True)
    yardstick = Yardstick.of(background(segments, alike[:400], dimensions=6.9))
    assert yardstick.confidence(alike[400], known=0.0).of(0.99) == 0.0
    known = segments[0]
    assert yardstick.confidence(known).of(1.0) > 0.9
    assert yardstick.confidence(known).of(0.3) < FITS_FROM
    # What half of a query means may be there, and the other half as well as not.
    assert yardstick.confidence(known, known=0.5).of(1.0) == yardstick.confidence(known).of(1.0) / 2
    # In a model that knows them, they are queries like others.
    assert Yardstick.of(background(segments, alike[:400])).confidence(alike[400]).of(0.99) > 0.9


def test_segments_that_are_all_the_same_leave_nothing_undefined() -> None:
    rng = np.random.default_rng(6)
    segments = np.repeat(directions(rng, 1), 20, axis=0)
    for bank in (directions(rng, 400), np.repeat(directions(rng, 1), 400, axis=0)):
        for dimensions in (1.0, 60.0):
            yardstick = Yardstick.of(background(segments, bank, dimensions=dimensions))
            for query in (segments[0], -segments[0]):
                assert 0.0 <= yardstick.confidence(query).of(float(query @ segments[0])) <= 1.0


def test_a_confidence_grows_with_the_score_and_tells_which_score_it_needs() -> None:
    judged = Confidence(usual_best=0.25, scale=0.02)
    values = [judged.of(score) for score in (-1.0, 0.2, 0.25, 0.3, 0.35, 1.0)]
    assert values == sorted(values)
    assert 0.0 <= values[0] < 0.01
    assert 0.99 < values[-1] <= 1.0
    for wanted in (0.1, 0.5, 0.9):
        assert judged.of(judged.least_score(wanted)) == pytest.approx(wanted)
    assert (judged.least_score(0), judged.least_score(1)) == (-math.inf, math.inf)
    unknown = Confidence(0.25, 0.02, known=0.0)
    assert (unknown.of(1.0), unknown.least_score(0.5)) == (0.0, math.inf)
    steeper = Confidence(0.25, 0.02, slope=1.0, middle=2.5)
    assert steeper.of(0.3) == pytest.approx(0.5)
    assert steeper.of(0.32) == pytest.approx(1 / (1 + math.exp(-1)))
    for wanted in (0.1, 0.5, 0.9):
        assert steeper.of(steeper.least_score(wanted)) == pytest.approx(wanted)
    half = Confidence(0.25, 0.02, known=0.5)
    assert half.of(0.3) == judged.of(0.3) / 2
    for wanted in (0.1, 0.3, 0.45):
        assert half.of(half.least_score(wanted)) == pytest.approx(wanted)
    assert (half.least_score(0.5), half.least_score(0.9)) == (math.inf, math.inf)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3])
def test_what_is_in_many_moments_fits_and_what_is_in_none_does_not_where_moments_are_part_of_a_query(
    share: float,
) -> None:
    rng = np.random.default_rng(2)
    (thing,) = directions(rng, 1)
    segments, bank = directions(rng, 2000, cone=6.0), directions(rng, 400)
    shows = rng.random(len(segments)) < share
    segments[shows] += 0.8 * thing
    segments /= np.linalg.norm(segments, axis=1, keepdims=True)
    yardstick = Yardstick.of(background(segments, bank))
    # That moments lean to one side says nothing of them.
    middle = segments.mean(axis=0)
    queries = [segments[shows].mean(axis=0) - middle, *(0.5 * middle + absent for absent in directions(rng, 30))]
    told = []
    for query in queries:
        unit = query / np.linalg.norm(query)
        told.append(yardstick.confidence_of_joined(unit).of(float((segments @ unit).max())))
    assert told[0] >= FITS_FROM > float(np.median(told[1:]))


def test_queries_of_moments_are_judged_by_the_library_alone_where_ordinary_words_mean_nothing() -> None:
    rng = np.random.default_rng(3)
    segments, bank = directions(rng, 500), directions(rng, 400)
    yardstick = Yardstick.of(background(segments, bank, dimensions=3.0))
    confidence = yardstick.confidence_of_joined(bank[0])
    assert confidence.known == 1.0
    scores = segments @ bank[0]
    # About four deviations above its mean it is as likely there as not.
    height = (confidence.least_score(0.5) - scores.mean()) / scores.std()
    assert 3.5 < height < 5
