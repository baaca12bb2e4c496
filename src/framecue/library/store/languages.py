"""The languages whose words LanceDB brings to their stems, and the column of a table for each."""

from __future__ import annotations

__all__ = ["PLAIN", "STEMMERS", "column_of", "language_of"]

# LanceDB's name for each, by ISO 639-1 code.
STEMMERS = {
    "ar": "Arabic",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "hu": "Hungarian",
    "it": "Italian",
    "nl": "Dutch",
    "no": "Norwegian",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "ta": "Tamil",
    "tr": "Turkish",
}
# Both written forms of Norwegian have a code of their own.
_SAME = {"nb": "no", "nn": "no"}
# The column of texts in all other languages, and of those whose language nobody knows.
PLAIN = "plain"
_PREFIX = "stems_"


def column_of(language: str | None) -> str:
    """Return the name of the column in which the words of a language are searched.

    An index has one language, so each language that has stems has a column, and the words of a query are brought to
    their stems in each of them.

    Args:
        language: ISO 639-1 code, perhaps with a region (``pt-BR``); None if nobody knows it.
    """
    code = (language or "").lower().replace("_", "-").partition("-")[0]
    code = _SAME.get(code, code)
    return f"{_PREFIX}{code}" if code in STEMMERS else PLAIN


def language_of(column: str) -> str | None:
    """Return LanceDB's name of the language of such a column; None if its words are left as they are."""
    return STEMMERS.get(column.removeprefix(_PREFIX)) if column.startswith(_PREFIX) else None
