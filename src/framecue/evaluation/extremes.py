"""The best and the worst queries of an evaluation, each with what was right and what came before it or next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from framecue.errors import InputError
from framecue.evaluation.similarities import Similarities
from framecue.evaluation.stages import T2V, V2T

if TYPE_CHECKING:
    from framecue.evaluation.report import Report

__all__ = ["Extremes", "Pair", "ShownQuery", "extreme_texts", "extreme_videos"]


@dataclass(frozen=True)
class Pair:
    """A text and a video.

    Attributes:
        text: the text's index, as the texts were given.
        video: the video's index in the gallery.
        similarity: how similar they are.
    """

    text: int
    video: int
    similarity: float


@dataclass(frozen=True)
class ShownQuery:
    """A query with its right answer and the best of the others.

    Attributes:
        rank: of the right answer; 1 is best.
        right: the query and its right answer; of a video's captions, the best one.
        other: the query and the best of the other answers: what was ranked first instead, or came next where the rank
            is 1. None if there is no other.
    """

    rank: int
    right: Pair
    other: Pair | None


@dataclass(frozen=True)
class Extremes:
    """The queries of one direction that went best and worst.

    Attributes:
        best: the lowest rank first, of equal ranks the largest lead.
        worst: the highest rank first, of equal ranks the largest gap; none with rank 1, and none that is in `best`.
    """

    best: tuple[ShownQuery, ...]
    worst: tuple[ShownQuery, ...]


def extreme_texts(report: Report, count: int) -> Extremes:
    """Return the texts that went best and worst as queries, at most `count` of each, and of a video one in each.

    Texts of videos that could not be read are left out: they say nothing about the model.

    Raises:
        InputError: `count` is below 0.
    """
    similarities = report.similarities
    right, others, beside = (np.empty(similarities.num_texts, kind) for kind in (float, np.int64, float))
    for places, block in similarities.row_blocks():
        rows, own = np.arange(len(block)), similarities.owners[places]
        right[places] = block[rows, own]
        block[rows, own] = -np.inf
        others[places] = block.argmax(axis=1)
        beside[places] = block.max(axis=1)
    ranks = report.main.directions[T2V].ranks[similarities.order]

    def shown(place: int) -> ShownQuery:
        text, video, other = int(similarities.order[place]), int(similarities.owners[place]), int(others[place])
        wrong = Pair(text, other, float(beside[place])) if np.isfinite(beside[place]) else None
        return ShownQuery(int(ranks[place]), Pair(text, video, float(right[place])), wrong)

    best, worst = _chosen(ranks, _leads(right, beside), similarities.owners, similarities.missing, count)
    return Extremes(tuple(map(shown, best)), tuple(map(shown, worst)))


def extreme_videos(report: Report, count: int) -> Extremes:
    """Return the videos that went best and worst as queries, by groups of captions, at most `count` of each.

    Raises:
        InputError: `count` is below 0.
    """
    similarities = report.similarities
    right, others, beside = (np.empty(similarities.num_videos, kind) for kind in (float, np.int64, float))
    for videos, block in similarities.column_blocks():
        groups = np.maximum.reduceat(block, similarities.firsts, axis=0) if similarities.has_groups else block
        columns, own = np.arange(block.shape[1]), np.arange(similarities.num_videos)[videos]
        right[videos] = groups[own, columns]
        groups[own, columns] = -np.inf
        others[videos] = groups.argmax(axis=0)
        beside[videos] = groups.max(axis=0)
    ranks = report.main.directions[V2T].ranks

    def shown(video: int) -> ShownQuery:
        column = similarities.columns(slice(video, video + 1))[:, 0]
        text = _best_text(similarities, column, video)
        wrong = None
        if np.isfinite(beside[video]):
            wrong = Pair(_best_text(similarities, column, int(others[video])), video, float(beside[video]))
        return ShownQuery(int(ranks[video]), Pair(text, video, float(right[video])), wrong)

    best, worst = _chosen(ranks, _leads(right, beside), np.arange(len(ranks)), similarities.missing, count)
    return Extremes(tuple(map(shown, best)), tuple(map(shown, worst)))


def _best_text(similarities: Similarities, column: np.ndarray, video: int) -> int:
    """Return the index of the best of a video's texts, by the similarities (N,) of all texts in their places."""
    first = int(similarities.firsts[video])
    end = int(np.append(similarities.firsts, similarities.num_texts)[video + 1])
    return int(similarities.order[first + int(column[first:end].argmax())])


def _leads(right: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """Return how far the right answers (Q,) are before the others; NaN for a video that could not be read."""
    with np.errstate(invalid="ignore"):  # -inf less -inf
        return right - beside


def _chosen(
    ranks: np.ndarray, leads: np.ndarray, videos: np.ndarray, missing: np.ndarray, count: int
) -> tuple[list[int], list[int]]:
    """Return the places (Q,) of the best and the worst queries, one of a video in each."""
    if count < 0:
        raise InputError(f"num_queries is {count}; give at least 0")
    can_be_shown = ~missing[videos]
    order = np.lexsort((-leads, ranks))
    best = _first_of_each(order[can_be_shown[order]], videos, count)
    backwards = order[::-1]
    is_worst = can_be_shown & (ranks > 1) & ~np.isin(np.arange(len(ranks)), best)
    return best, _first_of_each(backwards[is_worst[backwards]], videos, count)


def _first_of_each(places: np.ndarray, videos: np.ndarray, count: int) -> list[int]:
    """Return the first places, one of each video."""

    def new() -> Iterable[int]:
        seen: set[int] = set()
        for place in places.tolist():
            video = int(videos[place])
            if video not in seen:
                seen.add(video)
                yield place

    return list(islice(new(), count))
