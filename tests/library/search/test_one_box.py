from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.library import Hit, Library, Query, SearchOptions
from framecue.library.search import one_box
from framecue.library.search.box import LEG_NAMES, Term
from framecue.library.search.confidence import MIDDLE, SLOPE, Confidence
from framecue.library.search.found import Found
from framecue.library.search.judge import Judge
from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.search.legs.registry import LEGS
from framecue.library.search.one_box import find_words
from framecue.library.search.ranking import find
from framecue.library.search.weights import WEIGHTS, LegWeights
from framecue.library.store import Match, Store

QUERY = np.array([1, 0, 0, 0], dtype=np.float32)


def places(hits: Sequence[Hit]) -> list[tuple[str, float]]:
    return [(hit.path, hit.start_seconds) for hit in hits]


def bare(hit: Hit) -> tuple[Any, ...]:
    return hit.path, hit.start_seconds, hit.end_seconds, hit.score, hit.rank, hit.text


@pytest.mark.parametrize("options", [{}, {"all_moments": True}, {"k": 2, "offset": 1}, {"min_score": 0.1}])
def test_a_text_that_no_words_have_is_searched_for_as_it_always_was(films: Library, options: dict[str, Any]) -> None:
    box, seen = films.search("green", **options), films.search("green", only="seen", **options)
    assert [bare(hit) for hit in box] == [bare(hit) for hit in seen]
    assert seen
    assert all(hit.legs == () for hit in seen)
    assert [[leg.leg for leg in hit.legs] for hit in box] == [["seen"]] * len(box)


def test_seen_alone_is_the_order_of_the_vectors(films: Library) -> None:
    store = Store.open(films.uri)
    vector = films._fitting_model(store).embed_texts(["green panda birthday"])[0]
    hits = films.search("green panda birthday", only=["seen"], all_moments=True, k=99)
    assert [(hit.path, hit.start_seconds, hit.score) for hit in hits] == [
        (match.path, match.start_seconds, match.score) for match in store.search(vector, limit=99)
    ]
    assert hits == films.search(Query.parse("seen:green panda birthday"), only="seen", all_moments=True, k=99)


@pytest.mark.parametrize(
    ("text", "path", "start"),
    [
        ("we signed the mortgage", "/v/panda party.mp4", 1.0),
        ("grand opening", "/v/panda party.mp4", 22.0),
        ("old news", "/v/old news.mp4", None),
        ("the minister resigned", "/v/old news.mp4", None),
        ("a boat crosses the lake", "/v/lake.mp4", None),
    ],
)
def test_a_plain_text_is_found_by_whoever_has_it(films: Library, text: str, path: str, start: float | None) -> None:
    best, *_ = films.search(text)
    assert best.path == path
    assert start is None or best.start_seconds == start


def test_two_legs_together_beat_each_alone(films: Library) -> None:
    """Green and a birthday: the silent film is as green, and another film has a birthday too."""
    (best, *others) = films.search(Query.parse("seen:green said:birthday"))
    assert places([best]) == [("/v/panda party.mp4", 10.0)]
    assert {leg.leg for leg in best.legs} == {"seen", "said"}
    assert {hit.path for hit in others} == {"/v/lake.mp4", "/v/old news.mp4", "/v/silent.mp4"}
    # What is said elsewhere in the same film still counts, though less than there.
    alone, elsewhere = films.search(Query.parse("seen:blue said:mortgage"), k=2)
    assert alone.path == "/v/panda party.mp4"
    assert elsewhere.path != alone.path


def test_some_words_of_a_long_text_do_not_change_which_is_first(films: Library) -> None:
    text = "a green tractor on a wide field at a party in the morning"
    assert bare(films.search(text)[0]) == bare(films.search(text, only="seen")[0])
    none = LegWeights(hint=0.0)
    assert [bare(hit) for hit in films.search(text, weights=none)] == [bare(h) for h in films.search(text, only="seen")]


def test_two_things_in_one_plain_text(films: Library) -> None:
    (best, *_) = films.search("green happy birthday to you and a pony")
    assert (best.path, best.segment_seconds or (best.start_seconds, best.end_seconds)) == (
        "/v/panda party.mp4",
        (10.0, 20.0),
    )


def test_weights_can_be_set(films: Library) -> None:
    query = "green birthday"
    assert films.search(query, weights=LegWeights(said=0, written=0, named=0, captions=0))[0].score == pytest.approx(
        films.search(query, only="seen")[0].score
    )
    with pytest.raises(InputError, match="weights"):
        films.search(query, weights={"said": 2})  # type: ignore[arg-type]


def test_pages_put_together_are_one(films: Library) -> None:
    for text in ("green birthday", "seen:red said:birthday name:panda"):
        for all_moments in (False, True):
            whole = films.search(Query.parse(text), k=99, all_moments=all_moments)
            pages = [
                films.search(Query.parse(text), k=3, offset=offset, all_moments=all_moments)
                for offset in range(0, len(whole) + 3, 3)
            ]
            assert list(chain(*pages)) == whole
            assert len({(hit.path, hit.start_seconds, hit.end_seconds) for hit in whole}) == len(whole)


def test_moments_of_a_video_do_not_overlap_whether_fine_or_not(films: Library) -> None:
    hits = films.search("happy birthday", all_moments=True, k=99)
    by_path: dict[str, list[Hit]] = {}
    for hit in hits:
        for other in by_path.setdefault(hit.path, []):
            assert hit.end_seconds <= other.start_seconds + 1e-3 or other.end_seconds <= hit.start_seconds + 1e-3
        by_path[hit.path].append(hit)
    assert {(12.0, 13.0), (14.0, 15.0)} <= {(hit.start_seconds, hit.end_seconds) for hit in hits}


def test_words_behind_the_last_picture_have_the_times_of_the_last_segment(films: Library, line) -> None:
    """As subtitles of a longer cut have: nobody could look at such a moment, or cut it out."""
    lines = [line(40, "the very end"), line(29, "so long now")]
    Store.open(films.uri).words.write("id of /v/silent.mp4", "speech", lines)
    for query, times in (("the very end", (20.0, 30.0)), ("so long", (29.0, 30.0)), ("long now", (29.5, 30.5))):
        (hit,) = films.search(Query.parse(f'said:"{query}"'))
        assert (hit.path, hit.start_seconds, hit.end_seconds) == ("/v/silent.mp4", *times)


def test_a_least_score_holds_for_words_as_well(films: Library) -> None:
    every = films.search("happy birthday", k=99, all_moments=True)
    floor = sorted(hit.score for hit in every)[len(every) // 2]
    some = films.search("happy birthday", k=99, all_moments=True, min_score=floor)
    assert some
    assert all(hit.score >= floor for hit in some)


def test_one_leg_alone_and_none(films: Library) -> None:
    assert {leg.leg for hit in films.search("birthday", only=("said",)) for leg in hit.legs} == {"said"}
    assert {hit.path for hit in films.search("panda", only=["named", "captions"])} == {"/v/panda party.mp4"}
    with pytest.raises(InputError, match="the query has nothing for written, which alone is asked: said:birthday"):
        films.search(Query.parse("said:birthday"), only="written")
    with pytest.raises(InputError, match=r"there is no leg 'heard' of a search; known: seen, said"):
        films.search("birthday", only="heard")
    with pytest.raises(InputError, match="hybrid search asks two legs of its own"):
        films.search("birthday", only="seen", hybrid=True)
    with pytest.raises(
        InputError, match="said:birthday: a prefix asks one leg of a search, which hybrid search does not"
    ):
        films.search(Query.parse("said:birthday"), hybrid=True)
    with pytest.raises(InputError, match="words cannot be searched away from"):
        Query([("red", 1.0), (Term("birthday", "said"), -1.0)])


def test_a_text_beside_something_heavier_has_less_of_a_say(films: Library) -> None:
    strengths = [
        leg.strength
        for heavy in (1.0, 4.0)
        for hit in films.search(Query("panda", vectors=[((0, 1, 0, 0), heavy)]), k=99)
        for leg in hit.legs
        if leg.leg == "named"
    ]
    assert strengths[1] == pytest.approx(strengths[0] / 4)


def test_pictures_and_texts_to_search_away_from_ask_no_leg_of_words(films: Library) -> None:
    query = Query([("green", 1.0), ("panda party", -0.5)])
    assert {leg.leg for hit in films.search(query) for leg in hit.legs} == {"seen"}
    assert films.search(Query(vectors=[(1, 0, 0, 0)]))


def test_a_library_without_any_index_of_words_is_searched_by_vector(make_store, talking) -> None:
    store = make_store([{"path": f"/panda {i}.mp4", "vector": (1, i, 0, 0)} for i in range(4)])
    library = Library(store.uri, model=talking)
    assert [bare(hit) for hit in library.search("panda 3")] == [
        bare(hit) for hit in library.search("panda 3", only="seen")
    ]
    assert not store.has_text_index()


def test_every_leg_has_its_own_name_and_says_what_it_lacks(make_store) -> None:
    assert all(name == leg.name for name, leg in LEGS.items())
    assert {"seen", *LEGS} <= {*LEG_NAMES}
    bare_store = make_store([{"path": "/a.mp4"}])
    for leg in LEGS.values():
        assert not leg.is_there(bare_store)
        assert "`framecue index" in (leg.lacking(bare_store) or "")


# --- whatever legs find


class Vectors:
    """A store in memory that only has vectors."""

    def __init__(self, matches: Sequence[Match]) -> None:
        self.matches = sorted(matches, key=lambda match: (-match.score, match.path, match.start_seconds))

    def search(self, vector: np.ndarray, *, limit: int, where: str | None = None) -> list[Match]:
        return self.matches[:limit]


class Told:
    """A leg that finds what it is told to."""

    name = "said"

    def __init__(self, found: Sequence[LegMatch]) -> None:
        self.found = found

    def is_there(self, store: Store) -> bool:
        return True

    def lacking(self, store: Store) -> str | None:
        return None

    def find(self, asked: Asked) -> Sequence[LegMatch]:
        return self.found


def moment(path: str, start: float, score: float) -> Match:
    return Match(path, path, start, start + 1, 60.0, score, np.zeros(4, dtype=np.float16))


libraries = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 8), st.floats(-1, 1, width=16)), min_size=1, max_size=40
).map(
    lambda items: [
        moment(f"/{path}", float(start), score)
        for (path, start), score in {(path, start): score for path, start, score in items}.items()
    ]
)


@settings(max_examples=60, deadline=None)
@given(libraries, st.booleans(), st.integers(1, 7), st.data())
def test_whatever_a_leg_finds_the_rest_keeps_its_order(
    matches: list[Match], all_moments: bool, k: int, data: st.DataObject
) -> None:
    chosen = data.draw(st.lists(st.sampled_from(matches), max_size=5, unique_by=lambda match: match.key))
    found = [
        LegMatch(
            "said",
            match,
            rank,
            1.0,
            data.draw(st.sampled_from([0.2, 0.9, 1.0])),
            start_seconds=match.start_seconds + 0.2,
            end_seconds=match.start_seconds + 0.6,
            text="words",
            is_exact=(is_exact := data.draw(st.booleans())),
            is_moment=is_exact or data.draw(st.booleans()),
            is_usual=data.draw(st.booleans()),
        )
        for rank, match in enumerate(chosen, start=1)
    ]

    def page(offset: int, k: int, **more: Any) -> list[Any]:
        options = SearchOptions(k=k, offset=offset, all_moments=all_moments, **more)
        return find(Vectors(matches), QUERY, options, terms=[(Term("words"), 1.0)])  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_box, "LEGS", {"said": Told(found)})
        patch.setattr(one_box, "HEAD", 6)
        whole = page(0, 1000)
        assert list(chain(*(page(offset, k) for offset in range(0, len(whole) + k, k)))) == whole
        values = [one.value for one in whole]
        assert all(one.is_usual for one in found) or values == sorted(values, reverse=True)
        untouched = [one.match for one in whole if one.path not in {match.path for match in chosen}]
        by_vector = [
            one.match for one in page(0, 1000, only="seen") if one.path not in {match.path for match in chosen}
        ]
        assert untouched == by_vector
        if not all_moments:
            assert sorted(one.path for one in whole) == sorted({match.path for match in matches})
        # A full match is worth more than anything that is only seen.
        if any(one.strength == 1 and not one.is_usual for one in found):
            assert WEIGHTS.said > WEIGHTS.seen
            assert whole[0].legs[-1].leg == "said"


def weigh(
    monkeypatch: pytest.MonkeyPatch,
    matches: Sequence[Match],
    legs: Mapping[str, Sequence[LegMatch]],
    *,
    text: str | Term = "words",
    more: Sequence[Term] = (),
    confidence: Confidence | None = None,
    read: str | None = None,
    heaviest: float = 0.0,
) -> list[Found]:
    """Return all moments of a library in which legs find what they are told to."""
    monkeypatch.setattr(one_box, "LEGS", {name: Told(found) for name, found in legs.items()})
    term = text if isinstance(text, Term) else Term(text)
    options = SearchOptions(k=99, all_moments=True)
    return find(
        Vectors(matches),  # type: ignore[arg-type]
        QUERY,
        options,
        terms=[(each, 1.0) for each in (term, *more)],
        read=read,
        heaviest=heaviest,
        judge=Judge(confidence),
    )


def test_what_is_seen_counts_by_how_surely_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something is always the nearest, and in a library of anything it is worth most on its scale."""
    looks, said, other = moment("/looks.mp4", 0, 0.9), moment("/said.mp4", 0, 0.1), moment("/other.mp4", 0, 0.2)
    legs = {"said": [LegMatch("said", said, 1, 1.0, 0.4)]}
    every = [looks, said, other]
    for confidence, first in (
        (None, "/looks.mp4"),
        (Confidence(0.2, 0.05), "/looks.mp4"),
        (Confidence(0.2, 0.05, known=0.0), "/said.mp4"),
    ):
        found = weigh(monkeypatch, every, legs, confidence=confidence)
        assert found[0].path == first
        # What no words are found in keeps its order.
        assert [one.path for one in found if one.path != "/said.mp4"] == ["/looks.mp4", "/other.mp4"]
    # Who asks for what is to be seen wants it.
    legs = {"said": [LegMatch("said", said, 1, 1.0, 0.4)]}
    monkeypatch.setattr(one_box, "LEGS", {"said": Told(legs["said"])})
    found = find(
        Vectors(every),  # type: ignore[arg-type]
        QUERY,
        SearchOptions(k=9),
        terms=[(Term("green", "seen"), 1.0), (Term("hello", "said"), 1.0)],
        judge=Judge(Confidence(0.2, 0.05, known=0.0)),
    )
    assert found[0].path == "/looks.mp4"


def test_what_is_nearest_to_unknown_words_outweighs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query is far more a hint of a meaning than of the picture that happens to be the nearest."""
    looks, meant, other = moment("/looks.mp4", 0, 0.9), moment("/meant.mp4", 0, 0.1), moment("/other.mp4", 0, 0.2)
    legs = {"meaning": [LegMatch("meaning", meant, 1, 0.3, 0.02)]}
    for known, first in ((0.0, "/meant.mp4"), (1.0, "/looks.mp4")):
        # Too little is near for anything to be likely.
        confidence = Confidence(2.0, 0.05, known=known)
        assert weigh(monkeypatch, [looks, meant, other], legs, confidence=confidence)[0].path == first


def usual(match: Match, strength: float) -> LegMatch:
    return LegMatch("meaning", match, 1, 0.3, strength, text="what is said", is_usual=True)


def test_what_is_no_more_than_usual_counts_where_nothing_is_as_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, meant, other = moment("/looks.mp4", 0, 0.9), moment("/meant.mp4", 0, 0.1), moment("/other.mp4", 0, 0.2)
    every = [looks, meant, other]
    sure, unsure = Confidence(0.5, 0.05), Confidence(2.0, 0.05, known=0.1)
    seen_alone = weigh(monkeypatch, every, {}, confidence=unsure)
    # Nothing is seen that fits: a meaning that hardly fits is the best there is, with its words.
    found = weigh(monkeypatch, every, {"meaning": [usual(meant, 0.1)]}, confidence=unsure)
    assert [one.path for one in found] == ["/meant.mp4", "/looks.mp4", "/other.mp4"]
    assert found[0].legs[-1].text == "what is said"
    # Beside what is seen for sure, or as surely, or where nobody knows how surely, it is as if it had not been found.
    surely = sure.of_segment(looks.score, looks.vector)
    for confidence, strength in ((sure, 0.1), (sure, surely), (None, 0.1)):
        assert weigh(monkeypatch, every, {"meaning": [usual(meant, strength)]}, confidence=confidence) == seen_alone


def test_what_is_no_more_than_usual_says_nothing_beside_what_is_asked_to_be_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What somebody wants to see by its name counts as if it were there for sure, so nothing usual is as sure."""
    looks, meant, other = moment("/looks.mp4", 0, 0.9), moment("/meant.mp4", 0, 0.85), moment("/other.mp4", 0, 0.2)
    every, unsure = [looks, meant, other], Confidence(2.0, 0.05, known=0.1)
    for leg, is_told in ((None, True), ("seen", False)):
        term, legs = Term("words", leg), {"meaning": [usual(meant, 0.19)]}
        found = weigh(monkeypatch, every, legs, text=term, more=[Term("others")], confidence=unsure)
        assert any(leg.leg == "meaning" for one in found for leg in one.legs) == is_told
        assert found[0].path == ("/meant.mp4" if is_told else "/looks.mp4")


@pytest.mark.parametrize("strength", [0.2, 0.4])
def test_what_is_no_more_than_usual_says_nothing_beside_words_that_are_surer(
    monkeypatch: pytest.MonkeyPatch, strength: float
) -> None:
    looks, meant, said = moment("/looks.mp4", 0, 0.9), moment("/meant.mp4", 0, 0.1), moment("/said.mp4", 0, 0.2)
    words = LegMatch("said", said, 1, 1.0, strength, text="words")
    legs = {"said": [words], "meaning": [usual(meant, 0.3)]}
    found = weigh(monkeypatch, [looks, meant, said], legs, confidence=Confidence(2.0, 0.05, known=0.0))
    told = [one.path for one in found if any(leg.leg == "meaning" for leg in one.legs)]
    assert told == (["/meant.mp4"] if strength < 0.3 else [])
    monkeypatch.setattr(one_box, "LEGS", {name: Told(some) for name, some in legs.items()})
    asked = Asked(Vectors([looks, meant, said]), QUERY, [(Term("words"), 1.0)])  # type: ignore[arg-type]
    # Whoever asks for the words alone gets those that stand out.
    assert list(find_words(asked, ())) == [words]


def test_words_come_with_their_own_times_whatever_the_segments_around_them_look_like(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second, far = moment("/a.mp4", 0, 0.1), moment("/a.mp4", 1, 0.8), moment("/b.mp4", 0, 0.2)
    found = LegMatch("said", first, 1, 1.0, 1.0, start_seconds=0.5, end_seconds=1.5, is_exact=True, is_moment=True)
    best, *others = weigh(monkeypatch, [first, second, far], {"said": [found]})
    assert (best.path, best.own_seconds) == ("/a.mp4", (0.5, 1.5))
    # What reaches into the next segment by a frame is not said there.
    edge = LegMatch("said", first, 1, 1.0, 1.0, start_seconds=0.2, end_seconds=1.05, is_exact=True, is_moment=True)
    best, *others = weigh(monkeypatch, [first, second, far], {"said": [edge]})
    assert (best.path, best.own_seconds) == ("/a.mp4", (0.2, 1.05))
    assert best.value == pytest.approx(worth(said=1.0, seen=WEIGHTS.seen_elsewhere))
    next_one = next(one for one in others if one.start_seconds == 1 or one.path == "/b.mp4")
    assert best.value > next_one.value


def test_the_very_words_are_a_finer_moment_than_the_sentence_around_them(monkeypatch: pytest.MonkeyPatch) -> None:
    one = moment("/a.mp4", 0, 0.1)
    legs = {
        "said": [LegMatch("said", one, 1, 1.0, 1.0, start_seconds=0.4, end_seconds=0.6, is_exact=True, is_moment=True)],
        "meaning": [LegMatch("meaning", one, 1, 1.0, 0.9, start_seconds=0.1, end_seconds=0.9, is_moment=True)],
    }
    (best,) = weigh(monkeypatch, [one], legs)
    assert best.own_seconds == (0.4, 0.6)
    (best,) = weigh(monkeypatch, [one], {"meaning": legs["meaning"]})
    assert best.own_seconds == (0.1, 0.9)


def test_a_name_that_has_the_rest_of_the_query_tells_which_of_two_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = moment("/a.mp4", 0, 0.3), moment("/birthday.mp4", 0, 0.2)
    every = ("birthday", "we", "signed", "mortgage")
    said = [LegMatch("said", match, 1, 1.0, 0.8, words=every[1:]) for match in (one, other)]
    named = [LegMatch("named", other, 1, 1.0, 0.02, words=("birthday",), is_of_file=True)]
    text = " ".join(every)
    unknown = Confidence(0, 1, known=0.0)
    best, *_ = weigh(monkeypatch, [one, other], {"said": said, "named": named}, text=text, confidence=unknown)
    assert best.path == "/birthday.mp4"
    assert best.value >= worth(said=0.8) + worth(rest=0.8)
    # A word that another leg has as well is no rest, and that of a text which is no match itself is none either.
    again = [LegMatch("named", other, 1, 1.0, 0.02, words=("signed",), is_of_file=True)]
    found = weigh(monkeypatch, [one, other], {"said": said, "named": again}, text=text, confidence=unknown)
    assert max(found, key=lambda each: each.value).value < worth(said=0.8) + worth(rest=0.2) + worth(seen=0.2)


@pytest.mark.parametrize(("read", "first"), [("a bee that spins", "/carnival.mp4"), (None, "/a.mp4")])
def test_a_name_that_has_what_nobody_can_see_tells_which_of_two_alike_is_meant(
    monkeypatch: pytest.MonkeyPatch, read: str | None, first: str
) -> None:
    """A model that does not know "carnival" sees the bee; one that knows all words has seen what there is of them."""
    one, other, far = moment("/a.mp4", 0, 0.33), moment("/carnival.mp4", 0, 0.3), moment("/b/carnival.mp4", 0, 0.0)
    legs = {
        "named": [
            LegMatch("named", match, 1, 1.0, 0.02, words=("carnival",), is_of_file=True) for match in (other, far)
        ]
    }
    others = [moment(f"/{number}.mp4", 0, 0.0) for number in range(3)]
    found = weigh(monkeypatch, [one, other, far, *others], legs, text="carnival a bee that spins", read=read)
    assert found[0].path == first
    # Where nothing is seen that looks like it, the name alone is a hint as it always was.
    (name_alone,) = (each.value for each in found if each.path == "/b/carnival.mp4")
    assert name_alone == pytest.approx(worth(named=0.02))


def test_half_of_what_nobody_can_see_is_worth_half(monkeypatch: pytest.MonkeyPatch) -> None:
    seen_there = moment("/a.mp4", 0, 0.3)

    def value(*words: str) -> float:
        legs = {"named": [LegMatch("named", seen_there, 1, 1.0, 0.0, words=words, is_of_file=True)]}
        every = [seen_there, moment("/b.mp4", 0, 0.0)]
        return weigh(monkeypatch, every, legs, text="carnival Naples a bee that spins", read="a bee that spins")[
            0
        ].value

    assert value("bee") == pytest.approx(worth(seen=1.0))
    assert value("carnival") == pytest.approx(worth(seen=1.0, unread=0.5))
    assert value("carnival", "naples") == pytest.approx(worth(seen=1.0, unread=1.0))


def test_what_nobody_can_see_has_the_share_of_its_text_beside_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture of four times the weight of a text has the say, in words that are seen as in those that are not."""
    there = moment("/carnival.mp4", 0, 0.3)
    legs = {"named": [LegMatch("named", there, 1, 1.0, 0.0, words=("carnival",), is_of_file=True)]}
    for heaviest, share in ((0.0, 1.0), (1.0, 1.0), (4.0, 0.25)):
        every = [there, moment("/b.mp4", 0, 0.0)]
        first, _ = weigh(monkeypatch, every, legs, text="carnival a bee", read="a bee", heaviest=heaviest)
        assert first.value == pytest.approx(worth(seen=1.0, unread=share))


def worth(**strengths: float) -> float:
    return sum(-getattr(WEIGHTS, name) * np.log(1 - WEIGHTS.certain * value) for name, value in strengths.items())


def test_one_leg_that_is_sure_comes_before_two_that_are_half_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that somewhat looks like it and some of the words say less than a sentence that surely means it."""
    half, sure, far = moment("/half.mp4", 0, 0.9), moment("/sure.mp4", 0, 0.1), moment("/far.mp4", 0, 0.1)
    legs = {
        "said": [LegMatch("said", half, 1, 1.0, 0.2)],
        "meaning": [LegMatch("meaning", sure, 1, 1.0, 0.98)],
    }
    chance = WEIGHTS.enough / 2
    doubtful = Confidence(0.9 - 0.1 * (MIDDLE + math.log(chance / (1 - chance)) / SLOPE), 0.1)
    assert doubtful.of(0.9) == pytest.approx(chance)
    found = weigh(monkeypatch, [half, sure, far], legs, confidence=doubtful)
    assert [one.path for one in found[:2]] == ["/sure.mp4", "/half.mp4"]
    # As a sum of strengths they would come first.
    assert WEIGHTS.said * 0.4 + WEIGHTS.seen * 0.5 > WEIGHTS.meaning * 0.9
