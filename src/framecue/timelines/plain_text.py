"""Names and queries as other programs can take them: one line of sound UTF-8, whatever a file is called."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["plain", "plain_stem"]

# What ends a line or obeys nobody becomes a space, what is no character a sign for one.
_SPACES = frozenset({"Cc", "Zl", "Zp"})
_NO_CHARACTER = "\ufffd"
# They turn the direction of writing, and so could make a name look like another.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# They lead to another folder, or may be in no name, on one system or another.
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|]')
_NO_NAME = "video"


def plain(text: str, *, longest: int | None = None) -> str:
    """Return a text in one line, without control characters, spaces at its ends, and bytes that are not UTF-8.

    Args:
        text: any, such as the name of a file.
        longest: how many characters it may have, an ellipsis among them; None for any number.
    """
    line = "".join(_shown(char) for char in text if char not in _TURNING)
    line = " ".join(line.split())
    return line if longest is None or len(line) <= longest else line[: longest - 1].rstrip() + "\u2026"


def plain_stem(text: str, *, longest_bytes: int) -> str:
    """Return a text as a part of a file's name that every system takes, and that leads nowhere else.

    Args:
        text: any, such as the name of a file without its suffix.
        longest_bytes: how many bytes it may have.
    """
    name = _NOT_IN_NAMES.sub("_", plain(text)).encode()[:longest_bytes].decode("utf-8", "ignore")
    return name.strip(". ") or _NO_NAME


def _shown(char: str) -> str:
    category = unicodedata.category(char)
    return " " if category in _SPACES else _NO_CHARACTER if category == "Cs" else char
