"""Rankings in the files of TREC, which `trec_eval`, `ir-measures`, `ranx` and others score.

A line of a run file is ``query Q0 document rank score tag``, a line of a qrels file ``query 0 document relevance``.
Those programs sort by the score, in single precision, and break ties in their own ways. So each score is a little below
the one before it where the similarities are equal, and the order is framecue's: a tie counts against the right answer.
Bytes of a name that may not stand in such a file (spaces among them) are written as %XX.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from framecue.errors import InputError
from framecue.evaluation.similarities import Similarities
from framecue.outputs import check_output, written_beside

if TYPE_CHECKING:
    from framecue.evaluation.report import Report

__all__ = ["DEPTH", "trec_files", "write_trec"]

DEPTH = 100
"""How many documents of each query are written, unless told."""
TAG = "framecue"
# Below every cosine: for what has no similarity, as its video could not be read.
BELOW = np.float32(-2)

Ranking = tuple[str, list[str], np.ndarray, list[str]]
"""A query, its documents from the best on, their scores, and the relevant documents."""


def trec_files(prefix: str | Path, *, has_groups: bool) -> list[Path]:
    """Return the files that `write_trec` writes: for each direction a run and its qrels."""
    names = ["t2v", "v2t"] + (["v2t-captions"] if has_groups else [])
    return [Path(f"{prefix}.{name}.{kind}") for name in names for kind in ("run", "qrels")]


def write_trec(report: Report, prefix: str | Path, *, depth: int = DEPTH, overwrite: bool = False) -> list[Path]:
    """Write the model's own ranking.

    `PREFIX.t2v` has texts as queries and videos as documents, `PREFIX.v2t` videos as queries and the videos' groups of
    captions as documents, each by its best caption. Where videos have several captions, `PREFIX.v2t-captions` has all
    captions as documents, and several of them are relevant to a video.

    Args:
        report: what was measured.
        prefix: what the files' names begin with.
        depth: how many documents of each query are written. Recalls and nDCG up to this rank can be computed from the
            files, median and mean rank only where every rank is written.
        overwrite: replace files that exist.

    Returns:
        The files.

    Raises:
        InputError: the depth is below 1, or a file exists; then none is written.
        OutputError: a file cannot be written.
    """
    if depth < 1:
        raise InputError(f"the depth of the TREC files is {depth}; give at least 1")
    similarities = report.similarities
    files = trec_files(prefix, has_groups=similarities.has_groups)
    for file in files:
        check_output(file, overwrite=overwrite)
    rankings = [_of_texts(report, depth), _of_videos(report, depth)]
    if similarities.has_groups:
        rankings.append(_among_captions(report, depth))
    for run, qrels, ranking in zip(files[::2], files[1::2], rankings, strict=True):
        _write(ranking, run, qrels, overwrite=overwrite)
    return files


def _write(rankings: Iterable[Ranking], run: Path, qrels: Path, *, overwrite: bool) -> None:
    with (
        written_beside(qrels, overwrite=overwrite) as partial_qrels,
        written_beside(run, overwrite=overwrite) as partial_run,
        partial_run.open("w", encoding="ascii") as lines,
        partial_qrels.open("w", encoding="ascii") as relevant,
    ):
        for query, documents, scores, right in rankings:
            relevant.writelines(f"{query} 0 {document} 1\n" for document in right)
            lines.writelines(
                f"{query} Q0 {document} {place} {score:.9g} {TAG}\n"
                for place, (document, score) in enumerate(zip(documents, _falling(scores), strict=True), start=1)
            )


def _of_texts(report: Report, depth: int) -> Iterator[Ranking]:
    similarities, videos, texts = _names(report)
    for places, block in similarities.row_blocks():
        for row, place in zip(block, range(places.start, places.stop), strict=True):
            own = int(similarities.owners[place])
            best = _best(row, slice(own, own + 1), depth)
            query = texts[similarities.order[place]]
            yield query, [videos[video] for video in best], row[best], [videos[own]]


def _of_videos(report: Report, depth: int) -> Iterator[Ranking]:
    similarities, videos, texts = _names(report)
    several = similarities.has_groups
    groups = [f"{video}#any" for video in videos] if several else [texts[place] for place in similarities.order]
    for chosen, block in similarities.column_blocks():
        grouped = np.maximum.reduceat(block, similarities.firsts, axis=0) if several else block
        for column, video in zip(grouped.T, range(chosen.start, chosen.stop), strict=True):
            best = _best(column, slice(video, video + 1), depth)
            yield videos[video], [groups[each] for each in best], column[best], [groups[video]]


def _among_captions(report: Report, depth: int) -> Iterator[Ranking]:
    similarities, videos, texts = _names(report)
    in_place = [texts[place] for place in similarities.order]
    bounds = np.append(similarities.firsts, similarities.num_texts).tolist()
    for chosen, block in similarities.column_blocks():
        for column, video in zip(block.T, range(chosen.start, chosen.stop), strict=True):
            own = slice(bounds[video], bounds[video + 1])
            best = _best(column, own, depth)
            yield videos[video], [in_place[each] for each in best], column[best], in_place[own]


def _names(report: Report) -> tuple[Similarities, list[str], list[str]]:
    """Return the similarities, and the names of videos and texts as they may stand in a file."""
    videos, texts = (
        [quote(name, safe="/#=,:+@!~()") for name in names]
        for names in (report.queries.video_ids, report.queries.text_ids)
    )
    return report.similarities, videos, texts


def _best(scores: np.ndarray, own: slice, depth: int) -> np.ndarray:
    """Return the indices of the best of some scores (C,), from the best on; of those that tie, the right ones last.

    What is right and has no similarity, as its video could not be read, is not among them: no depth makes it a hit.
    """
    is_right = np.zeros(len(scores), dtype=bool)
    is_right[own] = True
    threshold = np.partition(scores, -depth)[-depth] if depth < len(scores) else -np.inf
    chosen = np.flatnonzero((scores >= threshold) & ~(is_right & np.isneginf(scores)))
    best: np.ndarray = chosen[np.lexsort((is_right[chosen], -scores[chosen]))][:depth]
    return best


def _falling(scores: np.ndarray) -> Iterator[np.float32]:
    """Yield scores in single precision, each below the one before."""
    before = np.float32(np.inf)
    for score in scores.astype(np.float32):
        now = score if np.isfinite(score) else BELOW
        before = now if now < before else np.nextafter(before, np.float32(-np.inf))
        yield before
