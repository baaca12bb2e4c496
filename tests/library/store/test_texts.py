from __future__ import annotations

import threading
import unicodedata

import numpy as np
import pytest

from framecue.errors import LibraryError
from framecue.library.store import Store, texts

QUERY = np.array([1, 0, 0, 0], dtype=np.float32)


def found(store: Store, *words: str, **options) -> list[str]:
    matches = store.search_texts([(word, 1.0) for word in words], QUERY, limit=options.pop("limit", 50), **options)
    assert [match.score for match in matches] == sorted((match.score for match in matches), reverse=True)
    return [match.match.path for match in matches]


@pytest.fixture
def store(make_store) -> Store:
    store = make_store(
        [
            {"path": "/v/beach_party-2019.mp4"},
            {"path": "/Ferien/süße Häuser.mp4"},
            {"path": unicodedata.normalize("NFD", "/v/Żółty café.mp4")},
            {"path": "/v/holidayVideo7.mkv"},
            {"path": "/v/a.mp4", "subtitles": "The running dogs", "vector": (3, 4, 0, 0)},
            {"path": "/v/b.mp4", "caption": "日本の海岸"},
            {"path": "/v/c.mp4", "subtitles": "Ein großer Hund läuft"},
        ]
    )
    store.ensure_text_index()
    return store


@pytest.mark.parametrize(
    ("word", "path"),
    [
        ("party", "/v/beach_party-2019.mp4"),
        ("BEACH", "/v/beach_party-2019.mp4"),
        ("2019", "/v/beach_party-2019.mp4"),
        ("beach_party-2019", "/v/beach_party-2019.mp4"),
        ("ferien", "/Ferien/süße Häuser.mp4"),
        ("häuser", "/Ferien/süße Häuser.mp4"),
        ("hauser", "/Ferien/süße Häuser.mp4"),
        ("cafe", unicodedata.normalize("NFD", "/v/Żółty café.mp4")),
        ("zolty", unicodedata.normalize("NFD", "/v/Żółty café.mp4")),
        ("holiday", "/v/holidayVideo7.mkv"),
        ("holidayvideo7", "/v/holidayVideo7.mkv"),
        ("dogs", "/v/a.mp4"),
        ("海岸", "/v/b.mp4"),
        ("grosser", "/v/c.mp4"),
    ],
)
def test_words_of_names_and_of_what_is_said_are_found(store: Store, word: str, path: str) -> None:
    assert found(store, word) == [path]


@pytest.mark.parametrize("text", ["nothing", "mp4", "", "(", '"a', "+ - *", "dog~", "text:dogs OR x"])
def test_what_is_not_there_or_looks_like_syntax_is_no_error(store: Store, text: str) -> None:
    assert found(store, text) in ([], ["/v/a.mp4"])


def test_matches_bring_cosines_and_what_is_said(store: Store) -> None:
    (match,) = store.search_texts([("dogs", 1.0)], QUERY, limit=5)
    assert match.match.score == pytest.approx(0.6, abs=1e-3)
    assert match.said == "The running dogs"
    assert match.text == "a\nv\nThe running dogs"
    assert match.score > 0


def test_weights_decide_between_words(store: Store) -> None:
    for first, second in (("dogs", "hund"), ("hund", "dogs")):
        one, two = store.search_texts([(first, 5.0), (second, 0.1)], QUERY, limit=5)
        assert first in one.said.casefold()
        assert second in two.said.casefold()


def test_a_file_just_added_is_found_and_one_taken_out_never(store: Store, make_row) -> None:
    store.write([make_row(path="/new/dogs.mp4")])
    assert set(found(store, "dogs")) == {"/new/dogs.mp4", "/v/a.mp4"}
    store.write([make_row(path="/v/a.mp4", subtitles="cats now")], replacing=["/v/a.mp4"])
    assert found(store, "dogs") == ["/new/dogs.mp4"]
    assert found(store, "cats") == ["/v/a.mp4"]
    store.write([make_row(path="/moved/dogs.mp4")], replacing=["/new/dogs.mp4"])
    assert found(Store.open(store.uri), "dogs") == ["/moved/dogs.mp4"]
    store.write([], replacing=["/moved/dogs.mp4"])
    assert found(store, "dogs") == []


def test_a_condition_is_heeded_before_the_best_are_chosen(make_store) -> None:
    store = make_store([{"path": f"/{name}/dog.mp4"} for name in "abcdefgh"])
    store.ensure_text_index()
    assert found(store, "dog", limit=1, where="path = '/g/dog.mp4'") == ["/g/dog.mp4"]


def test_the_index_is_made_once_and_brought_up_to_date_after_much(
    make_store, make_row, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store([{"path": "/a.mp4"}])
    assert not store.has_text_index()
    store.ensure_text_index()
    assert store.has_text_index()
    version = store.table.lance.version
    store.ensure_text_index()
    assert store.table.lance.version == version
    store.write([make_row(path=f"/{i}.mp4") for i in range(5)])
    store.ensure_text_index()
    assert store.table.lance.index_stats("text_idx").num_unindexed_rows == 5
    monkeypatch.setattr(texts, "ROWS_BEFORE_UPDATE", 4)
    store.ensure_text_index()
    assert store.table.lance.index_stats("text_idx").num_unindexed_rows == 0
    assert found(store, "3") == ["/3.mp4"]


def test_an_empty_library_may_have_one(make_store, make_row) -> None:
    store = make_store([])
    store.ensure_text_index()
    assert found(store, "dog") == []
    store.write([make_row(path="/dog.mp4")])
    assert found(store, "dog") == ["/dog.mp4"]


def test_several_processes_may_make_it_at_once(make_store) -> None:
    uri = make_store([{"path": "/dog.mp4"}]).uri
    stores = [Store.open(uri) for _ in range(3)]
    failed: list[BaseException] = []

    def make(store: Store) -> None:
        try:
            store.ensure_text_index()
        except LibraryError as error:
            failed.append(error)

    threads = [threading.Thread(target=make, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [found(store, "dog") for store in [*stores, Store.open(uri)]] == [["/dog.mp4"]] * 4
