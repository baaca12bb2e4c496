from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from framecue.library import Query, SearchOptions
from framecue.library.search import one_box
from framecue.library.search.confidence import Confidence
from framecue.library.search.in_order_page import (
    Judged,
    confidence_in_order,
    confidence_of_parts,
    find_either_way,
    find_parts_in_order,
    judged_whole,
)
from framecue.library.search.judge import Judge
from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.search.query_vectors import EncodedQuery
from framecue.library.store import Store

RED, GREEN, BLUE, BOTH = (1.0, 0.0, 0.0, 0.1), (0.0, 1.0, 0.0, 0.1), (0.0, 0.0, 1.0, 0.1), (1.0, 1.0, 0.0, 0.1)
# Cosines of 0.8 and more are as likely meant as not.
SEEN = Judge(Confidence(usual_best=0.7, scale=0.05))


def judged(text: str, colour: tuple[float, ...], judge: Judge = SEEN) -> Judged:
    vector = np.array(colour, dtype=np.float32)
    vector /= np.linalg.norm(vector)
    return Judged(EncodedQuery(Query(text), vector, [vector]), judge)


def film(path: str, *colours: tuple[float, ...]) -> list[dict[str, Any]]:
    return [
        {"path": path, "vector": colour, "start_seconds": 5.0 * number, "end_seconds": 5.0 * number + 5}
        for number, colour in enumerate(colours)
    ]


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    return make_store(
        [
            *film("/order.mp4", BLUE, RED, BLUE, GREEN, BLUE),
            *film("/swapped.mp4", GREEN, BLUE, RED),
            *film("/twice.mp4", RED, GREEN, BLUE, RED, GREEN),
            *film("/whole.mp4", BOTH),
        ]
    )


def either_way(store: Store, whole: Judged, parts: list[Judged], options: SearchOptions) -> list[Any]:
    return find_either_way(store, judged_whole(store, whole, parts, options), parts, options)


PARTS = [judged("red", RED), judged("green", GREEN)]


def shown(found: list[Any]) -> list[tuple[str, float, float]]:
    return [(one.path, one.start_seconds, one.end_seconds) for one in found]


def test_each_video_comes_once_with_its_best_span(store: Store) -> None:
    found = find_parts_in_order(store, PARTS, SearchOptions(k=2))

    # Of two as good the nearer comes first, and of a video the span that is best.
    assert shown(found) == [("/twice.mp4", 0.0, 10.0), ("/order.mp4", 5.0, 20.0)]
    assert [confidence_in_order(one, PARTS) for one in found] == pytest.approx([SEEN.seen.of(1.0)] * 2, abs=1e-3)  # type: ignore[union-attr]


def test_pages_are_one_list_and_all_moments_do_not_overlap(store: Store) -> None:
    every = find_parts_in_order(store, PARTS, SearchOptions(k=4, all_moments=True))
    pages = [
        found
        for offset in range(4)
        for found in find_parts_in_order(store, PARTS, SearchOptions(k=1, offset=offset, all_moments=True))
    ]

    assert shown(pages) == shown(every)
    assert shown(every)[:3] == [("/twice.mp4", 0.0, 10.0), ("/twice.mp4", 15.0, 25.0), ("/order.mp4", 5.0, 20.0)]


def test_limits_hold_for_the_least_sure_part(store: Store) -> None:
    options = SearchOptions(min_confidence=0.5)

    assert {one.path for one in find_parts_in_order(store, PARTS, options)} == {"/twice.mp4", "/order.mp4"}
    assert {one.path for one in find_parts_in_order(store, PARTS, SearchOptions(min_score=0.9))} == {
        "/twice.mp4",
        "/order.mp4",
    }
    assert len(find_parts_in_order(store, PARTS, SearchOptions())) > 2
    unsure = [PARTS[0], judged("green", GREEN, Judge(None))]
    found = find_parts_in_order(store, unsure, SearchOptions())
    assert shown(found)[0] == ("/twice.mp4", 0.0, 10.0)
    assert confidence_in_order(found[0], unsure) is None
    assert confidence_of_parts(found[0], unsure) == [SEEN.of(found[0].parts[0]), None]
    # What cannot be judged is not known to be less; what can be, has to reach the limit.
    limited = find_parts_in_order(store, unsure, options)
    assert shown(limited)[0] == ("/twice.mp4", 0.0, 10.0)
    assert all((SEEN.of(one.parts[0]) or 0.0) >= 0.5 for one in limited)


def test_within_and_where_leave_videos_out(store: Store) -> None:
    near = find_parts_in_order(store, PARTS, SearchOptions(min_confidence=0.5), within_seconds=4.0)
    assert shown(near) == [("/twice.mp4", 0.0, 10.0)]
    only = find_parts_in_order(store, PARTS, SearchOptions(min_confidence=0.5), where="path = '/order.mp4'")
    assert shown(only) == [("/order.mp4", 5.0, 20.0)]


def test_a_sentence_is_taken_for_what_is_surer(store: Store) -> None:
    parts = either_way(store, judged("red, then green", BLUE[::-1]), PARTS, SearchOptions(k=9))
    assert shown(parts)[:2] == [("/twice.mp4", 0.0, 10.0), ("/order.mp4", 5.0, 20.0)]
    assert {one.path for one in parts} == {"/twice.mp4", "/order.mp4", "/swapped.mp4", "/whole.mp4"}

    sure = Judge(Confidence(usual_best=0.5, scale=0.05))
    whole = either_way(store, judged("red, then green", BOTH, sure), PARTS, SearchOptions(k=9))
    plain = [("/whole.mp4", 0.0, 5.0)]
    assert shown(whole)[:1] == plain
    assert not any(one.parts for one in whole)


def test_a_moment_that_shows_one_part_says_little_for_the_sentence(store: Store) -> None:
    sure = Judge(Confidence(usual_best=0.515, scale=0.05))
    # As sure of red alone as a sentence of red and green may be: its vector lies near the one of them.
    one_sided = judged("red, then green", (1.0, 0.35, 0.0, 0.1), sure)
    assert shown(either_way(store, one_sided, PARTS, SearchOptions(k=1))) == [("/twice.mp4", 0.0, 10.0)]
    # What shows both fits the sentence better than either part, and is what was meant.
    both = judged("red, then green", BOTH, sure)
    assert shown(either_way(store, both, PARTS, SearchOptions(k=1))) == [("/whole.mp4", 0.0, 5.0)]


class Meant:
    """Means that a sentence is told in one film, and its parts in none."""

    name = "meaning"

    def __init__(self, strength: float, words: tuple[str, ...] = ()) -> None:
        self.strength, self.words = strength, words

    def is_there(self, store: Store) -> bool:
        return True

    def lacking(self, store: Store) -> str | None:
        return None

    def find(self, asked: Asked) -> list[LegMatch]:
        if "then" not in asked.text:
            return []
        (one,) = (match for match in asked.store.search(asked.vector, limit=99) if match.path == "/whole.mp4")
        return [LegMatch("meaning", one, 1, 0.5, self.strength, words=self.words)]


def test_what_a_moment_looks_like_tells_nothing_where_words_speak_for_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence such as "a quarrel before the law" is no order because the picture there looks like "the law"."""
    # The moment looks as much like either part as like the sentence, which is a little surer than the parts.
    sentence = judged("red, then green", (1.0, 1.0, 0.0, 1.6), Judge(Confidence(usual_best=0.563, scale=0.05)))
    unsure = Judge(Confidence(usual_best=0.909, scale=0.05))
    parts = [judged("red", RED, unsure), judged("green", GREEN, unsure)]
    for strength, is_whole in ((0.75, True), (0.0, False)):
        monkeypatch.setattr(one_box, "LEGS", {"meaning": Meant(strength)})
        (first, *_) = either_way(store, sentence, parts, SearchOptions(k=3))
        assert (not first.parts) == is_whole


class MeantOfOne(Meant):
    """Means one part as well as the whole sentence, so that it says nothing of the other part."""

    def find(self, asked: Asked) -> list[LegMatch]:
        if "red" not in asked.text:
            return []
        (one,) = (match for match in asked.store.search(asked.vector, limit=99) if match.path == "/whole.mp4")
        return [LegMatch("meaning", one, 1, 0.5, self.strength)]


@pytest.mark.parametrize(
    ("strength", "fits", "is_whole"), [(0.6, False, True), (0.6, True, False), (0.1, False, False)]
)
def test_parts_that_do_not_fit_are_no_order_where_the_meaning_of_the_sentence_does(
    store: Store, monkeypatch: pytest.MonkeyPatch, strength: float, fits: bool, is_whole: bool
) -> None:
    monkeypatch.setattr(one_box, "LEGS", {"meaning": MeantOfOne(strength)})
    sentence = judged("red before green", BLUE, Judge(Confidence(usual_best=1.3, scale=0.05)))
    one = Judge(Confidence(usual_best=0.3 if fits else 1.0, scale=0.05))
    parts = [judged("red", RED, one), judged("green", GREEN, one)]
    assert ((confidence_in_order(find_parts_in_order(store, parts, SearchOptions())[0], parts) or 0.0) > 0.25) == fits
    (first, *_) = either_way(store, sentence, parts, SearchOptions(k=3))
    assert (not first.parts) == is_whole


def test_a_sentence_is_no_order_where_its_words_are_said_and_may_be_one_where_it_is_meant(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = judged("red, then green", BLUE, Judge(Confidence(usual_best=0.9, scale=0.05)))
    sure = Judge(Confidence(usual_best=0.3, scale=0.05))
    parts = [judged("red", RED, sure), judged("green", GREEN, sure)]
    for words, is_whole in ((("red", "green"), True), ((), False)):
        monkeypatch.setattr(one_box, "LEGS", {"meaning": Meant(0.95, words)})
        (first, *_) = either_way(store, sentence, parts, SearchOptions(k=3))
        assert (not first.parts) == is_whole


@pytest.mark.parametrize("is_usual", [False, True])
def test_a_meaning_that_is_as_near_to_one_part_has_nothing_of_the_other_usual_or_not(
    store: Store, monkeypatch: pytest.MonkeyPatch, is_usual: bool
) -> None:
    class Near(Meant):
        """Means that one film tells of red, which a sentence of red and green is nearly as near to."""

        def find(self, asked: Asked) -> list[LegMatch]:
            if "red" not in asked.text:
                return []
            (one,) = (match for match in asked.store.search(asked.vector, limit=99) if match.path == "/whole.mp4")
            strength = self.strength if "then" in asked.text else self.strength + 0.05
            return [LegMatch("meaning", one, 1, 0.5, strength, is_usual=is_usual)]

    monkeypatch.setattr(one_box, "LEGS", {"meaning": Near(0.12)})
    nowhere = Judge(Confidence(usual_best=3.0, scale=0.05))
    sentence = judged("red, then green", BLUE, nowhere)
    parts = [judged("red", RED, nowhere), judged("green", GREEN, nowhere)]
    whole = judged_whole(store, sentence, parts, SearchOptions())
    (first, *_) = find_either_way(store, whole, parts, SearchOptions())
    assert (first.path, first.parts) == ("/whole.mp4", ())
    assert whole.judge.of_parts(first) == pytest.approx([0.12, 0.0], abs=1e-3)


@pytest.mark.parametrize(("text", "sure"), [("red, then green", 0.1), ("red before green", 0.6)])
def test_a_result_is_no_surer_than_its_halves_where_the_sentence_says_an_order_and_nothing_else(
    store: Store, monkeypatch: pytest.MonkeyPatch, text: str, sure: float
) -> None:
    class Between(Meant):
        """Means that one film tells of something between red and green."""

        def find(self, asked: Asked) -> list[LegMatch]:
            (one,) = (match for match in asked.store.search(asked.vector, limit=99) if match.path == "/whole.mp4")
            return [LegMatch("meaning", one, 1, 0.5, {text: 0.6, "red": 0.2}.get(asked.text, 0.1))]

    monkeypatch.setattr(one_box, "LEGS", {"meaning": Between(0.6)})
    nowhere = Judge(Confidence(usual_best=3.0, scale=0.05))
    parts = [judged("red", RED, nowhere), judged("green", GREEN, nowhere)]
    whole = judged_whole(store, judged(text, BLUE, nowhere), parts, SearchOptions())

    (first, *_) = find_either_way(store, whole, parts, SearchOptions())

    assert (first.path, first.parts) == ("/whole.mp4", ())
    assert whole.judge.of(first) == pytest.approx(sure, abs=1e-3)
    # A limit on the confidence holds for what is shown.
    limited = find_either_way(store, whole, parts, SearchOptions(min_confidence=0.3))
    assert [one.path for one in limited] == (["/whole.mp4"] if sure > 0.3 else [])


def test_what_lacks_one_part_is_no_order_however_sure_the_others_are(store: Store) -> None:
    sentence = judged("red, then green", BLUE, Judge(Confidence(usual_best=1.2, scale=0.05)))
    sure = Judge(Confidence(usual_best=0.3, scale=0.05))
    for usual_best, is_order in ((1.0, True), (1.5, False)):
        least = Judge(Confidence(usual_best=usual_best, scale=0.05))
        parts = [judged("red", RED, sure), judged("green", GREEN, least)]
        assert (least.of(find_parts_in_order(store, parts, SearchOptions())[0].parts[1]) or 0.0) < 0.2
        (first, *_) = either_way(store, sentence, parts, SearchOptions(k=3))
        assert bool(first.parts) == is_order


def test_a_part_that_nobody_understands_makes_no_order_of_a_sentence(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in "a quarrel before the law", where "law" is no word of the model's, and none that is said."""
    sentence = judged("red before green", BLUE, Judge(Confidence(usual_best=1.2, scale=0.05)))
    sure = Judge(Confidence(usual_best=0.3, scale=0.05))
    unknown = Judge(Confidence(usual_best=0.3, scale=0.05, known=0.0))
    parts = [judged("red", RED, unknown), judged("green", GREEN, sure)]
    (first, *_) = either_way(store, sentence, parts, SearchOptions(k=3))
    assert not first.parts
    # Words that are found are understood, and whoever says that it is an order is believed.
    assert find_parts_in_order(store, parts, SearchOptions())[0].parts
    monkeypatch.setattr(one_box, "LEGS", {"said": Said()})
    (first, *_) = either_way(store, sentence, parts, SearchOptions(k=3))
    assert len(first.parts) == 2


def test_words_that_the_model_does_not_know_still_have_an_order(store: Store) -> None:
    unknown = Judge(Confidence(usual_best=0.7, scale=0.05, known=0.0))
    parts = [judged("red", RED, unknown), judged("green", GREEN, unknown)]

    found = find_parts_in_order(store, parts, SearchOptions(k=1))

    assert shown(found) == [("/twice.mp4", 0.0, 10.0)]
    assert confidence_in_order(found[0], parts) == 0.0


class Said:
    """Hears the words of one part alone in one film, word for word."""

    name = "said"

    def is_there(self, store: Store) -> bool:
        return True

    def lacking(self, store: Store) -> str | None:
        return None

    def find(self, asked: Asked) -> list[LegMatch]:
        if "red" not in asked.text:
            return []
        every = asked.store.search(asked.vector, limit=99)
        one = next(match for match in every if (match.path, match.start_seconds) == ("/twice.mp4", 0.0))
        return [LegMatch("said", one, 1, 0.5, 1.0, text="red", words=("red",), is_exact=bool(asked.exact))]


@pytest.mark.parametrize("text", ['said:"red", then green', '"red" -> "green"', "red, then green"])
def test_an_order_is_not_given_up_for_the_words_of_one_half(
    store: Store, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(one_box, "LEGS", {"said": Said()})
    sure, nowhere = (Judge(Confidence(usual_best=best, scale=0.05)) for best in (0.3, 3.0))

    def read(query: Query, colour: tuple[float, ...], judge: Judge) -> Judged:
        return Judged(replace(judged("any", colour).encoded, query=query), judge)

    red, green = Query.parse(text).order
    whole = read(Query.parse(text), BLUE, nowhere)
    parts = [read(red, RED, sure), read(green, GREEN, sure)]
    (first, *_) = either_way(store, whole, parts, SearchOptions(k=3))
    assert len(first.parts) == 2
    # Where there is no such order, what has one half is nearest, and does not fit.
    parts = [read(red, BLUE, nowhere), read(green, BLUE, nowhere)]
    half = judged_whole(store, whole, parts, SearchOptions())
    (nearest, *_) = find_either_way(store, half, parts, SearchOptions(k=3))
    assert (nearest.path, nearest.parts) == ("/twice.mp4", ())
    assert half.judge.of(nearest) == pytest.approx(0.0, abs=1e-2)
    assert find_either_way(store, half, parts, SearchOptions(k=3, min_confidence=0.5)) == []
