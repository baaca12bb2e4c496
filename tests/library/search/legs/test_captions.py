from __future__ import annotations

import pytest

from framecue.errors import InputError
from framecue.library import Library, Query


def test_captions_are_about_their_segments(films: Library) -> None:
    hits = films.search(Query.parse("caption:boat"), all_moments=True)
    assert sorted((hit.path, hit.start_seconds) for hit in hits) == [("/v/lake.mp4", s) for s in (0.0, 10.0, 20.0)]
    assert hits[0].legs[0].text == "a boat crosses the lake"
    assert films.search(Query.parse('caption:"crosses the lake"'))
    assert films.search(Query.parse('caption:"lake crosses"')) == []


def test_without_any_the_way_out_is_told(make_store, talking) -> None:
    store = make_store([{"path": "/a.mp4"}])
    store.ensure_text_index()
    with pytest.raises(InputError, match=r"captions: there is nothing to search .*--captions` writes them"):
        Library(store.uri, model=talking).search(Query.parse("caption:boat"))
