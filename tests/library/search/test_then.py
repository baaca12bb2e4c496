from __future__ import annotations

from typing import Any

import pytest

from framecue.errors import InputError
from framecue.library import Query, Term
from framecue.library.search.in_order import MOST_PARTS
from framecue.library.search.then import InOrder


def test_texts_are_taken_literally_and_queries_as_they_are() -> None:
    cake = Query({"a cake": 1.0, "people": -0.5})

    wanted = InOrder(["said:hello", cake], within_seconds=30)

    assert wanted.queries == (Query("said:hello"), cake)
    assert str(wanted) == "said:hello, then within 30 s: a cake, without people^0.5"


@pytest.mark.parametrize(
    ("parts", "within", "problem"),
    [
        (["alone"], None, "2 to 4 parts, and 1 is given"),
        ("alone", None, "2 to 4 parts, and 1 is given"),
        ([], None, "2 to 4 parts, and 0 are given"),
        (["a"] * (MOST_PARTS + 1), None, "2 to 4 parts, and 5 are given"),
        (["a", Query(Term("Cairo", "named"))], None, "name:Cairo: a file's name has no time.* filter for their paths"),
        (["a", " "], None, "a part of what happens one after another is empty"),
        (["a", "b"], -1, "within_seconds is -1"),
        (["a", "b"], float("nan"), "within_seconds is nan"),
        (["a", "b"], "30s", "within_seconds is '30s'"),
    ],
)
def test_what_is_no_order_is_refused(parts: Any, within: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        InOrder(parts, within)
