"""When a library's background is made, kept and renewed; and what it does to the hits of a search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framecue.errors import InputError
from framecue.library import Library, Query, SearchOptions, SearchResult
from framecue.library import background as making
from framecue.library.background import (
    background_for,
    meaning_background_for,
    ordinary_queries,
    renew_background,
    renew_meaning_background,
)
from framecue.library.results import FITS_FROM
from framecue.library.search import hubs
from framecue.library.store import Store
from framecue.library.store.passages import PassageRow, PassageState
from framecue.words.timed_text import TimedText
from support.sentences import IdeaEncoder
from support.words import WordEncoder, word_library, word_row

THERE = [f"scene number {number}" for number in range(60)]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return word_library(tmp_path, THERE)


def test_the_bank_is_several_hundred_different_queries() -> None:
    queries = ordinary_queries()
    assert len(queries) == len(set(queries)) > 500
    assert all(query == query.strip() and len(query) > 2 for query in queries)


def test_a_first_search_makes_it_and_the_next_ones_encode_their_query_alone(library: Library) -> None:
    model = WordEncoder()
    first = Library(library.uri, model=model).search(THERE[3], k=1)
    assert sum(model.texts) == len(ordinary_queries()) + 1
    again = WordEncoder()
    assert Library(library.uri, model=again).search(THERE[3], k=1) == first
    assert again.texts == [1]


def test_what_is_there_fits_and_what_is_not_does_not(library: Library) -> None:
    some = THERE[::2]
    there = library.search_many(some, k=1)
    assert [hits[0].path for hits in there] == [f"/made/{text}.mp4" for text in some]
    assert all(hits[0].fits for hits in there)
    absent = library.search_many([f"nothing like it {n}" for n in range(30)], k=1)
    assert sum(bool(hits[0].fits) for hits in absent) <= 2
    assert all(0 <= hit.confidence <= 1 for hits in (*there, *absent) for hit in hits if hit.confidence is not None)


def test_a_confidence_depends_neither_on_the_page_nor_on_filters_nor_on_the_others(library: Library) -> None:
    from framecue.library import Filters

    every = {hit.path: hit.confidence for hit in library.search(THERE[0], k=60)}
    assert library.search(THERE[0], k=1, offset=7)[0].confidence == list(every.values())[7]
    narrow = library.search(THERE[0], k=60, filters=Filters(path="*number 4*"))
    assert narrow
    assert all(every[hit.path] == hit.confidence for hit in narrow)
    assert library.search_many([THERE[1], THERE[0]], k=1)[1][0].confidence == next(iter(every.values()))


def test_min_confidence_leaves_out_what_is_less_likely(library: Library) -> None:
    every = library.search(THERE[0], k=60)
    some = library.search(THERE[0], k=60, min_confidence=FITS_FROM)
    assert [hit.path for hit in some] == [hit.path for hit in every if hit.fits]
    assert 0 < len(some) < 10
    # Pages fit together.
    assert library.search(THERE[0], k=60, offset=1, min_confidence=FITS_FROM) == some[1:]
    assert library.search("nothing like it", min_confidence=0.999) == []
    for wrong in (-0.1, 1.1, "much", True, float("nan")):
        with pytest.raises(InputError, match="min_confidence"):
            SearchOptions(min_confidence=wrong)  # type: ignore[arg-type]


def test_of_a_vector_nothing_is_said_and_a_limit_leaves_it_in(library: Library) -> None:
    vector = WordEncoder().direction(THERE[0])
    for query in (Query(vectors=vector), Query(THERE[0], vectors=[(vector, 0.5)])):
        hits = library.search(query, k=3)
        assert [hit.confidence for hit in hits] == [None, None, None]
        assert (hits[0].fits, SearchResult("", hits).fits) == (None, None)
        assert library.search(query, k=3, min_confidence=0.9) == hits
    # Nor does it make the background.
    assert Store.open(library.uri).background(making._made_for(Store.open(library.uri))) is None


def test_few_segments_say_nothing(tmp_path: Path) -> None:
    model = WordEncoder()
    small = word_library(tmp_path, THERE[: making.LEAST_SEGMENTS - 1], model=model)
    assert small.search(THERE[0], k=1)[0].confidence is None
    assert model.texts == [1]


def test_a_model_that_cannot_encode_the_bank_costs_the_confidence_alone(library: Library) -> None:
    class Choosy(WordEncoder):
        def embed_texts(self, texts: Any) -> np.ndarray:
            if len(texts) > 1:
                raise KeyError(texts[1])
            return super().embed_texts(texts)

    class Broken(WordEncoder):
        def embed_texts(self, texts: Any) -> np.ndarray:
            return super().embed_texts(texts) * (np.nan if len(texts) > 1 else 1)

    for model in (Choosy(), Broken()):
        assert Library(library.uri, model=model).search(THERE[0], k=1)[0].confidence is None
    assert library.search(THERE[0], k=1)[0].confidence is not None


@pytest.mark.parametrize("brought", [(), ("a lion", "a tiger")])
def test_it_is_renewed_without_encoding_when_the_library_has_grown(
    library: Library, monkeypatch: pytest.MonkeyPatch, brought: tuple[str, ...]
) -> None:
    monkeypatch.setattr(making, "querybank_of", lambda _: brought)
    model = WordEncoder()
    store = Store.open(library.uri)
    first = background_for(store, model)
    assert first is not None
    encoded = list(model.texts)
    store.write([word_row(model, f"another {number}") for number in range(10)])
    renew_background(store, model)
    assert background_for(store, model) is first
    store.write([word_row(model, f"one more {number}") for number in range(30)])
    renew_background(store, model)
    second = background_for(Store.open(library.uri), model)
    assert second is not None
    assert (first.num_segments, second.num_segments) == (60, 100)
    assert model.texts == encoded
    assert (second.best >= first.best - 1e-3).all()
    assert second.querybank_key == first.querybank_key
    if first.querybank is None:
        assert not brought
        assert second.querybank is None
    else:
        assert second.querybank is not None
        np.testing.assert_array_equal(second.querybank, first.querybank)


def test_in_a_large_library_a_run_that_adds_makes_it_and_no_search(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "MOST_SEGMENTS_IN_A_SEARCH", 50)
    assert library.search(THERE[0], k=1)[0].confidence is None
    store = Store.open(library.uri)
    renew_background(store, WordEncoder())
    assert library.search(THERE[0], k=1)[0].confidence is not None
    monkeypatch.undo()
    # A small one's waits for its first search, so that indexing encodes no text.
    model = WordEncoder()
    small = word_library(Path(library.uri).parent / "small", THERE, model=model)
    renew_background(Store.open(small.uri), model)
    assert model.texts == []


def test_another_model_has_another_background(library: Library) -> None:
    library.search(THERE[0], k=1)
    store = Store.open(library.uri)
    assert store.background(making._made_for(store)) is not None
    store.fingerprint = {**store.fingerprint, "revision": "2"}
    assert store.background(making._made_for(store)) is None


def add_passages(store: Store, encoder: IdeaEncoder, numbers: range) -> None:
    texts = [f"sentence number {number}" for number in numbers]
    rows = [
        PassageRow(f"v{numbers.start}", "speech", True, TimedText(5.0 * n, 5.0 * n + 4, text, "said", "en"), vector)
        for n, (text, vector) in enumerate(zip(texts, encoder.embed_passages(texts), strict=True))
    ]
    store.passages.write(rows, {f"v{numbers.start}": "key"})


class CountingEncoder(IdeaEncoder):
    """Counts the queries that it encodes."""

    def __init__(self) -> None:
        super().__init__()
        self.num_queries = 0

    def embed_queries(self, texts: Any) -> np.ndarray:
        self.num_queries += len(texts)
        return super().embed_queries(texts)

    def embed_passages(self, texts: Any) -> np.ndarray:
        return np.stack([self._embed(text) for text in texts])


def test_meanings_have_one_of_their_own_that_is_kept_and_grows_with_them(library: Library) -> None:
    store, encoder = Store.open(library.uri), CountingEncoder()
    store.passages.begin(PassageState(encoder.fingerprint, 1))
    add_passages(store, encoder, range(making.LEAST_SEGMENTS - 1))
    assert meaning_background_for(store, encoder) is None
    add_passages(store, encoder, range(100, 120))
    # Indexing encodes no queries for it, a search does.
    renew_meaning_background(store, encoder)
    assert encoder.num_queries == 0
    first = meaning_background_for(store, encoder)
    assert first is not None
    bank = np.stack([encoder._embed(text) for text in ordinary_queries()])
    vectors = np.stack(
        [encoder._embed(f"sentence number {n}") for n in (*range(making.LEAST_SEGMENTS - 1), *range(100, 120))]
    )
    np.testing.assert_allclose(first.best, (bank @ vectors.T).max(axis=1), atol=2e-3)
    # It is kept, and renewed without the encoder.
    again = CountingEncoder()
    kept = meaning_background_for(Store.open(library.uri), again)
    assert kept is not None
    np.testing.assert_array_equal(kept.best, first.best)
    add_passages(store, encoder, range(200, 230))
    renew_meaning_background(store, again)
    grown = meaning_background_for(Store.open(library.uri), again)
    assert grown is not None
    assert (first.num_segments, grown.num_segments) == (29, 59)
    assert again.num_queries == 0
    # That of what is seen is another, and goes by itself.
    assert background_for(store, WordEncoder()) is not None
    store.passages.drop_all()
    assert meaning_background_for(Store.open(library.uri), again) is None
    assert store.passages.background(making._made_for_meanings(again)) is None
    assert store.background(making._made_for(store)) is not None


def test_another_encoder_has_another_background_of_meanings_wherever_it_lies(library: Library) -> None:
    keys = [making._made_for_meanings(IdeaEncoder(*each)) for each in (("here", "1"), ("there", "1"), ("here", "2"))]
    assert keys[0] == keys[1] != keys[2]


def test_the_queries_that_an_adapter_brings_are_encoded_once_and_anew_when_they_change(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = library.search(THERE[3], k=60)
    monkeypatch.setattr(making, "querybank_of", lambda _: ("a lion", *THERE[:20]))
    monkeypatch.setattr(hubs, "_NEAREST", 1)
    model = WordEncoder()
    found = Library(library.uri, model=model).search(THERE[3], k=60)
    assert sum(model.texts) == 21 + 1
    again = WordEncoder()
    assert Library(library.uri, model=again).search(THERE[3], k=60) == found
    assert again.texts == [1]
    # The order is that of the cosines; what the bank knows to be something else is less sure than it was.
    assert [hit.path for hit in found] == [hit.path for hit in without]
    known = {f"/made/{text}.mp4" for text in THERE[:20]}
    changes = {hit.path: (hit.confidence or 0) - (was.confidence or 0) for hit, was in zip(found, without, strict=True)}
    assert all((change < 0) == (path in known) for path, change in changes.items())
    monkeypatch.setattr(making, "querybank_of", lambda _: ("a tiger",))
    other = WordEncoder()
    Library(library.uri, model=other).search(THERE[3], k=1)
    assert sum(other.texts) == 1 + 1
    # Without one all is as before, and what was kept is there when it comes back.
    monkeypatch.setattr(making, "querybank_of", lambda _: ())
    none = WordEncoder()
    assert Library(library.uri, model=none).search(THERE[3], k=60) == without
    monkeypatch.setattr(making, "querybank_of", lambda _: ("a tiger",))
    back = WordEncoder()
    Library(library.uri, model=back).search(THERE[3], k=1)
    assert none.texts == back.texts == [1]


def test_a_large_library_keeps_its_background_when_its_adapter_brings_other_queries(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = library.search(THERE[3], k=60)
    monkeypatch.setattr(making, "MOST_SEGMENTS_IN_A_SEARCH", 50)
    monkeypatch.setattr(Store, "measure_background", None)
    assert Library(library.uri, model=WordEncoder()).search(THERE[3], k=60) == without
    monkeypatch.setattr(making, "querybank_of", lambda _: ("a lion", *THERE[:20]))
    found = [Library(library.uri, model=WordEncoder()).search(THERE[3], k=60) for _ in range(2)]
    assert found[0] == found[1] != without
    assert all(hit.confidence is not None for hit in found[0])


def test_a_bank_that_cannot_be_encoded_is_as_none(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = library.search(THERE[3], k=5)

    class Picky(WordEncoder):
        def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
            if "a lion" in texts:
                raise InputError("no lions")
            return super().embed_texts(texts)

    monkeypatch.setattr(making, "querybank_of", lambda _: ("a lion",))
    assert Library(library.uri, model=Picky()).search(THERE[3], k=5) == expected
