from __future__ import annotations

import numpy as np
import pytest

from framecue.errors import InputError
from framecue.evaluation.extremes import Pair, ShownQuery, extreme_texts, extreme_videos
from support.reports import make_report, report_of

# Texts 0 and 1 are of video 0, 2 of video 1, 3 of video 2.
MATRIX = np.array([[0.9, 0.1, 0.5], [0.2, 0.8, 0.4], [0.3, 0.7, 0.6], [0.6, 0.5, 0.1]])


def test_texts_of_a_hand_worked_table() -> None:
    found = extreme_texts(report_of(MATRIX, sizes=(2, 1, 1)), 2)
    # Text 0 leads by .4, text 2 by .1; text 1 is third, behind video 1; text 3 third, behind video 0 by .5.
    assert found.best == (
        ShownQuery(1, Pair(0, 0, 0.9), Pair(0, 2, 0.5)),
        ShownQuery(1, Pair(2, 1, 0.7), Pair(2, 2, 0.6)),
    )
    assert found.worst == (
        ShownQuery(3, Pair(1, 0, 0.2), Pair(1, 1, 0.8)),
        ShownQuery(3, Pair(3, 2, 0.1), Pair(3, 0, 0.6)),
    )


def test_videos_of_a_hand_worked_table() -> None:
    found = extreme_videos(report_of(MATRIX, sizes=(2, 1, 1)), 3)
    # Video 0's own group has .9, the next .6 (text 3). Video 1 has .7 of its own, text 1 has .8. Video 2 is last.
    assert found.best == (
        ShownQuery(1, Pair(0, 0, 0.9), Pair(3, 0, 0.6)),
        ShownQuery(2, Pair(2, 1, 0.7), Pair(1, 1, 0.8)),
        ShownQuery(3, Pair(3, 2, 0.1), Pair(2, 2, 0.6)),
    )
    assert found.worst == ()  # all of them are among the best
    assert [query.right.video for query in extreme_videos(report_of(MATRIX, sizes=(2, 1, 1)), 1).worst] == [2]


@pytest.mark.parametrize("seed", range(4))
def test_ranks_and_answers_are_those_of_the_similarities(seed: int) -> None:
    report = make_report(seed=seed)
    similarities = report.similarities
    matrix = similarities.rows(slice(0, similarities.num_texts))
    owners = report.queries.owners
    texts, videos = extreme_texts(report, 4), extreme_videos(report, 4)
    for query in (*texts.best, *texts.worst):
        row, own = matrix[query.right.text], query.right.video
        assert owners[query.right.text] == own
        assert query.rank == (row >= row[own]).sum()
        assert query.other is not None
        assert query.other.similarity == row[query.other.video] == np.delete(row, own).max()
    for query in (*videos.best, *videos.worst):
        column = matrix[:, query.right.video]
        is_own = owners == query.right.video
        assert query.right.similarity == column[query.right.text] == column[is_own].max()
        assert query.other is not None
        assert query.other.similarity == column[query.other.text] == column[~is_own].max()
    for found in (texts, videos):
        assert [query.rank for query in found.best] == sorted(query.rank for query in found.best)
        assert [-query.rank for query in found.worst] == sorted(-query.rank for query in found.worst)
        assert all(query.rank > 1 for query in found.worst)
        assert not set(found.best) & set(found.worst)
        # A video of many captions does not fill a list.
        assert len({query.right.video for query in found.best}) == len(found.best) == 4


def test_what_could_not_be_read_is_not_shown() -> None:
    report = report_of(MATRIX, sizes=(2, 1, 1), missing=(2,))
    for found in (extreme_texts(report, 5), extreme_videos(report, 5)):
        shown = (*found.best, *found.worst)
        assert {query.right.video for query in shown} == {0, 1}
        assert all(query.other is not None and np.isfinite(query.other.similarity) for query in shown)
        assert all(query.other is not None and query.other.video != 2 for query in shown)
    # With one video left, there is nothing else to show.
    alone = extreme_texts(report_of(MATRIX, sizes=(2, 1, 1), missing=(1, 2)), 1)
    assert [query.other for query in alone.best] == [None]


def test_how_many() -> None:
    report = make_report()
    assert extreme_texts(report, 0).best == extreme_videos(report, 0).worst == ()
    for extremes in (extreme_texts, extreme_videos):
        with pytest.raises(InputError, match="num_queries is -1; give at least 0"):
            extremes(report, -1)
