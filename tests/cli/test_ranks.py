from __future__ import annotations

import click
import pytest

from framecue.cli.ranks import RanksType, are_ranks, read_ranks
from framecue.errors import InputError


@pytest.mark.parametrize(
    ("text", "ranks"),
    [
        ("1", (1,)),
        ("1,4", (1, 4)),
        (" 4 , 1, ", (4, 1)),
        ("1 4", (1, 4)),
        ("2-5,9", (2, 3, 4, 5, 9)),
        ("3,1-4", (3, 1, 2, 4)),
    ],
)
def test_ranks(text: str, ranks: tuple[int, ...]) -> None:
    assert are_ranks(text)
    assert read_ranks(text) == ranks
    assert RanksType().convert(text, None, None) == ranks
    assert RanksType().convert(ranks, None, None) == ranks


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "a", "1-", "1:00-1:05", "²", "a.mp4"])
def test_what_is_no_rank(text: str) -> None:
    assert not are_ranks(text)
    with pytest.raises(InputError, match=r"are no ranks of results; give numbers such as 1,4"):
        read_ranks(text)
    with pytest.raises(click.UsageError, match="no ranks"):
        RanksType().convert(text, None, None)


@pytest.mark.parametrize(("text", "says"), [("4-2", "counts backwards"), ("1-999999999", "more than 1000")])
def test_ranges_that_are_slips(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_ranks(text)
