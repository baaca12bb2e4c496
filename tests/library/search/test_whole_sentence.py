"""A moment of a sentence that tells of one thing after another is as sure as the part that is least sure there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from framecue.library import Query
from framecue.library.search.confidence import Confidence
from framecue.library.search.found import Found
from framecue.library.search.in_order import says_only_order
from framecue.library.search.legs.leg import LegMatch
from framecue.library.search.whole_sentence import WholeJudge
from framecue.library.store import Match

SEEN = Confidence(usual_best=0.3, scale=0.04)


def match(score: float = 0.1, path: str = "/a.mp4") -> Match:
    return Match("id", path, 0.0, 5.0, 60.0, score, np.zeros(4, dtype=np.float16))


def said(*words: str, strength: float = 1.0, leg: str = "said") -> LegMatch:
    return LegMatch(leg, match(), 1, 3.0, strength, text=" ".join(words), words=words)


def meant(strength: float, start: float = 0.0, end: float = 4.0, path: str = "/a.mp4") -> LegMatch:
    return LegMatch("meaning", match(path=path), 1, 0.5, strength, start, end, text="what was said")


def whole(text: str, *meanings: Sequence[LegMatch], seen: Confidence | None = SEEN) -> WholeJudge:
    parts = Query.parse(text).order
    return WholeJudge(seen, parts=parts, find_words=lambda: meanings, says_only_order=says_only_order(text))


@pytest.mark.parametrize(
    ("text", "legs", "of_parts"),
    [
        ("a tennis match, then a lecture", [said("tennis", "match")], [1, 0]),
        ("a tennis match, then a lecture", [said("lecture")], [0, 1]),
        ("a tennis match, then a lecture", [said("tennis", "lecture")], [1, 1]),
        ("a tennis match, then a lecture", [said("lecture"), said("tennis", "match", leg="named")], [1, 1]),
        ("a kiss, finally fireworks", [said("finally")], [0, 0]),
        ("a kiss, finally fireworks", [said("finally", "kiss")], [1, 0]),
        # Asked for twice, one after the other, it has to be there twice.
        ("rain then rain", [said("rain")], [1, 0]),
        ("rain -> rain -> sun", [said("rain", "sun")], [1, 1, 1]),
        ("rain -> rain -> sun", [said("sun")], [0, 0, 1]),
        ('said:"tennis match" -> a lecture', [said("tennis", "match")], [1, 0]),
        ('"tennis match" before "lecture"', [replace(said("lecture"), is_exact=True)], [0, 1]),
        ("to be before not to be", [replace(said("to", "be", "before", "not"), is_exact=True)], [1, 1]),
        ("a tennis match, then a lecture", [], [0, 0]),
    ],
)
def test_words_of_one_part_say_nothing_of_the_others(text: str, legs: list[LegMatch], of_parts: list[float]) -> None:
    judge, found = whole(text), Found(match(), legs=tuple(legs))
    assert judge.of_parts(found) == pytest.approx(of_parts, abs=0.02)
    assert judge.of(found) == pytest.approx(min(of_parts), abs=0.02)
    assert [judge.is_of_all(leg) for leg in legs] == [len(legs) == 1 and min(of_parts) == 1] * len(legs)


@pytest.mark.parametrize(
    ("first", "second", "of_parts"),
    [
        ([meant(0.9)], [], [0.8, 0]),
        ([], [meant(0.85, 3.0, 9.0)], [0, 0.8]),
        ([meant(0.7)], [meant(0.6)], [0.8, 0.8]),
        # A little nearer to the sentence, it is what one part means, and not what the other does.
        ([meant(0.7)], [meant(0.1)], [0.8, 0]),
        ([], [meant(0.7)], [0, 0.8]),
        # The sentence alone means it.
        ([meant(0.1)], [meant(0.2)], [0.8, 0.8]),
        ([meant(0.9, 4.0, 9.0)], [meant(0.9, path="/b.mp4")], [0.8, 0.8]),
        ([said("tennis")], [], [0.8, 0.8]),
    ],
)
def test_a_meaning_as_near_to_a_part_says_nothing_of_the_other(
    first: list[LegMatch], second: list[LegMatch], of_parts: list[float]
) -> None:
    judge = whole("a tennis match, then a lecture", first, second)
    assert judge.of_parts(Found(match(), legs=(meant(0.8),))) == pytest.approx(of_parts, abs=0.02)


@pytest.mark.parametrize(
    ("first", "second", "sure"),
    [
        # Neither is meant there, however near the sentence of both comes.
        ([meant(0.11)], [meant(0.08)], 0.08),
        ([meant(0.43)], [meant(0.31)], 0.31),
        ([], [], 0.0),
        ([meant(0.9)], [meant(0.1)], 0.1),
        # The passage has both, each in a sentence of its own.
        ([meant(0.7, 0.0, 2.0)], [meant(0.75, 2.0, 4.0)], 0.7),
        ([meant(0.95, 0.0, 2.0), meant(0.5)], [meant(0.9, 2.0, 4.0)], 0.8),
    ],
)
def test_a_meaning_is_as_sure_as_the_part_that_is_least_meant_there(
    first: list[LegMatch], second: list[LegMatch], sure: float
) -> None:
    found = Found(match(), legs=(meant(0.8),))
    for text in ("a tennis match, then a lecture", "a lecture; before that, a tennis match", "a match -> a lecture"):
        assert whole(text, first, second).of(found) == pytest.approx(sure, abs=0.01)


def test_what_may_be_one_thing_is_as_sure_as_its_meaning() -> None:
    found = Found(match(), legs=(meant(0.8),))
    assert whole("a quarrel before the law", [meant(0.1)], [meant(0.2)]).of(found) == pytest.approx(0.8)


def test_what_is_seen_is_seen_of_all_that_is_to_be_seen() -> None:
    found = Found(match(0.6))
    assert whole("a kiss, then fireworks").of_parts(found) == [SEEN.of(0.6)] * 2
    # Words that are asked alone are not there because something looks like the rest.
    assert whole('said:"a kiss", then fireworks').of_parts(found) == [0.0, SEEN.of(0.6)]
    assert whole('said:"a kiss" -> said:"fireworks"').of_parts(found) == [0.0, 0.0]


def test_what_cannot_be_judged_is_not_known() -> None:
    judge, one_half = whole("a kiss, then fireworks", seen=None), Found(match(), legs=(said("kiss"),))
    assert judge.of_parts(one_half) == [1.0, None]
    assert judge.of(one_half) is None
    assert judge.of(Found(match(), legs=(said("kiss", "fireworks"),))) == 1.0


def test_a_leg_alone_is_as_sure_as_of_the_part_of_which_it_is_least_sure() -> None:
    seen = LegMatch("seen", match(0.6), 1, 0.6, 0.6)
    one, both = said("lecture"), said("tennis", "match", "lecture", leg="written")
    found = Found(match(0.6), legs=(seen, one, both, meant(0.8)))
    judge = whole("a tennis match, then a lecture", [meant(0.4)], [meant(0.3)])
    assert [judge.of_leg(found, leg) for leg in found.legs] == [SEEN.of(0.6), 0.0, 1.0, pytest.approx(0.3)]
    elsewhere = said("tennis", "match", "lecture")
    elsewhere = replace(elsewhere, match=replace(match(), start_seconds=30.0, end_seconds=35.0))
    assert judge.of_leg(found, elsewhere) is None
    # What is heard is not there because something looks like the rest.
    assert whole('said:"a kiss", then fireworks').of_leg(found, seen) == 0.0
    assert whole("a kiss, then fireworks", seen=None).of_leg(found, seen) is None
