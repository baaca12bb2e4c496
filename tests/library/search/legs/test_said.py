from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from framecue.errors import InputError
from framecue.library import Library, Query, SearchOptions, Term
from framecue.library.search.box import parse
from framecue.library.search.legs.leg import Asked
from framecue.library.search.legs.named import Named
from framecue.library.search.legs.said import Said
from framecue.library.search.weights import WEIGHTS
from framecue.library.store import Store
from framecue.words.timed_text import TimedText


def test_a_phrase_has_the_times_of_its_words(films: Library) -> None:
    hits = films.search(Query.parse('said:"happy birthday"'), all_moments=True)
    assert [(hit.path, hit.start_seconds, hit.end_seconds) for hit in hits] == [
        ("/v/panda party.mp4", 12.0, 13.0),
        ("/v/panda party.mp4", 14.0, 15.0),
    ]
    (said,) = [leg for leg in hits[0].legs if leg.leg == "said"]
    assert (said.rank, said.strength, said.start_seconds, said.end_seconds) == (1, 1.0, 12.0, 13.0)
    assert said.text == "happy birthday to you, happy birthday"
    assert [said.text[start:end] for start, end in said.spans] == ["happy birthday"]
    assert said.words == ("happy", "birthday")
    assert hits[0].segment_seconds == (10.0, 20.0)
    assert [hit.rank for hit in films.search(Query.parse('said:"happy birthday"'))] == [1]


def test_words_are_found_in_other_forms_and_apart(films: Library) -> None:
    hits = films.search(Query.parse("said:signing mortgages"))
    assert [(hit.path, hit.start_seconds, hit.end_seconds) for hit in hits] == [("/v/panda party.mp4", 1.0, 4.0)]
    (said,) = hits[0].legs
    assert [said.text[start:end] for start, end in said.spans if said.text] == ["signed", "mortgage"]
    assert (said.start_seconds, hits[0].segment_seconds) == (1.0, (0.0, 10.0))
    apart = films.search(Query([Term("birthday happy", "said")]), all_moments=True)
    assert {hit.path for hit in apart} == {"/v/panda party.mp4", "/v/lake.mp4"}


def test_subtitles_of_an_older_framecue_are_found_by_segment(films: Library) -> None:
    hits = films.search(Query.parse('said:"minister resigned"'), all_moments=True)
    assert sorted((hit.path, hit.start_seconds) for hit in hits) == [("/v/old news.mp4", s) for s in (0.0, 10.0, 20.0)]
    assert hits[0].legs[0].text == "the minister resigned yesterday"
    assert not films.search(Query.parse('said:"minister yesterday"'))


def test_lines_without_times_are_told_whole(make_store: Callable[..., Store]) -> None:
    text = "in the kitchen\nhe fills\nthe kitchen sink, in the kitchen"
    store = make_store([{"path": "/a.mp4", "subtitles": text}, {"path": "/kitchen.mp4", "subtitles": "a sink"}])
    store.ensure_text_index()

    def lines(typed: str) -> list[tuple[str, ...]]:
        terms = [(term, 1.0) for term in parse(typed)]
        return [found.lines for found in Said().find(Asked(store, np.eye(1, 4, dtype=np.float32)[0], terms))]

    assert lines("kitchen") == [("in the kitchen", "the kitchen sink, in the kitchen")]
    assert lines("fills") == [("he fills",)]
    named = Named().find(Asked(store, np.eye(1, 4, dtype=np.float32)[0], [(Term("kitchen"), 1.0)]))
    assert [found.lines for found in named] == [()]


def test_a_library_without_words_says_how_to_get_them(make_store: Callable[..., Store], talking) -> None:
    store = make_store([{"path": "/a.mp4"}])
    store.ensure_text_index()
    library = Library(store.uri, model=talking)
    for query, only in ((Query.parse("said:hello"), ()), (Query("hello"), "said")):
        with pytest.raises(
            InputError, match=r"^said: there is nothing to search in library .*--speech` listens to them"
        ):
            library.search(query, options=SearchOptions(only=only))
    assert library.search("hello")


def test_words_of_the_other_kind_are_none(make_store: Callable[..., Store], line, talking) -> None:
    for kind, other, way_out in (("said", "written", "--screen-text` reads it"), ("written", "said", "--speech`")):
        store = make_store([{"path": "/a.mp4"}], name=f"{kind}.lance")
        store.words.write("id of /a.mp4", "some", [line(0, "hello there", kind)])
        library = Library(store.uri, model=talking)
        assert [hit.path for hit in library.search(Query.parse(f"{kind}:hello"))] == ["/a.mp4"]
        for query, only in ((Query.parse(f'{other}:"hello"'), ()), (Query("hello"), other)):
            with pytest.raises(InputError, match=f"^{other}: there is nothing to search in .*{way_out}"):
                library.search(query, options=SearchOptions(only=only))


@pytest.mark.parametrize(
    ("typed", "texts", "says"),
    [
        (
            "said:minister",
            {"subtitles": "the minister resigned"},
            "said: .*its subtitles are not indexed yet; the next",
        ),
        ("caption:boat", {"caption": "a boat"}, "captions: .*its captions are not indexed yet; the next"),
        ("said:minister", {}, "said: .*nothing that is said in its videos is known"),
        ("caption:boat", {}, "captions: .*it has no captions"),
        ("name:old", {}, "named: .*the names of its files are not indexed yet; the next"),
        ("written:title", {}, "written: .*nothing that is written in its pictures is known"),
        ("meaning:title", {}, "meaning: .*nobody has asked for the meaning of its words"),
    ],
)
def test_texts_that_an_older_library_has_not_indexed_are_not_denied(
    make_store: Callable[..., Store], talking, typed: str, texts: dict[str, str], says: str
) -> None:
    library = Library(make_store([{"path": "/old.mp4", **texts}]).uri, model=talking)
    with pytest.raises(InputError, match=says):
        library.search(Query.parse(typed))


def test_a_short_common_phrase_is_not_worth_what_a_rare_one_is(
    make_store: Callable[..., Store], line: Callable[..., TimedText], talking
) -> None:
    store = make_store([{"path": f"/{i}.mp4"} for i in range(10)])
    for i in range(10):
        store.words.write(f"id of /{i}.mp4", "speech", [line(0, "good evening"), *([line(1, "a comet")] * (i == 3))])
    library = Library(store.uri, model=talking)
    common, rare = (library.search(text) for text in ("good evening", "a comet"))
    strength = {leg.text: leg.strength for hits in (common, rare) for leg in hits[0].legs if leg.text}
    assert strength["a comet"] > 0.95 > 0.9 > strength["good evening"]
    assert rare[0].path == "/3.mp4"


def test_a_film_with_all_phrases_comes_before_one_with_some(
    make_store: Callable[..., Store], line: Callable[..., TimedText], talking
) -> None:
    store = make_store([{"path": f"/{name}.mp4", "end_seconds": 30.0} for name in ("a", "b")])
    store.words.write("id of /a.mp4", "speech", [line(0, "good night")])
    store.words.write("id of /b.mp4", "speech", [line(0, "good night"), line(20, "sleep well")])
    hits = Library(store.uri, model=talking).search(Query.parse('said:"good night" said:"sleep well"'))
    assert [(hit.path, hit.legs[0].strength) for hit in hits] == [("/b.mp4", 1.0), ("/a.mp4", 0.5)]


def test_found_words_come_in_the_order_of_the_query_whatever_their_accents(
    films: Library, line: Callable[..., TimedText]
) -> None:
    Store.open(films.uri).words.write("id of /v/silent.mp4", "speech", [line(1, "Naïve Öfen über Ärger, éclair")])
    (hit,) = films.search(Query.parse("said:éclair Ärger über Öfen naïve"))
    assert hit.legs[0].words == ("eclair", "arger", "uber", "ofen", "naive")


def test_several_words_in_one_line_are_the_moment_of_that_line(
    make_store: Callable[..., Store], line: Callable[..., TimedText], talking
) -> None:
    store = make_store([{"path": "/a.mp4", "end_seconds": 60.0}, {"path": "/b.mp4", "end_seconds": 60.0}])
    store.words.write("id of /a.mp4", "speech", [line(3, "the comet was seen by nobody but me")])
    store.words.write("id of /b.mp4", "speech", [line(3, " ".join(["comet", *["so"] * 38, "seen"]))])
    library = Library(store.uri, model=talking)
    times = {hit.path: (hit.start_seconds, hit.end_seconds) for hit in library.search(Query.parse("said:seen comet"))}
    # Nobody knows where in a line of 20 s the words are.
    assert times == {"/a.mp4": (3.0, 7.0), "/b.mp4": (0.0, 60.0)}
    assert library.search(Query.parse("said:comet"))[0].segment_seconds is None


def test_a_quote_that_nobody_says_is_found_where_it_may_have_been_misheard(
    make_store: Callable[..., Store], line: Callable[..., TimedText], talking
) -> None:
    store = make_store([{"path": f"/{name}.mp4", "end_seconds": 60.0} for name in "abc"])
    store.words.write("id of /a.mp4", "speech", [line(3, "she cleaned the plate after dinner")])
    store.words.write("id of /b.mp4", "speech", [line(5, "wash the plates after dinner")])
    store.words.write("id of /c.mp4", "subtitles", [line(7, "she cleaned the plate")])
    library = Library(store.uri, model=talking)
    (hit,) = library.search(Query.parse('said:"cleaned the plates"'))
    assert (hit.path, hit.start_seconds, hit.end_seconds) == ("/a.mp4", 3.5, 5.0)
    (said,) = hit.legs
    assert (said.strength, said.text) == (WEIGHTS.misheard, "she cleaned the plate after dinner")
    # Where it is said as it stands, that is what was meant.
    assert [hit.path for hit in library.search(Query.parse('said:"the plates after"'))] == ["/b.mp4"]
