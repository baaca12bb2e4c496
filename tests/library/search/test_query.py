from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter

from framecue.errors import InputError
from framecue.library import Filters, HeldMoment, Query, VideoMoment
from framecue.library.search.query import Part, SearchKeywords, SearchOptions, as_query
from framecue.pictures import Picture


@pytest.mark.parametrize("text", ["a beach", "-people", "beach -people^2", "^3", 'a "b" OR c*', "  spaces  "])
def test_a_plain_text_is_text_whatever_is_in_it(text: str) -> None:
    assert as_query(text).parts == (Part("text", text, 1.0),)
    assert str(as_query(text)) == text


def test_parts_in_every_way_of_writing_them() -> None:
    assert Query("a").parts == Query(["a"]).parts == Query([("a", 1.0)]).parts == Query({"a": 1.0}).parts
    query = Query(
        {"beach": 1, "people": -0.5},
        images=[Path("/a.jpg"), ("/b.jpg", 2.0)],
        videos=["/c.mp4", VideoMoment("/d.mp4", 12.5), (VideoMoment("/e.mp4"), -1), HeldMoment("f0", 2.5)],
    )
    assert query.parts == (
        Part("text", "beach", 1),
        Part("text", "people", -0.5),
        Part("image", "/a.jpg", 1.0),
        Part("image", "/b.jpg", 2.0),
        Part("video", "/c.mp4", 1.0),
        Part("video", "/d.mp4", 1.0, 12.5),
        Part("video", "/e.mp4", -1),
        Part("video", "f0", 1.0, 2.5, given=HeldMoment("f0", 2.5)),
    )
    assert query.wanted_texts == (("beach", 1),)
    assert str(query) == (
        "beach, without people^0.5, image /a.jpg, image /b.jpg^2, video /c.mp4, video /d.mp4 at 12.5 s, "
        "without video /e.mp4, video f0 at 2.5 s"
    )


def test_a_video_that_is_held_has_an_id_and_a_time() -> None:
    assert Query(videos=HeldMoment("f0")).parts == (Part("video", "f0", given=HeldMoment("f0")),)
    for wrong in ("", " ", None):
        with pytest.raises(InputError, match="give the video_id of a hit"):
            HeldMoment(wrong)  # type: ignore[arg-type]
    for at_seconds in (-1.0, float("nan"), "2"):
        with pytest.raises(InputError, match="must be a time in the video"):
            HeldMoment("f0", at_seconds)  # type: ignore[arg-type]


def test_a_query_can_be_made_of_another_ones_parts() -> None:
    query = Query("a", images=Picture(1, 1, 3, b"abc"), videos=HeldMoment("f0"), vectors=np.array([0.6, 0.8]))
    assert replace(query, order=()) == query


def test_a_query_does_not_change_with_what_it_was_made_of() -> None:
    texts = ["a"]
    query = Query(texts)
    texts.append("b")
    assert len(query.parts) == 1
    assert {query: 1}[Query("a")] == 1


@pytest.mark.parametrize("make", [Query, lambda: Query(""), lambda: Query(["a", " \n"]), lambda: as_query("\t")])
def test_an_empty_query_is_refused(make) -> None:
    with pytest.raises(InputError, match=r"^the query is empty; describe in words what the video shows$"):
        make()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Query({"a": 0}), "the weight of 'a' is 0; it must be a number other than 0"),
        (lambda: Query({"a": float("nan")}), "is nan"),
        (lambda: Query({"a": True}), "is True"),
        (lambda: Query([("a", "2")]), "is '2'"),
        (lambda: Query([("a", 1, 2)]), r"texts holds \('a', 1, 2\)"),
        (lambda: Query([3]), "texts holds 3"),
        (lambda: Query(3), "texts is 3; give one, several, or a mapping"),
        (lambda: Query(images=""), "the image to search with has no name"),
        (lambda: Query(videos=VideoMoment("", 1)), "has an empty name"),
        (lambda: VideoMoment("a", -1), "at_seconds is -1; it must be a time in the video"),
        (lambda: VideoMoment("a", float("inf")), "at_seconds is inf"),
        (lambda: as_query(None), "the query is a NoneType; give a text or a framecue.Query"),
    ],
)
def test_what_makes_no_query_is_one_clear_line(make, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"k": 0}, "k is 0; it must be a whole number, 1 or more"),
        ({"k": 2.5}, "k is 2.5"),
        ({"k": True}, "k is True"),
        ({"offset": -1}, "offset is -1; it must be a whole number, 0 or more"),
        ({"min_score": 1.5}, "min_score is 1.5; scores are cosines, between -1 and 1"),
        ({"min_score": float("nan")}, "min_score is nan"),
        ({"min_score": "0.3"}, "min_score is '0.3'"),
    ],
)
def test_options_that_make_no_sense(options, says: str) -> None:
    with pytest.raises(InputError, match=says):
        SearchOptions(**options)


def test_options_hold_what_they_are_given() -> None:
    filters = Filters(folder="/a")
    options = SearchOptions(k=3, offset=6, min_score=-1, filters=filters)
    assert (options.k, options.offset, options.min_score, options.filters) == (3, 6, -1, filters)


def test_the_keywords_of_search_are_the_options_but_k() -> None:
    options = get_type_hints(SearchOptions)
    assert {"k": options["k"], **get_type_hints(SearchKeywords)} == options
    assert not SearchKeywords.__required_keys__


def test_pydantic_reads_the_options_as_a_service_does() -> None:
    adapter = TypeAdapter(SearchOptions)
    given = {"k": 3, "min_score": 0.5, "filters": {"folder": "/a", "after": "2024-05-31"}, "hybrid": True}
    assert adapter.validate_python(given) == SearchOptions(
        k=3, min_score=0.5, filters=Filters(folder="/a", after="2024-05-31"), hybrid=True
    )
    with pytest.raises(InputError, match="k is 0"):
        adapter.validate_json('{"k": 0}')
    assert adapter.json_schema()["properties"].keys() == get_type_hints(SearchOptions).keys()


@pytest.mark.parametrize(
    "options", [{"hybrid": "yes"}, {"all_moments": "no"}, {"explain": 1}, {"filters": {"folder": "x"}}]
)
def test_an_option_of_another_kind_is_refused_by_its_name(options: dict) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        SearchOptions(**options)


PICTURE = np.zeros((6, 4, 3), dtype=np.uint8)


def test_pictures_and_vectors_in_memory_are_parts_too() -> None:
    query = Query(
        "a",
        images=[PICTURE, (Image.fromarray(PICTURE), -0.5), b"abc", "/b.jpg"],
        vectors=[np.ones(8), ([1.0, 2.0], 0.5)],
    )
    assert [(part.kind, part.value, part.weight) for part in query.parts] == [
        ("text", "a", 1.0),
        ("image", "in memory, 4x6", 1.0),
        ("image", "in memory, 4x6", -0.5),
        ("image", "in memory, 3 bytes", 1.0),
        ("image", "/b.jpg", 1.0),
        ("vector", "of 8 numbers", 1.0),
        ("vector", "of 2 numbers", 0.5),
    ]
    assert str(query) == (
        "a, image in memory, 4x6, without image in memory, 4x6^0.5, image in memory, 3 bytes, image /b.jpg, "
        "vector of 8 numbers, vector of 2 numbers^0.5"
    )
    assert "\\x00" not in repr(query)
    assert query.wanted_texts == (("a", 1.0),)


def test_queries_of_what_is_in_memory_can_be_compared_and_pickled() -> None:
    query = Query(images=PICTURE, vectors=np.ones(3))
    assert query == Query(images=[PICTURE.copy()], vectors=[[2, 2, 2]])
    assert query != Query(images=PICTURE + 1, vectors=np.ones(3))
    assert {query: 1}[pickle.loads(pickle.dumps(query))] == 1
    assert len(Query(images=np.stack([PICTURE, PICTURE])).parts) == 2


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Query(images=PICTURE / 255), "array of float64; give uint8"),
        (lambda: Query(images=[PICTURE, PICTURE[None]]), r"an array of shape \(1, 6, 4, 3\)"),
        (lambda: Query(images=(PICTURE, 3)), "3 is no picture"),
        (lambda: Query(images=[(PICTURE, 0)]), "the weight of 'in memory, 4x6' is 0"),
        (lambda: Query(vectors=[(np.ones(3), 0)]), "the weight of 'of 3 numbers' is 0"),
        (lambda: Query(vectors=[(np.ones(3), "2")]), "is '2'"),
        (lambda: Query(vectors=[]), "the query is empty"),
    ],
)
def test_what_is_in_memory_and_makes_no_query(make, says: str) -> None:
    with pytest.raises(InputError, match=says):
        make()


@pytest.mark.parametrize("text", ["a " * 10_000_000, "caf\udce9"], ids=["long", "bytes"])
@pytest.mark.parametrize(
    "make", [lambda text: Query(text), lambda text: Query({"red": 1, text: -0.5}), lambda text: as_query(text)]
)
def test_a_text_that_no_model_can_read(make, text: str) -> None:
    with pytest.raises(InputError, match=r"characters; give at most|is not valid Unicode"):
        make(text)


def test_the_halves_of_an_order_are_read_as_the_box_reads_them() -> None:
    typed = Query.parse('said:"happy birthday, then" -> written:cake; then a lake')
    assert typed.order == tuple(map(Query.parse, ('said:"happy birthday, then"', "written:cake", "a lake")))
    # Nobody looks for the words of an order beside halves that name who looks for them.
    for text in ('said:"a" -> said:"b"', 'first said:"a", then said:"b"', 'said: "a" followed by said: "b"'):
        typed = Query.parse(text)
        assert typed.order == (Query.parse('said:"a"'), Query.parse('said:"b"'))
        assert typed.parts == Query.parse('said:"a" said:"b"').parts
    # Where a prefix is one by standing at the beginning of a half, or reaches over the words of the order, too.
    for text in ("first said: a, then said: b", "after said: a, said: b", "said:a -> said:b", "said: a, then said:b"):
        typed = Query.parse(text)
        assert typed.order == (Query.parse("said:a"), Query.parse("said:b"))
        assert typed.parts == Query.parse("said:a b").parts
    assert str(Query.parse("first seen: a, then written:b")) == "seen:a -> written:b"
    assert str(Query.parse("said:a, then b")) == "said:a, then b"
    assert Query.parse("said:a -> written:b").parts == Query.parse("said:a written:b").parts


@pytest.mark.parametrize("text", ["a -> said:", "said: -> written:b", 'a => said:"" -> c'])
def test_a_prefix_alone_is_no_half_of_an_arrow(text: str) -> None:
    with pytest.raises(InputError, match="nothing after said: to look for"):
        Query.parse(text)


def test_a_prefix_alone_may_end_a_sentence_with_words_of_an_order() -> None:
    assert Query.parse("a, then said:").order == ()
