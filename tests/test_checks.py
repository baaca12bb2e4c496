from __future__ import annotations

import re
from typing import Any

import pytest

from framecue.checks import MAX_TEXT_LENGTH, check_flags, check_kind, check_text, is_number, is_whole
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


@pytest.mark.parametrize("text", ["", "a dog", "猫 🎬", "a" * MAX_TEXT_LENGTH, "é" * MAX_TEXT_LENGTH], ids=range(5))
def test_texts(text: str) -> None:
    check_text(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a" * (MAX_TEXT_LENGTH + 1), "has 10001 characters; give at most 10000"),
        ("猫 " * 1_000_000, "has 2000000 characters; give at most 10000"),
        ("caf\udce9", r"the text 'caf\udce9' is not valid Unicode (at character 4)"),
        ("\ud83d" * 500, "is not valid Unicode (at character 1)"),
    ],
    ids=["long", "very long", "bytes", "halves"],
)
def test_what_no_model_can_read(text: str, says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)) as caught:
        check_text(text)
    assert len(str(caught.value).encode()) < 400
