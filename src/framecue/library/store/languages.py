"""The languages whose words LanceDB brings to their stems, and the column of a table for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

__all__ = ["PLAIN", "STEMMERS", "column_of", "guessed_language", "language_of"]

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


# Of each language the words that make up a fifth or more of what is said in it, without accents. Where two languages
# share most of them, also some that tell them apart.
_COMMONEST = {
    code: frozenset(words.split())
    for code, words in {
        "da": "og det at jeg er ikke en du som pa til af hvad mig dig har vi",
        "de": "der die das und ich ist nicht sie es wir ein was auf mit zu du",
        "en": "the and you that is it of to in what have not this for with we i",
        "es": "el los que de y no es en un por una con lo se te mi",
        "fi": "ja on ei se han mina etta mita olen niin mutta oli",
        "fr": "le les et je vous est que pas de un une des pour tu ce c",
        "hu": "a az es nem hogy ez van egy de meg is",
        "it": "il che di e non un per sono una con mi ho lo ti si",
        "nl": "de het een en ik is dat niet je van we zijn wat op",
        "no": "og det at jeg er ikke en du som pa til av hva meg deg har vi",
        "pt": "o que de e nao um para voce uma com os eu isso do da",
        "ro": "si nu sa este ce o un pe la cu de am ca",
        "ru": "и не в что на я он это как ты мы",
        "sv": "och det att jag ar inte en du som pa for vi har mig",
        "tr": "bir ve bu ne icin da de degil ben cok var mi",
    }.items()
}
# With fewer words, and with a lead that is smaller, chance may decide.
_LEAST_WORDS, _LEAST_SHARE, _LEAD = 30, 0.15, 1.5


def guessed_language(words: Iterable[str]) -> str | None:
    """Return the language that the commonest words of a text are in, as many subtitles do not say theirs.

    It chooses only which stems are looked for. The words of a query are brought to the stems of every language, so a
    wrong guess loses no word that is written as it was asked for.

    Args:
        words: of the text, without case and accents.

    Returns:
        An ISO 639-1 code; None if there are too few words, or if it might be another language.
    """
    counts = Counter(words)
    total = counts.total()
    if total < _LEAST_WORDS:
        return None
    found = {code: sum(counts[word] for word in commonest) for code, commonest in _COMMONEST.items()}
    (best, first), (_, second) = sorted(found.items(), key=lambda item: -item[1])[:2]
    return best if first >= _LEAST_SHARE * total and first >= _LEAD * second else None
