"""Reports of evaluations whose similarities a test draws, without a model or a video."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from framecue.datasets.clips import Clip
from framecue.evaluation.queries import queries_of
from framecue.evaluation.report import Report
from framecue.evaluation.rerank import RerankedSimilarities
from framecue.evaluation.similarities import DenseSimilarities
from framecue.evaluation.stages import stage_of

__all__ = ["make_report", "report_of"]

# How many captions each of six clips has.
SIZES = (2, 1, 3, 1, 1, 2)


def report_of(similarities: np.ndarray, *, sizes: tuple[int, ...], missing: tuple[int, ...] = ()) -> Report:
    """Return the report on clips of so many captions, from a matrix (N, B) of texts and videos."""
    texts = iter(f"text {number}" for number in range(sum(sizes)))
    clips = [
        Clip(Path("data") / "clips" / f"{number} a.mp4", tuple(next(texts) for _ in range(size)), "test")
        for number, size in enumerate(sizes)
    ]
    queries = queries_of(clips, Path("data"))
    dense = DenseSimilarities(similarities, queries.owners, missing=missing)
    return Report(clips, queries, stage_of(dense), None, {}, (), dense)


def make_report(*, seed: int = 0, reranked: bool = False, sizes: tuple[int, ...] = SIZES) -> Report:
    """Return a report on random similarities, in which right answers have a small advantage."""
    rng = np.random.default_rng(seed)
    owners = np.repeat(np.arange(len(sizes)), sizes)
    matrix = rng.normal(size=(len(owners), len(sizes)))
    matrix[np.arange(len(owners)), owners] += 1.0
    report = report_of(matrix, sizes=sizes)
    if not reranked:
        return report
    second = rng.normal(size=matrix.shape)
    both = RerankedSimilarities(report.similarities, lambda texts, videos: second[np.ix_(texts, videos)], depth=3)
    return Report(report.clips, report.queries, report.main, stage_of(both), {}, (), report.similarities)
