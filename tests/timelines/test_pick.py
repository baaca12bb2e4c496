from __future__ import annotations

import pytest

from framecue.errors import InputError
from framecue.library.results import LegHit, PartHit, SearchResult
from framecue.timelines.pick import Pick, Remark, picks_of
from support.picks import hit, pick


def test_hits_become_picks_search_by_search() -> None:
    found = [SearchResult("a\ndog", [hit("/a.mp4", 1, 2), hit("/b.mp4", 3, 4, rank=2)]), SearchResult("", [])]
    picks = picks_of([*found, SearchResult("a cat", [hit("/c.mp4", 5, 6)])])
    assert [(each.query, each.rank, each.name) for each in picks] == [
        ("a dog", 1, "a.mp4"),
        ("a dog", 2, "b.mp4"),
        ("a cat", 1, "c.mp4"),
    ]


def test_words_and_parts_come_along() -> None:
    said = LegHit("said", 1, 3.0, text="hello,\nworld", start_seconds=1.5, end_seconds=1.75)
    seen = LegHit("seen", 2, 0.3)
    parts = (PartHit("a panda", 1, 2, 0.3, legs=(said,)), PartHit("an octopus", 3, 4, 0.2))
    (found,) = picks_of([SearchResult("both", [hit("/a.mp4", 1, 4, legs=(seen, said), parts=parts)])])
    # Once, though the hit and its part have it.
    assert found.words == (Remark("said", "hello, world", 1.5, 1.75),)
    assert found.parts == (Remark("part", "a panda", 1, 2), Remark("part", "an octopus", 3, 4))
    assert str(found.words[0]) == "said: hello, world"


def test_what_is_known_of_a_pick_is_told() -> None:
    assert pick(rank=2).facts == "result 2, fit 80%, score 0.312"
    assert pick(score=None, confidence=None).facts == "result 1"


def test_where_a_file_is_as_a_url() -> None:
    assert Pick("/my films/a#1.mp4", 0, 2, 10.0).url == "file:///my%20films/a%231.mp4"
    assert Pick("s3://bucket/my films/a#1?é.mp4", 0, 2, 10.0).url == "s3://bucket/my%20films/a%231%3F%C3%A9.mp4"


@pytest.mark.parametrize("times", [(-1, 2), (3, 2), (float("nan"), 2), (0, float("inf"))])
def test_times_that_make_no_sense_are_refused(times: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="is none; give times of 0 or later, the end not before the start"):
        Pick("/a.mp4", *times, 10.0)
