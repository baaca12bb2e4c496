"""The table of passages: what it was made by, and how rows come and go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from framecue.errors import LibraryError
from framecue.library.store import Store
from framecue.library.store.passages import PassageRow, PassageState
from framecue.words.passages import RULES
from framecue.words.timed_text import TimedText
from support.sentences import IdeaEncoder

STATE = PassageState(IdeaEncoder().fingerprint, RULES, unrelated=(0.1, 0.05))


def row(video_id: str, start: float, text: str, *, is_passage: bool = False) -> PassageRow:
    (vector,) = IdeaEncoder().embed_passages([text])
    return PassageRow(video_id, "speech", is_passage, TimedText(start, start + 4, text, "said", "en"), vector)


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    made = make_store([{"path": path} for path in ("/a.mp4", "/b.mp4")])
    made.passages.begin(STATE)
    return made


def test_a_library_has_none_until_somebody_asks(make_store: Callable[..., Store]) -> None:
    store = make_store([{}])
    assert (store.passages.table(), store.passages.state(), store.passages.count()) == (None, None, 0)
    assert (store.passages.keys(), store.passages.num_rows()) == ({}, 0)
    with pytest.raises(LibraryError, match="no passages to compare queries with; `framecue index --meaning`"):
        store.passages.measure_background(np.ones((1, 4), dtype=np.float32), "us")
    store.passages.drop(["a"])
    store.passages.drop_all()
    store.passages.write([row("a", 0, "a dog")], {"a": "1"})
    store.passages.note(STATE)
    store.passages.upkeep()
    assert store.passages.table() is None
    assert store.search_passages(np.ones(64, np.float32), np.ones(4, np.float32), limit=3) == []


def test_what_it_was_made_by_is_kept_and_can_be_noted_anew(store: Store) -> None:
    assert Store.open(store.uri).passages.state() == STATE
    moved = replace(STATE, fingerprint=STATE.fingerprint.named("/elsewhere"), words_version=7)
    store.passages.write([row("a", 0, "a dog")], {"a": "1"})
    store.passages.note(moved)
    version = store.passages.table().lance.version
    store.passages.note(moved)
    assert store.passages.table().lance.version == version
    again = Store.open(store.uri)
    assert again.passages.state() == moved
    assert again.passages.keys() == {"a": "1"}
    assert moved.fits(STATE.fingerprint, RULES)
    assert not moved.fits(STATE.fingerprint, RULES + 1)
    assert not moved.fits(replace(STATE.fingerprint, revision="2"), RULES)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"rules": 1}', '{"fingerprint": {"later": 1}, "rules": 1}'])
def test_a_state_that_is_none_is_a_library_error(text: str) -> None:
    with pytest.raises(LibraryError, match="damaged"):
        PassageState.from_json(text)


def test_passages_of_a_content_take_the_place_of_those_before(store: Store) -> None:
    first = [row("a", 0, "a dog barks", is_passage=True), row("a", 0, "a dog"), row("b", 0, "the sea", is_passage=True)]
    store.passages.write(first, {"a": "1", "b": "1"})
    assert store.passages.count() == 2
    store.passages.write([row("a", 5, "bread", is_passage=True)], {"a": "2", "c": "2"})
    assert store.passages.keys() == {"a": "2", "b": "1"}
    assert store.passages.count() == 2
    store.passages.drop(["a", "never there"])
    assert store.passages.keys() == {"b": "1"}
    store.passages.begin(replace(STATE, rules=RULES + 1))
    assert (store.passages.count(), store.passages.state().rules) == (0, RULES + 1)
    store.passages.drop_all()
    assert Store.open(store.uri).passages.state() is None


def test_what_queries_come_to_is_kept_beside_what_they_come_to_in_segments(store: Store) -> None:
    store.passages.write([row("a", place, f"a dog {place}") for place in range(30)], {"a": "1"})
    bank = store.passages.table().scan(["vector"]).column("vector").to_pylist()[:3]
    bank = np.array(bank, dtype=np.float32) / np.linalg.norm(bank, axis=1, keepdims=True).astype(np.float32)
    made = store.passages.measure_background(bank, "us")
    assert (store.passages.num_rows(), made.num_segments) == (30, 30)
    np.testing.assert_allclose(made.best, 1, atol=2e-3)
    store.passages.keep_background(made, bank)
    again = Store.open(store.uri)
    np.testing.assert_array_equal(again.passages.background("us").best, made.best)
    np.testing.assert_allclose(again.passages.background_bank("us"), bank, atol=1e-3)
    assert (again.passages.background("others"), again.background("us")) == (None, None)
    again.passages.drop_all()
    assert Store.open(store.uri).passages.background("us") is None
