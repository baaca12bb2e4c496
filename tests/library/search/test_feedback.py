"""Marks on results: what is right and wrong moves a query, for one search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from framecue.errors import AbsentError, InputError
from framecue.library import HeldMoment, InOrder, Library, Query
from framecue.library.search.feedback import Marks, Scales, as_marks, moved
from framecue.library.search.query_vectors import EncodedQuery
from framecue.library.search.usual import Usual
from framecue.library.search.weights import LegWeights
from framecue.library.store import Store

RED, GREEN, BLUE = np.eye(4)[:3]
# As the encoder has it; what is orthogonal to it says nothing of how red something is.
RED_TEXT, SHADE = np.array([220 / 255 - 0.5, 30 / 255 - 0.5, 30 / 255 - 0.5, 0.1]), np.array([0, 1, -1, 0])


@pytest.fixture
def library(make_store: Callable[..., Store], learning: Any) -> Library:
    """Films of two segments; the first is red, with a little green in every second film and blue in the others."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(30):
        shade = SHADE if number % 2 else -SHADE
        for start, vector in ((0.0, RED_TEXT + 0.2 * shade), (5.0, rng.normal(size=4) - RED_TEXT)):
            noise = 0.05 * rng.normal(size=4)
            rows.append({"path": f"/{number:02}.mp4", "start_seconds": start, "vector": vector + noise})
    return Library(make_store(rows, name="red.lance").uri, model=learning)


def shades(hits: Any) -> list[int]:
    return [int(hit.path[1:3]) % 2 for hit in hits]


def test_what_was_marked_orders_once_more(library: Library) -> None:
    first = library.search("red", k=30, only="seen")
    right = [hit.rank for hit in first if shades([hit]) == [1]][:3]
    wrong = [hit.rank for hit in first if shades([hit]) == [0]][:2]
    marked = library.search("red", k=10, only="seen", right=right, wrong=wrong)
    assert sum(shades(first[:10])) < sum(shades(marked)) == 10
    assert [hit.rank for hit in marked] == list(range(1, 11))
    assert all(hit.confidence is not None for hit in marked)
    # It is for this search alone.
    assert library.search("red", k=30, only="seen") == first
    # Ranks, hits and moments say the same.
    hits = [first[rank - 1] for rank in right]
    moments = [HeldMoment(hit.video_id, (hit.start_seconds + hit.end_seconds) / 2) for hit in hits]
    for some in (hits, moments, [right[0], hits[1], moments[2]]):
        same = library.search("red", k=10, only="seen", right=some, wrong=[first[rank - 1] for rank in wrong])
        assert [hit.path for hit in same] == [hit.path for hit in marked]
        np.testing.assert_allclose([hit.score for hit in same], [hit.score for hit in marked], atol=1e-5)


def test_what_is_wrong_is_not_shown_again_but_other_moments_of_its_video_are(library: Library) -> None:
    first = library.search("red", k=60, all_moments=True)
    worst = [first[0], first[1]]
    rest = library.search("red", k=60, all_moments=True, wrong=[1, 2])
    assert len(rest) == len(first) - 2
    assert not {(hit.path, hit.start_seconds) for hit in worst} & {(hit.path, hit.start_seconds) for hit in rest}
    by_video = library.search("red", k=30, wrong=[1])
    assert len(by_video) == 30
    again = next(hit for hit in by_video if hit.path == first[0].path)
    assert again.start_seconds != first[0].start_seconds
    # Pages fit together.
    pages = [hit for offset in (0, 10, 20) for hit in library.search("red", k=10, offset=offset, wrong=[1])]
    assert [hit.path for hit in pages] == [hit.path for hit in by_video]


def test_parts_in_order_are_moved_each_by_its_own_moment(library: Library) -> None:
    query = InOrder(["red", "white"])
    first = library.search(query, k=30)
    marked = library.search(query, k=30, right=[2], wrong=[1])
    assert first[0].path not in {hit.path for hit in marked}
    assert all(len(hit.parts) == 2 for hit in marked)
    again = library.search(query, k=30, right=[first[1]], wrong=[first[0]])
    assert [hit.path for hit in again] == [hit.path for hit in marked]
    sentence = Query.parse("red, then white")
    assert library.search(sentence, k=5, right=[1])[0].rank == 1


def test_the_sum_is_standardised_and_weighed() -> None:
    sample = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32) * [3, 1, 1, 1]
    usual = Usual((sample / np.linalg.norm(sample, axis=1, keepdims=True)).astype(np.float32))
    vector, right, wrong = (np.float32(each) for each in (RED, GREEN, BLUE))
    encoded = EncodedQuery(Query("red"), vector, [vector])
    to = Scales(usual, LegWeights(right=2, wrong=0.5))
    one = moved(encoded, [right, right], [wrong], to)
    total = usual.standardised(vector) + 2 * usual.standardised(right) - 0.5 * usual.standardised(wrong)
    np.testing.assert_allclose(one.vector, total / np.linalg.norm(total), atol=1e-6)
    assert one.vector.dtype == np.float32
    np.testing.assert_array_equal(one.plain, vector)
    assert moved(encoded, [], [], to) is encoded
    # Nothing is left of a query that is wholly wrong: it stays.
    assert moved(encoded, [], [vector], Scales(usual, LegWeights(wrong=1))) is encoded


def test_a_query_with_pictures_alone_can_be_marked_and_has_no_confidence(library: Library) -> None:
    first = library.search(Query(vectors=RED), k=5, only="seen")
    marked = library.search(Query(vectors=RED), k=5, only="seen", right=[2], wrong=[1])
    assert first[0].path not in {hit.path for hit in marked}
    assert all(hit.confidence is None for hit in marked)


@pytest.mark.parametrize(
    ("marks", "says"),
    [
        ({"right": [0]}, "right holds 0; a mark is the rank of a result, from 1 on"),
        ({"wrong": [True]}, "wrong holds True; a mark is"),
        ({"wrong": ["2"]}, "wrong holds '2'; a mark is"),
        ({"right": 1}, "right is 1; give several"),
        ({"right": "1,4"}, "right is '1,4'; give several"),
        ({"right": [1, 3], "wrong": [3]}, "result 3 is marked as right and as wrong"),
        ({"right": [31]}, "there is no result 31 to mark: without marks this search finds 30 results"),
        ({"wrong": [HeldMoment("id of /00.mp4")]}, r"has no time; say .* as in HeldMoment\('id of /00.mp4', 2.5\)"),
        ({"wrong": [HeldMoment("id of /00.mp4", 99)]}, "no moment at 99 s"),
    ],
)
def test_marks_that_make_no_sense_are_refused(library: Library, marks: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        library.search("red", **marks)


def test_a_moment_cannot_be_right_and_wrong_nor_be_elsewhere(library: Library) -> None:
    hit = library.search("red", k=1)[0]
    with pytest.raises(InputError, match=r"from . to . s of id of /.*mp4 is marked as right and as wrong"):
        library.search("red", right=[1], wrong=[hit])
    with pytest.raises(AbsentError, match="the library holds no such moment to mark"):
        library.search("red", right=[replace(hit, video_id="of another library")])
    with pytest.raises(InputError, match="finds 1 result; mark one of these"):
        library.search("red", right=[2], min_score=hit.score)
    with pytest.raises(InputError, match="finds nothing; mark one of these"):
        library.search("red", right=[1], min_score=1.0)


def test_marks_are_of_one_query_that_looks_at_what_is_seen(films: Library, library: Library) -> None:
    with pytest.raises(InputError, match="for one query, and 2 are given; search for one at a time"):
        library.search_many(["red", "blue"], right=[1])
    assert library.search_many(["red"], right=[1]) == [library.search("red", right=[1])]
    for query, options in ((Query.parse("said:birthday"), {}), ("birthday", {"only": "said"})):
        with pytest.raises(InputError, match="the query asks words alone; leave them out"):
            films.search(query, right=[1], **options)


def test_marks_know_the_last_rank() -> None:
    assert as_marks([2, HeldMoment("a", 1.0)], [7]).last_rank == 7
    assert not as_marks([], ())
    assert Marks().last_rank == 0
