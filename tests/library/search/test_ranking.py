from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.errors import InputError, LibraryError
from framecue.library import Filters, Hit, Library, Query
from framecue.library.search import hybrid
from framecue.library.search.box import Term
from framecue.library.search.found import Found
from framecue.library.search.legs import seen
from framecue.library.search.query import SearchOptions
from framecue.library.search.ranking import find
from framecue.library.state import FileState
from framecue.library.store import Match, Store, TextMatch

QUERY = np.array([1, 0, 0, 0], dtype=np.float32)


def moment(path: str, start_seconds: float, end_seconds: float, score: float) -> Match:
    return Match(path, path, start_seconds, end_seconds, 60.0, score, np.zeros(4, dtype=np.float16))


class Shuffled:
    """A store in memory that leaves out and orders as badly as LanceDB may: ties and near ties by chance."""

    def __init__(self, matches: Sequence[Match], words: Sequence[TextMatch] = ()) -> None:
        self.matches, self.words = matches, words
        self.limits: list[int] = []
        self.rng = np.random.default_rng(0)

    def search(self, vector: np.ndarray, *, limit: int, where: str | None = None) -> list[Match]:
        self.limits.append(limit)
        seen = [match.score + self.rng.uniform(-1, 1) * 9.5e-4 for match in self.matches]
        chosen = [self.matches[i] for i in np.argsort(seen)[::-1][:limit]]
        return sorted(chosen, key=lambda match: (-match.score, match.path, match.start_seconds))

    def search_texts(
        self, texts: Sequence[tuple[str, float]], vector: np.ndarray, *, limit: int, where: str | None = None
    ) -> list[TextMatch]:
        order = self.rng.permutation(len(self.words))
        chosen = sorted((self.words[i] for i in order), key=lambda found: -found.score)[:limit]
        return sorted(chosen, key=lambda found: (-found.score, found.match.path, found.match.start_seconds))


def keys(found: Sequence[Found]) -> list[tuple[str, float]]:
    return [(match.path, match.start_seconds) for match in found]


@contextmanager
def small_bounds() -> Iterator[None]:
    """Bounds so small that few segments reach them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen, "FIRST_LIMIT", 4)
        patch.setattr(hybrid, "FIRST_LIMIT", 4)
        patch.setattr(seen, "GROWTH", 2)
        patch.setattr(hybrid, "GROWTH", 2)
        patch.setattr(hybrid, "FUSED_DEPTH", 3)
        patch.setattr(hybrid, "FUSED_SEGMENTS", 6)
        patch.setattr(hybrid, "MOST_TEXT_MATCHES", 8)
        yield


# Few scores and few starts, so that ties, near ties and overlaps abound.
scores = st.one_of(st.sampled_from([0.5, 0.5004, 0.501, 0.7]), st.floats(-1, 1, width=16).filter(lambda x: x == x))
libraries = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 12), scores), max_size=50).map(
    lambda items: [
        moment(f"/{path}", start / 2, start / 2 + 1, score)
        for (path, start), score in {(path, start): score for path, start, score in items}.items()
    ]
)


def folded(matches: Sequence[Match], *, all_moments: bool) -> list[tuple[str, float]]:
    """The whole list, worked out without streams."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda match: (-match.score, match.path, match.start_seconds)):
        rivals = [other for other in kept if other.path == match.path]
        if all_moments:
            rivals = [other for other in rivals if abs(other.start_seconds - match.start_seconds) < 1]
        if not rivals:
            kept.append(match)
    return [(match.path, match.start_seconds) for match in kept]


@settings(max_examples=80, deadline=None)
@given(libraries, st.booleans(), st.integers(1, 7))
def test_pages_are_one_list_whatever_is_left_out_by_chance(matches: list[Match], all_moments: bool, k: int) -> None:
    expected = folded(matches, all_moments=all_moments)
    with small_bounds():
        pages = [
            keys(find(Shuffled(matches), QUERY, SearchOptions(k=k, offset=offset, all_moments=all_moments)))
            for offset in range(0, len(expected) + k, k)
        ]
    assert list(chain(*pages)) == expected
    assert all(len(page) == k for page in pages[: len(expected) // k])


@settings(max_examples=80, deadline=None)
@given(libraries, st.booleans(), st.integers(1, 7), st.data())
def test_pages_of_hybrid_search_are_one_list_too(
    matches: list[Match], all_moments: bool, k: int, data: st.DataObject
) -> None:
    without = data.draw(st.sets(st.sampled_from(range(len(matches))), max_size=len(matches) // 3)) if matches else ()
    chosen = [match for i, match in enumerate(matches) if i not in without]
    bm25, said = st.sampled_from([1.0, 2.0, 2.0, 3.0]), st.sampled_from(["", "dog"])
    words = [TextMatch(match, data.draw(bm25), "dog", data.draw(said)) for match in chosen]

    def page(offset: int, k: int) -> list[tuple[str, float]]:
        options = SearchOptions(k=k, offset=offset, all_moments=all_moments, hybrid=True)
        return keys(find(Shuffled(matches, words), QUERY, options, terms=[(Term("dog"), 1.0)]))

    with small_bounds():
        whole = page(0, 1000)
        assert list(chain(*(page(offset, k) for offset in range(0, len(whole) + k, k)))) == whole
    assert len(set(whole)) == len(whole)
    if not all_moments:
        assert sorted(path for path, _ in whole) == sorted({match.path for match in matches})


@settings(max_examples=60, deadline=None)
@given(libraries, st.floats(-1, 1), st.booleans())
def test_a_least_score_cuts_the_list_off(matches: list[Match], floor: float, all_moments: bool) -> None:
    enough = {match.key for match in matches if match.score >= floor}
    expected = folded([match for match in matches if match.key in enough], all_moments=all_moments)
    with small_bounds():
        found = find(Shuffled(matches), QUERY, SearchOptions(k=1000, all_moments=all_moments, min_score=floor))
    assert keys(found) == expected


def test_deep_pages_ask_for_geometrically_more_and_a_high_least_score_for_nothing_more() -> None:
    matches = [moment("/one.mp4", float(i), i + 1.0, 0.9 - i / 10_000) for i in range(5000)]
    store = Shuffled([*matches, moment("/two.mp4", 0, 1, 0.1)])
    assert [path for path, _ in keys(find(store, QUERY, SearchOptions(k=2)))] == ["/one.mp4", "/two.mp4"]
    assert store.limits == [512, 2048, 8192]
    store.limits.clear()
    assert len(find(store, QUERY, SearchOptions(k=3, offset=1000, all_moments=True))) == 3
    assert store.limits == [2048]
    store.limits.clear()
    assert keys(find(store, QUERY, SearchOptions(k=10, min_score=0.899))) == [("/one.mp4", 0.0)]
    assert store.limits == [512]


@pytest.mark.parametrize("num_pages", [1, 20])
def test_near_ties_are_in_their_order_although_chance_leaves_some_out(num_pages: int) -> None:
    matches = [moment(f"/{i:02}.mp4", 0, 2, (0.5, 0.5004, 0.501)[i % 3]) for i in range(40)]
    expected = folded(matches, all_moments=False)
    with small_bounds():
        store = Shuffled(matches)
        pages = [keys(find(store, QUERY, SearchOptions(k=2, offset=2 * page))) for page in range(num_pages)]
    assert list(chain(*pages)) == expected[: 2 * num_pages]


def test_equal_texts_of_which_chance_leaves_some_out_are_all_left_out() -> None:
    matches = [moment(f"/{i:02}.mp4", 0, 2, 0.5) for i in range(30)]
    words = [TextMatch(match, 9.0 if i < 2 else 8.0, "dog", "") for i, match in enumerate(matches)]
    with small_bounds():
        for _ in range(3):
            found = hybrid._by_words(Shuffled(matches, words), QUERY, [("dog", 1.0)], None)  # type: ignore[arg-type]
            assert [one.match.path for one in found] == ["/00.mp4", "/01.mp4"]


def test_hybrid_search_bounds_what_it_fuses() -> None:
    """What is beyond the bounds comes after, in the order by vector; a video of many moments is not read to its end."""
    matches = [moment(f"/{i:04}.mp4", 0, 2, 0.9 - i / 10_000) for i in range(300)]
    words = [TextMatch(matches[i], 2.0, "dog", "dog") for i in (0, 250, 299)]
    found = find(Shuffled(matches, words), QUERY, SearchOptions(k=300, hybrid=True), terms=[(Term("dog"), 1.0)])
    assert [match.path for match in found[:3]] == ["/0000.mp4", "/0250.mp4", "/0299.mp4"]
    assert [match.path for match in found[3:]] == [f"/{i:04}.mp4" for i in range(1, 299) if i != 250]
    ranks = {one.path: one.match.vector_rank for one in found}
    assert (ranks["/0000.mp4"], ranks["/0199.mp4"], ranks["/0200.mp4"], ranks["/0250.mp4"]) == (1, 200, None, None)

    store = Shuffled([moment("/long.mp4", 2.0 * i, 2.0 * i + 2, 0.9 - i / 100_000) for i in range(9000)])
    assert len(find(store, QUERY, SearchOptions(k=1, hybrid=True), terms=[(Term("dog"), 1.0)])) == 1
    assert store.limits == [2048]


def test_moments_that_touch_do_not_overlap() -> None:
    matches = [moment("/a", 0, 5, 0.9), moment("/a", 5, 10, 0.8), moment("/a", 2.5, 7.5, 0.85), moment("/b", 1, 3, 0.5)]
    found = find(Shuffled(matches), QUERY, SearchOptions(all_moments=True))
    assert keys(found) == [("/a", 0), ("/a", 5), ("/b", 1)]


def library_of(store: Store, model: Any) -> Library:
    return Library(store.uri, model=model)


def names(hits: Sequence[Hit]) -> list[str]:
    return [hit.path for hit in hits]


@pytest.fixture
def beach(make_store, make_model) -> Library:
    """Videos whose vectors say "red" more or less, some with words."""
    model = make_model()
    red = model.embed_texts(["red"])[0].astype(np.float64)
    across = np.array([red[1], -red[0], 0, 0]) / np.hypot(red[0], red[1])

    def row(path: str, score: float, **changes: Any) -> dict[str, Any]:
        return {"path": path, "vector": score * red + np.sqrt(1 - score**2) * across, **changes}

    return library_of(
        make_store(
            [
                row("/v/first.mp4", 0.9),
                row("/v/second.mp4", 0.8),
                row("/v/third.mp4", 0.7, duration_seconds=300.0, state=FileState(10, 1_500_000_000.0)),
                row("/w/red_party.mp4", 0.2),
                row("/w/said.mp4", 0.3, subtitles="nothing here"),
                row("/w/said.mp4", 0.1, start_seconds=20.0, subtitles="the Red one"),
                row("/w/said.mp4", 0.25, start_seconds=40.0),
            ]
        ),
        model,
    )


def test_a_plain_text_is_scored_by_its_own_vector(beach: Library) -> None:
    hits = beach.search("red")
    assert names(hits) == ["/v/first.mp4", "/v/second.mp4", "/v/third.mp4", "/w/said.mp4", "/w/red_party.mp4"]
    assert [hit.score for hit in hits] == pytest.approx([0.9, 0.8, 0.7, 0.3, 0.2], abs=2e-3)
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    assert beach.search(Query("red")) == hits
    second = beach.search("red", k=2, offset=2)
    assert second == hits[2:4]
    assert (hits[3].words, hits[3].text_rank, hits[3].vector_rank, hits[3].explanation) == ((), None, None, None)


def test_more_results_than_any_library_has(beach: Library) -> None:
    assert len(beach.search("red", k=10**30)) == 5
    assert beach.search("red", k=10**30, offset=10**30) == []
    assert len(beach.search("red", k=10**30, all_moments=True, hybrid=True)) == 7


def test_all_moments_of_a_video(beach: Library) -> None:
    hits = beach.search("red", all_moments=True)
    assert [(hit.path, hit.start_seconds) for hit in hits[3:]] == [
        ("/w/said.mp4", 0),
        ("/w/said.mp4", 40),
        ("/w/red_party.mp4", 0),
        ("/w/said.mp4", 20),
    ]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(folder="/w"), ["/w/said.mp4", "/w/red_party.mp4"]),
        (Filters(path="f*.mp4"), ["/v/first.mp4"]),
        (Filters(longer_than_seconds=60), ["/v/third.mp4"]),
        (Filters(before="2018-01-01"), ["/v/third.mp4"]),
        (Filters(where="subtitles IS NOT NULL"), ["/w/said.mp4"]),
        (Filters(folder="/w", where="path LIKE '%party%' OR path LIKE '/v/%'"), ["/w/red_party.mp4"]),
        (Filters(folder="/none"), []),
    ],
)
def test_filters(beach: Library, filters: Filters, found: list[str]) -> None:
    assert names(beach.search("red", filters=filters)) == found
    assert set(names(beach.search("red", filters=filters, hybrid=True))) == set(found)


def test_a_condition_that_cannot_be_asked_is_told_before_a_model_is_loaded(
    beach: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("framecue.library.library.load_named_model", None)
    with pytest.raises(InputError, match="there is no column nope; columns: video_id, path"):
        Library(beach.uri).search("red", filters=Filters(where="nope = 1"))


def test_hybrid_search_moves_what_has_the_words_up_and_says_why(beach: Library) -> None:
    hits = beach.search("red", hybrid=True)
    assert not {"/w/red_party.mp4", "/w/said.mp4"} & set(names(hits[2:]))
    by_path = {hit.path: hit for hit in hits}
    assert len(by_path) == len(hits) == 5
    party, said, first = by_path["/w/red_party.mp4"], by_path["/w/said.mp4"], by_path["/v/first.mp4"]
    assert (party.words, party.vector_rank) == (("red",), 5)
    assert (first.words, first.vector_rank, first.text_rank, first.text_score) == ((), 1, None, None)
    # The moment in which it is said, with its own cosine; the rank by vector is the video's.
    assert (said.start_seconds, said.words, said.vector_rank) == (20, ("red",), 4)
    assert said.score == pytest.approx(0.1, abs=2e-3)
    assert {party.text_rank, said.text_rank} == {1, 2}
    values = [sum(1 / (60 + rank) for rank in (hit.vector_rank, hit.text_rank) if rank is not None) for hit in hits]
    assert values == sorted(values, reverse=True)


def test_hybrid_search_with_all_moments_and_a_least_score(beach: Library) -> None:
    hits = beach.search("red", hybrid=True, all_moments=True)
    assert {(hit.path, hit.start_seconds) for hit in hits} == {
        *(("/v/first.mp4", 0), ("/v/second.mp4", 0), ("/v/third.mp4", 0), ("/w/red_party.mp4", 0)),
        *(("/w/said.mp4", seconds) for seconds in (0, 20, 40)),
    }
    assert all(hit.score >= 0.5 for hit in beach.search("red", hybrid=True, min_score=0.5))
    assert len(beach.search("red", hybrid=True, min_score=0.5)) == 3


def test_hybrid_search_finds_what_was_just_added_by_its_name(beach: Library, make_row) -> None:
    assert "/x/blue.mp4" not in names(beach.search("blue", hybrid=True))
    Store.open(beach.uri).write([make_row(path="/x/blue.mp4", vector=(1, 0, 0, 0))])
    (hit,) = [hit for hit in beach.search("blue", hybrid=True) if hit.text_rank == 1]
    assert (hit.path, hit.words) == ("/x/blue.mp4", ("blue",))
    assert beach.remove("/x/blue.mp4").removed == 1
    assert all(hit.text_rank is None for hit in beach.search("blue", hybrid=True))


def test_a_long_video_whose_name_has_the_word_takes_one_place(make_store, colour_model) -> None:
    rows = [{"path": "/red long.mp4", "start_seconds": 2.0 * i, "vector": (0, 0, 1, i / 900)} for i in range(900)]
    rows += [{"path": f"/red {i}.mp4", "vector": (0, 0, 1, 0)} for i in range(3)]
    hits = library_of(make_store(rows), colour_model).search("red", hybrid=True)
    assert len(hits) == 4
    assert {hit.text_rank for hit in hits} <= {1, 2, 3, 4}
    assert next(hit for hit in hits if "long" in hit.path).words == ("red",)


def test_words_without_weight_do_not_count(make_store, colour_model) -> None:
    """What only has a word that nearly all have is not lifted over what is nearer."""
    rows = [{"path": f"/film {i:03}.mp4", "vector": (1, i / 100, 0, 0)} for i in range(60)]
    rows.append({"path": "/film red.mp4", "vector": (0, 0, 1, 0)})
    store = make_store(rows)
    store.ensure_text_index()
    found = hybrid._by_words(store, QUERY, [("film", 1.0), ("red", 1.0)], None)
    assert [one.match.path for one in found] == ["/film red.mp4"]
    assert library_of(store, colour_model).search("red", hybrid=True)[0].words == ("red",)


def test_hybrid_search_needs_a_text(beach: Library) -> None:
    with pytest.raises(InputError, match="hybrid search needs a text to look up, and the query has none: without red"):
        beach.search(Query({"red": -1}), hybrid=True)


def test_a_library_that_cannot_be_written_says_what_hybrid_search_needs(
    beach: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Store) -> None:
        raise LibraryError(f"library {self.uri} cannot be written: Permission denied")

    monkeypatch.setattr(Store, "ensure_text_index", refuse)
    with pytest.raises(LibraryError, match="Permission denied; hybrid search needs the library's text index"):
        beach.search("red", hybrid=True)
    assert beach.search("red")


def test_several_queries_are_the_same_as_one_by_one(beach: Library, make_model) -> None:
    model = make_model()
    calls: list[list[str]] = []
    embed_texts = model.embed_texts
    model.embed_texts = lambda texts: (calls.append(list(texts)), embed_texts(texts))[1]
    library = Library(beach.uri, model=model)
    queries = ["red", Query({"blue": 1, "red": -0.5}), "red", "green"]
    found = library.search_many(queries, 3, all_moments=True, offset=1)
    assert calls == [["red", "blue", "green"]]
    assert found == [library.search(query, 3, all_moments=True, offset=1) for query in queries]
    assert library.search_many([]) == []
    assert library.search_many("red") == [library.search("red")]


def test_thumbnails(make_store, colour_model) -> None:
    store = make_store(
        [
            {"path": "/a.mp4", "vector": (1, 0, 0, 0), "thumbnail": b"one"},
            {"path": "/a.mp4", "vector": (1, 0, 0, 0), "start_seconds": 2.0, "thumbnail": b"two"},
            {"path": "/it's.mp4", "vector": (1, 0, 0, 0)},
        ]
    )
    library = library_of(store, colour_model)
    hits = library.search("red", all_moments=True)
    pictures = {("/a.mp4", 0.0): b"one", ("/a.mp4", 2.0): b"two", ("/it's.mp4", 0.0): None}
    assert library.thumbnails(hits) == [pictures[hit.path, hit.start_seconds] for hit in hits]
    assert library.thumbnails([]) == []
