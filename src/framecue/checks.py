"""Checks of single values that a caller gives; they import nothing, so that options are checked at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeGuard

from framecue.errors import InputError

__all__ = ["MAX_TEXT_LENGTH", "check_flags", "check_kind", "check_text", "check_texts", "is_number", "is_whole"]

MAX_TEXT_LENGTH = 10_000
"""How many characters a text for a model may have: some models read 64 words of it, and splitting it takes memory."""


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a value is a finite number; True and False are not."""
    return is_whole(value) or (isinstance(value, float) and math.isfinite(value))


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a value is a whole number; True and False are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def check_flags(**flags: object) -> None:
    """Refuse a flag that is neither True nor False: by its truth, any text would switch it on.

    Raises:
        InputError: a flag is something else; the message names it.
    """
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise InputError(f"{name} is {value!r}; it must be True or False")


def check_kind(name: str, value: object, kind: type) -> None:
    """Refuse a value that is neither None nor of a class.

    Raises:
        InputError: it is something else; the message names it and the class.
    """
    if value is not None and not isinstance(value, kind):
        raise InputError(f"{name} is {value!r}; it must be {kind.__name__}, or None")


def check_text(text: str) -> None:
    """Refuse a text that no model can read: one that is too long, or is no text.

    Raises:
        InputError: it is longer than MAX_TEXT_LENGTH, or holds bytes that are no characters.
    """
    if len(text) > MAX_TEXT_LENGTH:
        raise InputError(f"the text {text[:40]!r}... has {len(text)} characters; give at most {MAX_TEXT_LENGTH}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        shown = text[:40].encode(errors="backslashreplace").decode()
        raise InputError(
            f"the text '{shown}' is not valid Unicode (at character {error.start + 1}); give it in UTF-8"
        ) from error


def check_texts(texts: Sequence[str]) -> None:
    """Refuse texts that no model can encode.

    Raises:
        InputError: there is none, or one has only spaces, or is refused by `check_text`.
    """
    if not texts:
        raise InputError("no text to encode; give at least one")
    for text in texts:
        if not text.strip():
            raise InputError(f"cannot encode {text!r}: type at least one word")
        check_text(text)
