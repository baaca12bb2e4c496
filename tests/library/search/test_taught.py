"""Taught names in queries: with vectors that can be worked out by hand, and with the shipped model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import framecue
from framecue.datasets.moji_motion.clips import draw_meaning
from framecue.datasets.moji_motion.grammar import caption
from framecue.errors import InputError
from framecue.library import InOrder, Library, Query
from framecue.library.background import ordinary_queries
from framecue.library.search import taught
from framecue.library.search.query_vectors import EncodedQuery, encode_queries
from framecue.library.search.usual import Usual
from framecue.library.search.weights import LegWeights
from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.rows import Row
from framecue.library.store.taught_name_rows import KeptName
from framecue.names.stand_ins import choose_stand_ins
from framecue.names.taught import TaughtTokens
from framecue.textual_inversion.encode import encode_by
from framecue.video import PlainFrameSource

REX, REX_SEEN = np.float32([0, 0, 0.6, 0.8]), np.float32([0, 0, 0, 1])
MAX, MAX_SEEN = np.float32([0.6, 0.8, 0, 0]), np.float32([0, 1, 0, 0])


@pytest.fixture(autouse=True)
def _nobody_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taught, "_told", set())


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    """Sixty segments of chance; of the first three, two show Rex and one shows Max."""
    vectors = np.random.default_rng(0).normal(size=(60, 4)) * [1, 0.3, 1, 0.3]
    vectors[:3] = [[0.1, 0, 0, 1], [0, 0.1, 0.1, 1], [0, 1, 0, 0.1]]
    return make_store([{"path": f"/{number:02}.mp4", "vector": vector} for number, vector in enumerate(vectors)])


def encoded(model: Any, store: Store, *queries: Query, **options: Any) -> list[EncodedQuery]:
    return encode_queries(model, store, queries, PlainFrameSource(), **options)


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def test_what_the_text_says_and_the_examples_are_joined_on_the_scale_of_the_library(
    store: Store, learning: Any, keep_name: Callable[..., KeptName]
) -> None:
    keep_name(store, "Rex", REX, REX_SEEN)
    usual = Usual.of(store, learning)
    for text, share in (("a photo of REX", 0.9), ("rex's red ball", 0.25)):
        weights = LegWeights(examples_alone=0.9, examples_beside=0.25)
        (one,) = encoded(learning, store, Query(text), weights=weights)
        (by_text,) = learning.embed_named_texts([text], [TaughtTokens("Rex", REX[None], ())])
        np.testing.assert_allclose(one.by_text, by_text, atol=1e-6)
        expected = (1 - share) * usual.standardised(by_text) + share * usual.standardised(REX_SEEN)
        np.testing.assert_allclose(one.vector, unit(expected), atol=1e-6)
        assert one.vector.dtype == np.float32
        assert [(name.name, name.share) for name in one.names] == [("Rex", share)]


def test_a_bare_name_looks_for_what_tells_its_examples_from_all_else_where_that_is_kept(
    store: Store, learning: Any, keep_name: Callable[..., KeptName]
) -> None:
    direction = np.float32([0, -0.6, 0, 0.8])
    keep_name(store, "Rex", REX, REX_SEEN, direction=direction)
    weights = LegWeights(examples_alone=1, examples_beside=1)
    bare, composed = encoded(learning, store, Query("Rex"), Query("Rex runs"), weights=weights)
    np.testing.assert_allclose(bare.vector, direction, atol=1e-6)
    np.testing.assert_allclose(composed.vector, REX_SEEN, atol=1e-6)
    np.testing.assert_array_equal(bare.names[0].mean, REX_SEEN)


def test_several_names_share_what_the_examples_count(
    store: Store, learning: Any, keep_name: Callable[..., KeptName]
) -> None:
    keep_name(store, "Rex", REX, REX_SEEN)
    keep_name(store, "big  Max", MAX, MAX_SEEN)
    weights = LegWeights(examples_alone=1)
    (one,) = encoded(learning, store, Query("rex and Big max"), weights=weights)
    assert [(name.name, name.share) for name in one.names] == [("Rex", 0.5), ("big  Max", 0.5)]
    usual = Usual.of(store, learning)
    expected = usual.standardised(REX_SEEN) + usual.standardised(MAX_SEEN)
    np.testing.assert_allclose(one.vector, unit(expected), atol=1e-6)


def test_beside_others_a_part_with_a_name_counts_as_a_text_does_and_leads_away_with_a_negative_weight(
    store: Store, learning: Any, keep_name: Callable[..., KeptName]
) -> None:
    keep_name(store, "Rex", REX, REX_SEEN)
    (rex,) = encoded(learning, store, Query("rex"))
    usual = Usual.of(store, learning)
    assert rex.by_text is not None
    gain = usual.spread(rex.by_text) / usual.spread(rex.vector)
    (red,) = learning.embed_texts(["red"])
    for weight in (0.5, -0.5):
        (both,) = encoded(learning, store, Query([("red", 1), ("rex", weight)]))
        np.testing.assert_allclose(both.vector, unit(red + weight * gain * rex.vector), atol=1e-6)
        np.testing.assert_allclose(both.by_text, unit(red + weight * rex.by_text), atol=1e-6)
    library = Library(store.uri, model=learning)
    near, away = (
        [hit.path for hit in library.search(Query([("red", 1), ("rex", weight)]), k=60)] for weight in (1, -1)
    )
    assert near.index("/00.mp4") < 10 < 50 < away.index("/00.mp4")


def test_names_are_understood_in_what_is_seen_alone(
    store: Store, learning: Any, keep_name: Callable[..., KeptName]
) -> None:
    keep_name(store, "Rex", REX, REX_SEEN)
    library = Library(store.uri, model=learning)
    for typed, names in (
        ("REX", ("Rex",)),
        ("seen:rex", ("Rex",)),
        ("said:rex", ()),
        ("said:rex seen:red", ()),
        ('"rex" red', ("Rex",)),
        ("trex", ()),
        ("red", ()),
    ):
        query = Query.parse(typed)
        assert library.names_in(query) == names
        (one,) = encoded(learning, store, query)
        assert tuple(name.name for name in one.names) == names
        assert (one.by_text is None) == (not names)
    assert encoded(learning, store, Query("rex"), names=False)[0].names == ()
    assert library.names_in(InOrder(["red", "Rex runs"])) == ("Rex",)
    with pytest.raises(InputError, match="the query is empty"):
        library.names_in("")


def test_hits_and_explanations_say_which_names_were_understood(
    store: Store, learning: Any, keep_name: Callable[..., KeptName]
) -> None:
    keep_name(store, "Rex", REX, REX_SEEN)
    library = Library(store.uri, model=learning)
    hits = library.search("rex", k=3)
    assert {hit.path for hit in hits[:2]} == {"/00.mp4", "/01.mp4"}
    assert all(hit.names == ("Rex",) for hit in hits)
    assert hits[0].to_dict()["names"] == ["Rex"]
    assert "names" not in library.search("red", k=1)[0].to_dict()
    (spans,) = library.search(Query.parse("red, then rex"), k=1)
    assert spans.names == ("Rex",)
    (explained,) = library.search("rex", k=1, explain=True)
    assert explained.explanation is not None
    (name,) = explained.explanation.to_dict()["names"]
    assert name == {"name": "Rex", "share": LegWeights().examples_alone, "score": pytest.approx(0.995, abs=1e-2)}


def test_a_name_that_another_process_teaches_is_understood_at_the_next_search_and_forgotten_likewise(
    store: Store, learning: Any, keep_name: Callable[..., KeptName]
) -> None:
    library = Library(store.uri, model=learning)
    before = library.search("rex", k=5)
    keep_name(Store.open(store.uri), "Rex", REX, REX_SEEN)
    assert library.search("rex", k=5)[0].names == ("Rex",)
    Store.open(store.uri).names.forget("rex")
    assert library.search("rex", k=5) == before


def test_a_name_of_another_model_is_a_plain_word_which_is_told_once(
    store: Store, learning: Any, keep_name: Callable[..., KeptName], caplog: pytest.LogCaptureFixture
) -> None:
    library = Library(store.uri, model=learning)
    before = library.search("rex runs", k=5)
    keep_name(store, "Rex", REX, REX_SEEN, made_for="another model")
    library.search("red", k=5)
    assert not caplog.messages
    assert [library.search("rex runs", k=5) for _ in range(2)] == [before, before]
    assert library.names_in("rex") == ()
    (told,) = caplog.messages
    assert told == (
        "the name 'Rex' was taught to another model; until the next run of indexing teaches it again it is searched as "
        "a plain word"
    )
    # One that is not understood hides none that is.
    keep_name(store, "Rex runs", REX, REX_SEEN, made_for="another model")
    keep_name(store, "Rex", REX, REX_SEEN)
    assert library.search("rex runs", k=5)[0].names == ("Rex",)


def test_an_encoder_that_takes_no_names_searches_for_a_plain_word(
    store: Store, talking: Any, keep_name: Callable[..., KeptName], caplog: pytest.LogCaptureFixture
) -> None:
    before = Library(store.uri, model=talking).search("rex", k=5)
    keep_name(store, "Rex", REX, REX_SEEN)
    assert Library(store.uri, model=talking).search("rex", k=5) == before
    assert "is none for this encoder" in caplog.messages[0]


# --- with the shipped model


@pytest.fixture(scope="module")
def moji() -> Any:
    return framecue.load_model("moji-clip", device="cpu")


@pytest.fixture(scope="module")
def captions() -> list[str]:
    rng = np.random.default_rng(3)
    return [caption(draw_meaning(rng, split="test"), rng) for _ in range(60)]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, moji: Any, captions: list[str]) -> Store:
    """A library whose segments are known by captions alone."""
    store = Store.create(str(tmp_path_factory.mktemp("told") / "l.lance"), moji.fingerprint().to_dict())
    state = FileState(1, 0.0)
    store.write(
        [
            Row(
                video_id=f"{number:08x}",
                path=f"/{number:03}.mp4",
                start_seconds=0.0,
                end_seconds=5.0,
                vector=vector,
                duration_seconds=5.0,
                state=state,
            )
            for number, vector in enumerate(moji.embed_texts(captions))
        ]
    )
    return store


def the_words(moji: Any, name: str, word: str) -> TaughtTokens:
    """A name that is read as a word which the model knows."""
    ids, mask = moji.tokenize([word])
    own = ids[0][mask[0].bool()][1:-1]
    vectors = moji.backbone.token_embedding(own).detach().numpy()
    return TaughtTokens(name, vectors, choose_stand_ins(encode_by(moji.tokenize)))


def test_every_query_without_a_taught_name_is_answered_bit_for_bit_as_before(
    told: Store, moji: Any, captions: list[str], tmp_path: Path, keep_name: Callable[..., KeptName]
) -> None:
    queries: list[Query | InOrder] = [Query.parse(text) for text in (*captions[:8], *ordinary_queries()[:8])]
    queries += [Query([(captions[0], 1.0), ("a lion", -0.5)]), InOrder(captions[1:3]), Query(vectors=np.ones(128))]
    library = Library(told.uri, model=moji)
    library.search("warm")
    before = library.search_many(queries, k=10, all_moments=True)
    alone = [library.search(query, k=10) for query in queries[:3]]
    keep_name(told, "Zorvex", [[0]], moji.embed_texts(["a lion"])[0], tokens=the_words(moji, "Zorvex", "lion"))
    try:
        assert library.search_many(queries, k=10, all_moments=True) == before
        assert [library.search(query, k=10) for query in queries[:3]] == alone
        # Nor does one with a name change its neighbours.
        mixed = library.search_many(["zorvex rises", *queries, "a Zorvex"], k=10, all_moments=True)
        unnamed = library.search_many(["warm rises", *queries, "a warm"], k=10, all_moments=True)
        assert mixed[0][0].names == mixed[-1][0].names == ("Zorvex",)
        assert mixed[1:-1] == unnamed[1:-1]
        assert not any(hit.names for hits in mixed[1:-1] for hit in hits)
    finally:
        told.names.forget("Zorvex")


def test_a_name_that_is_read_as_a_word_finds_what_the_word_finds_wherever_it_stands(
    told: Store, moji: Any, keep_name: Callable[..., KeptName]
) -> None:
    library = Library(told.uri, model=moji)
    by_text = LegWeights(examples_alone=0, examples_beside=0)
    texts = ("the {} rises", "a {} spins while the {}'s shadow shrinks", "{}")
    keep_name(told, "Zorvex", [[0]], moji.embed_texts(["a lion"])[0], tokens=the_words(moji, "Zorvex", "lion"))
    try:
        for text in texts:
            (word,) = encoded(moji, told, Query(text.replace("{}", "lion")))
            (name,) = encoded(moji, told, Query(text.replace("{}", "ZorVex")), weights=by_text)
            np.testing.assert_allclose(name.vector, word.vector, atol=1e-5)
        hits = library.search("zorvex", k=5, only="seen")
        assert all(hit.confidence is not None for hit in hits)
    finally:
        told.names.forget("Zorvex")
