from __future__ import annotations

from typing import Any

import pytest

from framecue.checks import check_flags, check_kind, is_number, is_whole
from framecue.errors import InputError


@pytest.mark.parametrize(
    ("value", "number", "whole"),
    [
        (3, True, True),
        (-0.5, True, False),
        (True, False, False),
        (10**400, True, True),
        (float("nan"), False, False),
        (float("inf"), False, False),
        ("3", False, False),
        (None, False, False),
    ],
)
def test_numbers(value: Any, number: bool, whole: bool) -> None:
    assert (is_number(value), is_whole(value)) == (number, whole)


def test_flags() -> None:
    check_flags(prune=True, captions=False)
    for value in ("no", 1, None):
        with pytest.raises(InputError, match=r"^prune is .*; it must be True or False$"):
            check_flags(captions=False, prune=value)


def test_kinds() -> None:
    check_kind("a", None, dict)
    check_kind("a", {}, dict)
    with pytest.raises(InputError, match=r"^filters is 'x'; it must be dict, or None$"):
        check_kind("filters", "x", dict)
