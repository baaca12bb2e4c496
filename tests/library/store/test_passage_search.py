"""Passages are found by their meaning, narrowed to their nearest sentence, and placed in a segment."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from framecue.library.store import PassageMatch, Store, passing
from framecue.library.store.passages import PassageRow, PassageState
from framecue.words.passages import RULES
from framecue.words.timed_text import Kind, TimedText
from support.sentences import IdeaEncoder

ENCODER = IdeaEncoder()
SEEN = np.array([1, 0, 0, 0], dtype=np.float32)


def rows(path: str, lines: list[tuple[float, float, str]], kind: Kind = "said") -> list[PassageRow]:
    """Return the rows of a passage and of its sentences."""
    texts = [TimedText(start, end, text, kind, "en") for start, end, text in lines]
    whole = TimedText(lines[0][0], lines[-1][1], " ".join(text for _, _, text in lines), kind, "en")
    source = "speech" if kind == "said" else "screen"
    own = [(False, text) for text in texts] if len(texts) > 1 else []
    return [
        PassageRow(f"id of {path}", source, is_passage, text, ENCODER.embed_passages([text.text])[0])
        for is_passage, text in [(True, whole), *own]
    ]


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    """Two films of a minute in segments of ten seconds."""
    made = make_store(
        [
            {"path": path, "start_seconds": start, "end_seconds": start + 10, "vector": (1, place, 0, 0)}
            for path in ("/a.mp4", "/b/b.mp4")
            for place, start in enumerate(range(0, 60, 10))
        ]
    )
    made.passages.begin(PassageState(ENCODER.fingerprint, RULES))
    first = [(8.0, 11.0, "Let us begin."), (12.0, 15.0, "We signed the mortgage."), (16.0, 18.0, "Thank you.")]
    second = [(21.0, 24.0, "The dog barks.")]
    third = [(0.0, 5.0, "HOUSE FOR SALE")]
    fourth = [(58.0, 66.0, "The dough is in the oven.")]
    made.passages.write(
        [
            *rows("/a.mp4", first),
            *rows("/a.mp4", second),
            *rows("/b/b.mp4", third, "written"),
            *rows("/b/b.mp4", fourth),
        ],
        {"id of /a.mp4": "1", "id of /b/b.mp4": "1"},
    )
    return made


def search(store: Store, text: str, **more) -> list[PassageMatch]:
    return store.search_passages(ENCODER.embed_queries([text])[0], SEEN, **{"limit": 9, **more})


def brief(matches: list[PassageMatch]) -> list[tuple[str, float, float, str]]:
    return [
        (match.match.path, match.match.start_seconds, match.text.start_seconds, match.text.text) for match in matches
    ]


def test_the_nearest_sentence_is_found_with_its_times_and_its_segment(store: Store) -> None:
    found = search(store, "buying a house home")
    assert ("/a.mp4", 10.0, 12.0, "We signed the mortgage.") in brief(found)[:2]
    assert ("/b/b.mp4", 0.0, 0.0, "HOUSE FOR SALE") in brief(found)[:2]
    assert [match.source for match in found[:2]] in (["speech", "screen"], ["screen", "speech"])
    scores = [match.score for match in found]
    assert scores == sorted(scores, reverse=True)
    # Of a segment its own cosine to the query's vector goes along.
    by_text = {match.text.text: match for match in found}
    assert by_text["We signed the mortgage."].match.score == pytest.approx(1 / np.sqrt(2), abs=1e-3)


def test_a_segment_is_found_once(store: Store) -> None:
    keys = [match.match.key for match in search(store, "mortgage")]
    assert len(keys) == len(set(keys))


def test_a_passage_that_is_nearer_than_its_sentences_is_narrowed_to_the_nearest_of_them(store: Store) -> None:
    lines = [(30.0, 33.0, "One dog."), (34.0, 38.0, "Some waves and some waves.")]
    kept = rows("/a.mp4", lines)
    store.passages.write([*kept], {"id of /a.mp4": "2"})
    (found,) = search(store, "a dog, a puppy and the sea with its waves", limit=1)
    assert (found.text.text, found.text.start_seconds) == ("Some waves and some waves.", 34.0)
    scores = (
        ENCODER.embed_queries(["a dog, a puppy and the sea with its waves"]) @ np.stack([row.vector for row in kept]).T
    )
    assert found.score == pytest.approx(scores.max(), abs=1e-3)


def test_words_after_the_last_picture_belong_to_the_last_segment(store: Store) -> None:
    (found,) = search(store, "baking bread", limit=1)
    assert brief([found]) == [("/b/b.mp4", 50.0, 58.0, "The dough is in the oven.")]


@pytest.mark.parametrize("few", [0, 500])
def test_a_filter_holds_for_the_segment_in_which_the_words_are(store: Store, few: int, monkeypatch) -> None:
    monkeypatch.setattr(passing, "_FEW_VIDEOS", few)
    found = brief(search(store, "a house", where="path = '/b/b.mp4'", limit=1))
    assert found == [("/b/b.mp4", 0.0, 0.0, "HOUSE FOR SALE")]
    assert all(start >= 20 for _, start, _, _ in brief(search(store, "mortgage", where="start_seconds >= 20")))
    assert search(store, "mortgage", where="path = '/c.mp4'") == []


def test_kinds_may_be_chosen(store: Store) -> None:
    assert {match.text.kind for match in search(store, "house", kinds=["written"])} == {"written"}
    assert {match.text.kind for match in search(store, "house", kinds=["said"])} == {"said"}
    assert {match.text.kind for match in search(store, "house", kinds=["said", "written"])} == {"said", "written"}


def test_what_the_library_no_longer_holds_is_not_found(store: Store) -> None:
    store.write([], replacing=["/a.mp4"])
    assert {match.match.path for match in search(store, "mortgage")} == {"/b/b.mp4"}
    assert search(store, "mortgage", limit=0) == []
