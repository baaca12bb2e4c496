"""Searching by meaning: the passages and sentences that are nearest, and the segment in which each lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from framecue.library.store.passages import FOUND, PassageRow, passage_rows
from framecue.library.store.passing import passing_conditions
from framecue.library.store.table import Table
from framecue.library.store.time_limit import time_left
from framecue.library.store.timed_texts import of_videos
from framecue.library.store.tuning import Way, ways
from framecue.library.store.vectors import Match, match_columns, matches_of
from framecue.words.timed_text import Kind, TimedText

__all__ = ["PassageMatch", "search_passages"]

# How many times as many passages are asked for if those in segments that pass a filter are too few.
_GROWTH = 4
# So many are asked for at least, among which are the sentences of the passages.
_LEAST_DEPTH = 64
# Segments and words of one moment may be this much apart: times are rounded.
_SLACK_SECONDS = 0.05


@dataclass(frozen=True)
class PassageMatch:
    """Words that mean something like a query.

    Attributes:
        match: the segment in which they are, with the cosine of its own vector and the query's.
        text: the sentence or the line on screen, or the whole passage where none of its sentences is near by itself;
            with its times.
        source: what found the words: "speech", "screen", "subtitles".
        score: the cosine of their meaning and the query's: that of the passage, if it is nearer than its sentence.
    """

    match: Match
    text: TimedText
    source: str
    score: float


def search_passages(
    passages: Table,
    segments: Table,
    meaning: np.ndarray,
    vector: np.ndarray,
    *,
    kinds: Sequence[Kind] = (),
    limit: int,
    where: str | None = None,
) -> list[PassageMatch]:
    """Return the moments at which something near in meaning to a query is said or shown, each segment once.

    Args:
        passages: the table of passages and sentences.
        segments: the table of segments.
        meaning: float32 (E,), unit length: of the sentence encoder that made the passages.
        vector: float32 (E,), unit length: the query's among segments, for their cosines.
        kinds: whether what is said, or written; none for both.
        limit: how many at most.
        where: an SQL condition on segments: words count if they are in a segment that passes.

    Returns:
        Best first; equal scores in the order of content and start.
    """
    if limit < 1:
        return []
    of_kind = [f"kind = '{kinds[0]}'"] if len(set(kinds)) == 1 else []
    passing = passing_conditions(segments, where)
    if passing is None:
        return []
    condition = " AND ".join([*passing, *of_kind]) or None
    depth = max(limit, _LEAST_DEPTH)
    while True:
        rows = _nearest(passages, meaning, depth, condition)
        found = _narrowed(passage_rows(rows), meaning)
        segments_of = _segments(segments, found, vector, where)
        best: dict[tuple[str, float, float], PassageMatch] = {}
        for place, one in enumerate(found):
            match = segments_of.get(place)
            # The sentences of a segment and the passages that they are in are one moment.
            if match is not None and match.key not in best:
                best[match.key] = PassageMatch(match, one.text, one.source, one.score)
        if len(best) >= limit or rows.num_rows < depth:
            return list(best.values())[:limit]
        depth *= _GROWTH


@dataclass(frozen=True)
class _Scored:
    """A sentence or a passage with its cosine to a query."""

    video_id: str
    source: str
    text: TimedText
    score: float


def _narrowed(rows: Sequence[PassageRow], meaning: np.ndarray) -> list[_Scored]:
    """Return what was found, best first: of a passage the sentence that was found too, with the passage's score."""
    if not rows:
        return []
    scores = _cosines(np.stack([row.vector for row in rows]), meaning).tolist()
    sentences: dict[tuple[str, str], list[_Scored]] = {}
    for row, score in zip(rows, scores, strict=True):
        if not row.is_passage:
            sentences.setdefault((row.video_id, row.source), []).append(
                _Scored(row.video_id, row.source, row.text, score)
            )
    found = []
    for row, score in zip(rows, scores, strict=True):
        text = row.text
        if row.is_passage:
            within = [
                one
                for one in sentences.get((row.video_id, row.source), ())
                if one.text.start_seconds >= text.start_seconds and one.text.end_seconds <= text.end_seconds
            ]
            text = max(within, key=lambda one: (one.score, -one.text.start_seconds)).text if within else text
        found.append(_Scored(row.video_id, row.source, text, score))
    return sorted(found, key=lambda one: (-one.score, one.video_id, one.text.start_seconds, one.source))


def _cosines(vectors: np.ndarray, meaning: np.ndarray) -> np.ndarray:
    """Return cosines float32 (N,); computed in float64, so that they do not depend on how many there are."""
    wide, direction = vectors.astype(np.float64), meaning.astype(np.float64)
    found: np.ndarray = (wide @ direction / (np.linalg.norm(wide, axis=1) * np.linalg.norm(direction))).astype(
        np.float32
    )
    return found


def _nearest(table: Table, meaning: np.ndarray, limit: int, condition: str | None) -> pa.Table:
    query = np.asarray(meaning, dtype=np.float32)

    def find(way: Way) -> pa.Table:
        search = table.lance.search(query, vector_column_name="vector").distance_type("cosine")
        return way.apply(search, condition).select([*FOUND, "_distance"]).to_arrow(timeout=time_left())

    found: pa.Table | None = None
    for way in ways(table, limit=limit, where=condition):
        found = table.read(partial(find, way))
        if found.num_rows >= way.enough:
            break
    assert found is not None
    return found.drop_columns(["_distance"])


def _segments(table: Table, found: Sequence[_Scored], vector: np.ndarray, where: str | None) -> Mapping[int, Match]:
    """Return the segment of each passage, by the passage's place; those in no segment that passes are left out.

    First all segments of the videos are read, but for their vectors, and then the vectors of those that were chosen.
    """
    if not found:
        return {}
    condition = of_videos(sorted({one.video_id for one in found}))
    if where is not None:
        condition = f"({condition}) AND ({where})"
    names = ["video_id", "start_seconds", "end_seconds", "duration_seconds"]
    search = table.lance.search().where(condition).select(names).with_row_id(True)
    rows = table.read(lambda: search.to_arrow(timeout=time_left()))
    by_video: dict[str, list[tuple[float, float, int]]] = {}
    columns = (rows.column(name).to_pylist() for name in (*names, "_rowid"))
    for video_id, start, end, duration, row_id in zip(*columns, strict=True):
        # Sound may go on after the last picture.
        is_last = end >= duration - _SLACK_SECONDS
        by_video.setdefault(video_id, []).append((start, float("inf") if is_last else end, row_id))
    chosen: dict[int, int] = {}
    for place, one in enumerate(found):
        begin, end = one.text.start_seconds, one.text.end_seconds
        fitting = [
            (min(end, last) - max(begin, start), -start, row_id)
            for start, last, row_id in by_video.get(one.video_id, ())
            if begin < last and end >= start
        ]
        if fitting:
            chosen[place] = max(fitting)[2]
    if not chosen:
        return {}
    row_ids = sorted(set(chosen.values()))
    # What is taken by number comes in the order of the numbers that were given.
    taken = table.read(lambda: table.lance.take_row_ids(row_ids).select(match_columns(table)).to_arrow())
    matches = matches_of(taken.append_column("_rowid", pa.array(row_ids, pa.uint64())), vector)
    by_row = {match.row_id: match for match in matches}
    return {place: by_row[row_id] for place, row_id in chosen.items()}
