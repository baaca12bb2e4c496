from __future__ import annotations

import pytest

from framecue.cli.demo_search import DemoSearch
from framecue.datasets.moji_motion.film import Event
from framecue.datasets.moji_motion.meaning import Act, Meaning
from framecue.library import Hit


def hit(path: str, start: float, end: float) -> Hit:
    return Hit(1, path, start, end, 0.5, video_id="x", duration_seconds=60.0)


def test_a_file_is_right_as_a_whole() -> None:
    search = DemoSearch("the cat rises", "/a.mp4", [hit("/a.mp4", 0, 2)])
    assert search.is_right(search.hits[0])
    assert not search.is_right(hit("/b.mp4", 0, 2))
    document = search.to_dict()
    assert (document["expected"], document["expected_seconds"]) == ("/a.mp4", None)
    assert document["results"] == [{**search.hits[0].to_dict(), "right": True}]


@pytest.mark.parametrize(
    ("start", "end", "is_right"), [(10, 15, True), (11.4, 13.6, True), (8, 15, False), (10, 17, False)]
)
def test_a_moment_is_right_to_within_a_second_and_a_half(start: float, end: float, is_right: bool) -> None:
    event = Event(10.0, 15.0, Meaning(Act("cat", "rise")), "the cat rises")
    search = DemoSearch("the cat rises", "/film.mp4", [], event)
    assert search.is_right(hit("/film.mp4", start, end)) == is_right
    assert search.to_dict()["expected_seconds"] == [10.0, 15.0]
