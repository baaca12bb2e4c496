from __future__ import annotations

import pytest

from framecue.errors import InputError
from framecue.library import Library, Query


def test_a_title_is_found_when_it_is_shown(films: Library) -> None:
    (hit,) = films.search(Query.parse('written:"grand opening"'))
    assert (hit.path, hit.start_seconds, hit.end_seconds) == ("/v/panda party.mp4", 22.0, 23.0)
    assert [(leg.leg, leg.text) for leg in hit.legs] == [("written", "GRAND OPENING")]
    # What is said is none of its business.
    assert films.search(Query.parse("written:birthday")) == []


def test_without_any_the_way_out_is_told(make_store, talking) -> None:
    library = Library(make_store([{"path": "/a.mp4"}]).uri, model=talking)
    with pytest.raises(InputError, match=r"written: there is nothing to search .*--screen-text` reads it"):
        library.search(Query.parse("written:exit"))
