from __future__ import annotations

import pytest

from framecue.errors import InputError
from framecue.library import Filters, Library, Query


def test_a_name_is_true_of_all_of_its_file(films: Library) -> None:
    (hit,) = films.search(Query.parse("name:panda seen:green"), k=1)
    assert (hit.path, hit.start_seconds) == ("/v/panda party.mp4", 10.0)
    assert [leg.leg for leg in hit.legs] == ["seen", "named"]
    named = hit.legs[1]
    assert (named.text, named.words) == ("v/panda party", ("panda",))
    assert [named.text[start:end] for start, end in named.spans] == ["panda"]
    hits = films.search(Query.parse("name:panda"), all_moments=True)
    assert [(hit.path, hit.legs[0].rank) for hit in hits] == [("/v/panda party.mp4", 1)] * 3


def test_names_written_as_one_word_are_divided(make_store, talking) -> None:
    store = make_store([{"path": "/v/beachParty2019.mp4"}, {"path": "/v/beach.mp4"}, {"path": "/v/other.mp4"}])
    store.ensure_text_index()
    library = Library(store.uri, model=talking)
    assert [hit.path for hit in library.search(Query.parse("name:party"))] == ["/v/beachParty2019.mp4"]
    assert [hit.path for hit in library.search(Query.parse('name:"beach party"'))] == ["/v/beachParty2019.mp4"]
    assert len(library.search(Query.parse("name:beach"))) == 2


@pytest.mark.parametrize("filters", [Filters(path="*.mp4"), Filters(where="duration_seconds > 1")])
def test_filters_hold(films: Library, filters: Filters) -> None:
    assert len(films.search(Query.parse("name:news"), filters=filters)) == 1
    assert films.search(Query.parse("name:news"), filters=Filters(path="panda*", where=filters.where)) == []


def test_a_library_whose_names_are_not_indexed_says_so(make_store, talking) -> None:
    library = Library(make_store([{"path": "/a.mp4"}]).uri, model=talking)
    with pytest.raises(InputError, match=r"named: there is nothing to search .*not indexed yet"):
        library.search("a", only="named")
