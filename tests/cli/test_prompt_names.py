from __future__ import annotations

import pytest

from framecue.cli.prompt_names import TypedName, parse_taught
from framecue.errors import InputError


@pytest.mark.parametrize(
    ("rest", "typed"),
    [
        ("Rex 1,4", TypedName("Rex", "1,4")),
        ("grandma's kitchen 2", TypedName("grandma's kitchen", "2")),
        ('"Route 66" 1-3, 7', TypedName("Route 66", "1-3, 7")),
        ("Route 66 1,4", TypedName("Route 66", "1,4")),
        ("Rex 1,4 unlike 2,3", TypedName("Rex", "1,4", "2,3")),
        ("Rex 1 is a dog", TypedName("Rex", "1", coarse="dog")),
        ("Rex 1 unlike 2 IS guide dog", TypedName("Rex", "1", "2", "guide dog")),
        ("what it is 1", TypedName("what it is", "1")),
        ("Rex 1,4 shows \"Rex swims\" ''", TypedName("Rex", "1,4", shows=("Rex swims", ""))),
        ("Rex 1 unlike 2 is a dog shows Rex on a rug", TypedName("Rex", "1", "2", "dog", ("Rex on a rug",))),
    ],
)
def test_a_name_with_results_behind_it(rest: str, typed: TypedName) -> None:
    assert parse_taught(rest) == typed


@pytest.mark.parametrize("rest", ["Rex", "1,4", "Rex one", "Rex 1 unlike", "Rex 1 is", "Rex 1,4 x"])
def test_what_is_none(rest: str) -> None:
    with pytest.raises(InputError, match="no name with results behind it; type :teach NAME"):
        parse_taught(rest)


def test_a_quote_that_is_not_closed() -> None:
    with pytest.raises(InputError, match="a quote is not closed"):
        parse_taught('Rex 1 shows "Rex swims')
