from __future__ import annotations

import pytest
from click import BadParameter

from framecue.cli.shares import ShareType, read_share
from framecue.errors import InputError


@pytest.mark.parametrize(
    ("text", "share"),
    [
        *[("0", 0.0), ("1", 1.0), ("0.25", 0.25), (".5", 0.5), (" 1. ", 1.0)],
        *[("25%", 0.25), ("25 %", 0.25), ("12.5%", 0.125), ("0%", 0.0), ("100 %", 1.0)],
    ],
)
def test_a_share_is_a_number_or_a_percentage(text: str, share: float) -> None:
    assert read_share(text) == ShareType().convert(text, None, None) == share


@pytest.mark.parametrize("text", ["25", "-0.1", "-5%", "101%", "1.01", "nan", "inf%", "1e-1", "%", "", "a", "2%%"])
def test_what_is_no_share_is_told_both_forms(text: str) -> None:
    says = r"is no share; write a number from 0 to 1, such as 0\.25, or a percentage, such as 25%$"
    with pytest.raises(InputError, match=says):
        read_share(text)
    with pytest.raises(BadParameter, match=says):
        ShareType().convert(text, None, None)


def test_a_share_that_is_read_already_stays() -> None:
    assert ShareType().convert(0.25, None, None) == 0.25
