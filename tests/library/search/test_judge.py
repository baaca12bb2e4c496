"""What is seen and what words say, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from framecue.library.background import background_for
from framecue.library.search.box import Term
from framecue.library.search.confidence import Confidence, Yardstick
from framecue.library.search.found import Found
from framecue.library.search.judge import _ASTRAY, Judge, at_least, confidence_of_words, judges_of, least_sure
from framecue.library.search.legs.leg import LegMatch
from framecue.library.search.query import Query, SearchOptions
from framecue.library.search.query_vectors import EncodedQuery
from framecue.library.store import Match, Store
from support.colours import ColourEncoder

SEEN = Confidence(usual_best=0.3, scale=0.04)


def match(path: str = "/a.mp4", start: float = 0.0, *, score: float = 0.1) -> Match:
    return Match("id", path, start, start + 5.0, 60.0, score, np.zeros(4, dtype=np.float16))


def said(where: Match, strength: float = 1.0) -> LegMatch:
    return LegMatch("said", where, 1, 3.0, strength, text="slicing vegetables")


def test_what_only_is_seen_is_judged_by_its_score() -> None:
    one = match(score=0.6)
    seen = LegMatch("seen", one, 1, 0.6, 0.6)
    assert Judge(SEEN).of(Found(one)) == Judge(SEEN).of(Found(one, legs=(seen,))) == SEEN.of(0.6)
    assert Judge(None).of(Found(one, legs=(seen,))) is None


def test_a_phrase_word_for_word_is_a_fit_whatever_the_picture_shows() -> None:
    one = match()
    exact = replace(said(one, 0.4), is_exact=True)
    assert SEEN.of(0.1) < 0.02
    assert Judge(SEEN).of(Found(one, legs=(exact,))) == 1.0
    assert Judge(None).of(Found(one, legs=(exact,))) == 1.0


def test_some_of_the_words_count_for_less_than_they_are_and_never_take_away() -> None:
    one = match()
    assert Judge(SEEN).of(Found(one, legs=(said(one, 0.5),))) == pytest.approx(0.25)
    sure = match(score=0.9)
    assert Judge(SEEN).of(Found(sure, legs=(said(sure, 0.2),))) == SEEN.of(0.9)


def test_a_meaning_is_as_sure_as_it_says() -> None:
    one = match()
    assert Judge(SEEN).of(Found(one, legs=(replace(said(one, 0.5), leg="meaning"),))) == 0.5


@pytest.mark.parametrize("judge", [Judge(SEEN), Judge(None)])
def test_a_moment_is_as_sure_as_its_surest_leg_alone(judge: Judge) -> None:
    one = match(score=0.48)
    elsewhere = said(match(start=30.0))
    seen = LegMatch("seen", one, 1, 0.48, 0.48)
    for words in ([], [said(one, 0.5)], [said(one, 0.9), replace(said(one, 0.6), leg="meaning")], [elsewhere]):
        found = Found(one, legs=(seen, *words))
        alone = [judge.of_leg(found, leg) for leg in found.legs]
        assert judge.of(found) == max((each for each in alone if each is not None), default=None)
        assert alone[1:] == [None if leg is elsewhere else confidence_of_words(leg) for leg in words]


def test_all_is_as_sure_as_the_least_sure_and_unknown_where_one_is() -> None:
    assert least_sure([0.5, 0.25, 1.0]) == 0.25
    assert least_sure([0.5, None]) is None


def test_words_elsewhere_in_the_video_are_not_of_this_moment() -> None:
    here, there = match(), match(start=30.0)
    assert Judge(SEEN).of(Found(here, legs=(said(there),))) == SEEN.of(0.1)
    assert Judge(SEEN).of(Found(here, legs=(replace(said(there), is_of_file=True),))) == 1.0
    timed = replace(said(there), start_seconds=4.0, end_seconds=6.0)
    assert Judge(SEEN).of(Found(here, legs=(timed,))) == 1.0


def test_hybrid_search_fits_where_all_its_words_are() -> None:
    judge = Judge(SEEN, frozenset({"anna", "birthday"}))
    assert judge.of(Found(replace(match(), words=("anna", "birthday")))) == 1.0
    assert judge.of(Found(replace(match(), words=("anna",)))) == SEEN.of(0.1)


def test_a_limit_keeps_what_it_cannot_judge_and_stops_reading_where_no_words_can_come() -> None:
    scores = [0.9, 0.8, *([0.1] * 5000)]
    read = []

    def stream() -> Iterator[Found]:
        for number, score in enumerate(scores):
            read.append(number)
            one = match(f"/{number}.mp4", score=score)
            yield Found(one, legs=(said(one),) if number == 300 else ())

    kept = [moment.path for moment in at_least(stream(), 0.5, Judge(SEEN))]
    assert kept == ["/0.mp4", "/1.mp4", "/300.mp4"]
    assert len(read) < 1000
    assert len(list(at_least(stream(), 0.5, Judge(None)))) == len(scores)


def test_a_query_of_which_moments_are_a_part_is_judged_by_its_own_scores(
    make_store: Callable[..., Store], talking: ColourEncoder
) -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 4))
    store = make_store([{"path": f"/{number:02}.mp4", "vector": vector} for number, vector in enumerate(vectors)])
    (vector,) = talking.embed_texts(["red"])
    plain = EncodedQuery(Query("red"), vector, [vector])
    joined = replace(plain, by_text=-vector)
    pictures = EncodedQuery(Query(vectors=vector), vector, [vector], by_text=vector)
    judges = list(judges_of(store, talking, [plain, joined, pictures], SearchOptions()))
    background = background_for(store, talking)
    assert background is not None
    yardstick = Yardstick.of(background)
    expected = [yardstick.confidence(vector), yardstick.confidence_of_joined(vector), None]
    assert [judge.seen for judge in judges] == expected
    assert expected[0] != expected[1]


def test_what_is_seen_is_less_sure_than_the_querys_words_are_known(
    make_store: Callable[..., Store], talking: ColourEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 4))
    store = make_store([{"path": f"/{number:02}.mp4", "vector": vector} for number, vector in enumerate(vectors)])
    told: list[str] = []

    def known_share(texts: Sequence[str]) -> np.ndarray:
        told.extend(texts)
        return np.array([0.25 if text == "red" else 1.0 for text in texts])

    (vector,) = talking.embed_texts(["red"])
    asked = Query([(Term("red", leg="seen"), 1), (Term("hello", leg="said"), 1), ("green", 2), ("blue", -1)])
    encoded = EncodedQuery(asked, vector, [vector])
    (before,) = judges_of(store, talking, [encoded], SearchOptions())
    monkeypatch.setattr(talking, "known_share", known_share, raising=False)
    (judge,) = judges_of(store, talking, [encoded], SearchOptions())
    assert before.seen is not None
    # What is unknown leads all of a text astray: with three quarters known, it is surely not three quarters as sure.
    assert judge.seen == replace(before.seen, known=0.75**_ASTRAY)
    assert 0.4 < judge.seen.known < 0.6
    # Of what is heard, and of what is searched away from, the picture's model need know nothing.
    assert told == ["red", "green"]
    away = EncodedQuery(Query([(Term("hello", leg="said"), 1), ("blue", -1)]), -vector, [vector])
    (judge,) = judges_of(store, talking, [away], SearchOptions())
    assert judge.seen is not None
    assert judge.seen.known == 1.0
    # A name that was taught is no word of the model's own, and known even so.
    (joined,) = judges_of(store, talking, [replace(encoded, by_text=-vector)], SearchOptions())
    assert joined.seen is not None
    assert joined.seen.known == 1.0
