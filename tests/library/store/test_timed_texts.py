from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest

from framecue.library.store import Store
from framecue.library.store import timed_texts as module
from framecue.words.timed_text import TimedText, TimedWord


def said(start: float, text: str, language: str | None = "en", **more: object) -> TimedText:
    return TimedText(start, start + 2, text, "said", language, **more)  # type: ignore[arg-type]


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    return make_store([{"path": "/a.mp4"}])


def test_a_library_without_words_has_no_table_of_them(store: Store) -> None:
    assert store.timed_texts("id of /a.mp4") == []
    store.words.drop()
    store.words.upkeep()
    assert store.words.table() is None


def test_lines_come_back_as_they_were_found(store: Store) -> None:
    words = (TimedWord(0.5, 0.75, " Hello,"), TimedWord(0.8125, 1.5, " world"))
    line = TimedText(0.5, 1.5, "Hello, world", "said", "en", 0.5, words)
    title = TimedText(0, 4, "東京", "written", None, None)
    store.words.write("one", "speech", [said(3, "bye"), line])
    store.words.write("one", "screen", [title])
    store.words.write("two", "speech", [said(0, "other")])
    again = Store.open(store.uri)
    held = again.timed_texts("one")
    assert [(item.source, item.text) for item in held] == [
        ("screen", title),
        ("speech", line),
        ("speech", said(3, "bye")),
    ]
    assert [item.text for item in again.timed_texts("one", between=(1.6, 3))] == [title, said(3, "bye")]
    assert [item.text for item in again.words.read(["one", "two"], source="speech")] == [
        line,
        said(3, "bye"),
        said(0, "other"),
    ]


def test_lines_are_stored_in_one_encoding(store: Store) -> None:
    apart = unicodedata.normalize("NFD", "école")
    store.words.write("one", "speech", [said(0, apart, words=(TimedWord(0, 1, apart),))])
    (held,) = store.timed_texts("one")
    assert held.text.text == held.text.words[0].text == "école"


def test_a_source_found_again_takes_the_place_of_what_it_found(store: Store) -> None:
    store.words.write("one", "speech", [said(0, "first")])
    store.words.write("one", "screen", [said(0, "stays")])
    store.words.write("one", "speech", [said(1, "second"), said(2, "third")])
    assert [held.text.text for held in store.timed_texts("one")] == ["stays", "second", "third"]
    store.words.write("one", "speech", [])
    assert [held.text.text for held in store.timed_texts("one")] == ["stays"]


def test_lines_are_taken_out_by_content_and_by_source(store: Store) -> None:
    for video in ("one", "it's"):
        for source in ("speech", "screen"):
            store.words.write(video, source, [said(0, f"{video} {source}")])
    store.words.drop(video_ids=["it's"])
    assert store.timed_texts("it's") == []
    store.words.drop(source="screen")
    assert [held.source for held in store.timed_texts("one")] == ["speech"]
    store.words.drop(video_ids=[])
    assert len(store.timed_texts("one")) == 1


def test_another_language_is_another_column_with_its_index(store: Store) -> None:
    store.words.write("one", "speech", [said(0, "a house"), said(2, "ein Haus", "de"), said(4, "家", "ja")])
    table = store.words.table()
    assert table is not None
    rows = table.scan(["plain", "stems_en", "stems_de"]).to_pylist()
    assert sorted(tuple(value for value in row.values() if value) for row in rows) == [
        ("a house",),
        ("ein Haus",),
        ("家",),
    ]
    indexed = {index.columns[0] for index in table.lance.list_indices()}
    assert indexed == {"phrases", "plain", "stems_en", "stems_de"}


def test_an_index_that_a_killed_run_did_not_make_is_made(store: Store) -> None:
    store.words.write("one", "speech", [said(0, "a house")])
    table = store.words.table()
    assert table is not None
    table.lance.drop_index("stems_en_idx")
    assert store.search_words("houses", limit=9) == []
    store.words.write("two", "speech", [said(0, "no house")])
    assert {index.columns[0] for index in table.lance.list_indices()} == {"phrases", "plain", "stems_en"}


def test_upkeep_takes_lines_into_the_indexes_and_joins_files(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        store.words.write(str(number), "speech", [said(0, "a house")])
    table = store.words.table()
    assert table is not None
    store.words.upkeep()
    assert table.lance.index_stats("phrases_idx").num_unindexed_rows == 4  # nothing was due
    monkeypatch.setattr(module, "_MOST_FILES", 3)
    monkeypatch.setattr(module, "_LINES_BEFORE_INDEX", 4)
    store.words.upkeep()
    assert table.lance.index_stats("phrases_idx").num_unindexed_rows == 0
    assert table.lance.stats()["fragment_stats"]["num_fragments"] == 1
    assert "video_id" in {index.columns[0] for index in table.lance.list_indices()}
