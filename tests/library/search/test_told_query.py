from __future__ import annotations

import numpy as np
import pytest

from framecue.errors import InputError
from framecue.library import HeldMoment, InOrder, Query, Term
from framecue.library.search.told_query import ToldQuery, typed_texts, weighted_text


def test_a_text_alone_is_what_was_typed() -> None:
    told = ToldQuery(text='said:"hello there" a cake').labelled()
    assert told.label == 'said:"hello there" a cake'
    assert told.query == Query.parse('said:"hello there" a cake')
    sentence = ToldQuery(text="rain, then sun").labelled().query
    assert isinstance(sentence, Query)
    assert sentence.order == (Query("rain"), Query("sun"))


def test_all_that_is_told_is_searched_for_together() -> None:
    told = ToldQuery(
        text="a beach",
        with_texts=("said:sun^2",),
        without_texts=("people^0.5",),
        images=("a.jpg",),
        videos=(HeldMoment("f0", 2.0),),
        vectors=(np.array([1.0, 0.0], dtype=np.float32),),
    ).labelled()
    assert isinstance(told.query, Query)
    assert [str(part) for part in told.query.parts] == [
        "a beach",
        "said:sun^2",
        "without people^0.5",
        "image a.jpg",
        "video f0 at 2 s",
        "vector of 2 numbers",
    ]
    assert told.label == str(told.query)


def test_one_thing_after_another() -> None:
    told = ToldQuery(text="a", without_texts=("b",), then_texts=("c, then d",), within_seconds=5.0).labelled()
    assert told.query == InOrder([Query([("a", 1), ("b", -1)]), Query("c, then d")], 5.0)
    assert told.label == "a, without b, then within 5 s: c, then d"
    with pytest.raises(InputError, match="2 to 4 parts, and 1 is given"):
        ToldQuery(text="a", within_seconds=5.0).labelled()


@pytest.mark.parametrize("told", [ToldQuery(), ToldQuery(text="  "), ToldQuery(then_texts=("a",))])
def test_nothing_told_is_refused(told: ToldQuery) -> None:
    with pytest.raises(InputError, match="the query is empty"):
        told.labelled()


@pytest.mark.parametrize(
    ("then", "says"),
    [('""', "then '\"\"': the query is empty"), ("said:", "then 'said:': there is nothing after said:")],
)
def test_what_comes_then_and_says_nothing_is_named(then: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        ToldQuery(text="a", then_texts=("b", then)).labelled()
    assert str(refused.value).startswith(says)


def test_what_comes_then_needs_something_before() -> None:
    for text in (None, "", " "):
        with pytest.raises(InputError, match=r"the query is empty; .* before what comes then"):
            ToldQuery(text=text, then_texts=("a",)).labelled()
    told = ToldQuery(images=("a.jpg",), then_texts=("a",)).labelled()
    assert told.label == "image a.jpg, then: a"


def test_prefixes_and_weights_are_read() -> None:
    assert typed_texts("said:hello", -0.5) == [(Term("hello", "said"), -0.5)]
    assert [weighted_text(text) for text in ("a^0.5", " a ^2", "a^b", "a")] == [
        ("a", 0.5),
        ("a ", 2.0),
        ("a^b", 1.0),
        ("a", 1.0),
    ]
    with pytest.raises(InputError, match=r"it must be more than 0 \(unlike searches away\)"):
        weighted_text("a^0", away="unlike")
