"""Which encoding a text file is in, where nothing in it says so: UTF-8, or one of the code pages from before Unicode.

A detector (chardet) ranks the encodings, and the language in a file's name is a hint. What comes out must also look
like writing: bytes that are read in a wrong code page give mixed scripts, capitals within words, signs between letters.
Where nothing does, the encoding is unknown. A text that nobody could read is worse than none, as it cannot be found.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

__all__ = ["decode_text"]

_ENCODINGS_BY_MARK = {
    codecs.BOM_UTF8: "utf-8-sig",
    # Before UTF-16, whose mark is the beginning of this one's.
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WESTERN = ("cp1252", "iso8859-15")
_CENTRAL = ("cp1250", "iso8859-2")
_CYRILLIC = ("cp1251", "koi8-r", "koi8-u", "cp866", "iso8859-5")
# By the languages' codes of two and three letters, as they stand in the names of files.
_LEGACY_BY_LANGUAGES = {
    "en eng fr fre fra de ger deu es spa pt por it ita nl dut nld sv swe da dan no nor fi fin": _WESTERN,
    "pl pol cs cze ces sk slo slk hu hun ro rum ron hr hrv sl slv": _CENTRAL,
    "ru rus uk ukr bg bul be bel mk mac mkd": _CYRILLIC,
    "sr srp bs bos": (*_CYRILLIC, *_CENTRAL),
    "zh chi zho chs cht cmn yue": ("gb18030", "big5hkscs"),
    "ja jpn": ("cp932", "euc-jp", "iso2022_jp_2"),
    "ko kor": ("cp949",),
    "el gre ell": ("cp1253", "iso8859-7"),
    "he heb iw": ("cp1255", "iso8859-8"),
    "ar ara fa per fas ur urd": ("cp1256", "iso8859-6"),
    "tr tur az aze": ("cp1254", "iso8859-9"),
    "lt lit lv lav et est": ("cp1257", "iso8859-13"),
    "th tha": ("cp874",),
    "vi vie": ("cp1258",),
}
_LEGACY_BY_LANGUAGE = {code: names for codes, names in _LEGACY_BY_LANGUAGES.items() for code in codes.split()}
_ALL_LEGACY = sorted({name for names in _LEGACY_BY_LANGUAGES.values() for name in names})
# As much as the detector looks at by itself; it takes time in proportion.
_DETECTED_BYTES = 200_000
# Twice as much text as the detector sees: whether it looks like writing shows in this much.
_JUDGED_CHARS = 100_000

# Of Latin letters, more than this share with accents is no language (Vietnamese has a third).
_MAX_ACCENTED = 0.5
# Of words, this many may have a capital after a small letter (McDonald), or letters of two scripts.
_MAX_ODD_WORDS = 0.1
# Of words with other letters than English has, at least this share is in one script.
_MIN_ONE_SCRIPT = 0.8
# Of Chinese characters, at least this share is among the half that is in daily use.
_MIN_COMMON = 0.7
_WORD = re.compile(r"[^\W\d_]+(?:[^\W\d_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0e31-\u0e4e])*")
_CJK = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "HALFWIDTH", "FULLWIDTH")
# What shifts ISO-2022 from ASCII to other characters.
_SHIFT = b"\x1b$"
# What people type besides letters, and Windows's word processors make of quotes and dashes.
_SIGNS = frozenset("“”‘’„‚‹›«»…–—•·€£¥¢§¶©®™°¿¡½¼¾²³ªº±×÷\u00a0")  # noqa: RUF001
# Two bytes may be two letters of any script, or one character of East Asia: fewer bytes than these tell nothing.
_LEAST_BYTES = 5
_FEW_LETTERS = 20
# Letters of the Central European pages that hardly a word has, in the places of common Western ones (À, à, Å, å).
_RARE = frozenset("ŔŕĹĺ")
# Signs that stand beside letters in subtitles all the same.
_MUSIC = frozenset("♩♪♫♬°№™®©")
_NO_PUNCTUATION = frozenset("¶§¤¨¯´¸¦¬ª")  # noqa: RUF001
# Apostrophes, and what stands between letters where no spaces are written.
_WITHIN_WORDS = frozenset("’‘·、。「」『』（），！？：；…《》〈〉【】・〜“”״׳।")  # noqa: RUF001


def decode_text(data: bytes, languages: Iterable[str] = ()) -> str | None:
    """Return a text file's content as text.

    Args:
        data: the file's bytes.
        languages: codes of two or three letters ("ru", "chi") that its name gives, which decide between code pages
            that are equally possible.

    Returns:
        The text in the encoding that its byte order mark names, else in UTF-8, else in the legacy encoding that it is
        most likely in; None if no encoding makes a text of it.
    """
    for mark, encoding in _ENCODINGS_BY_MARK.items():
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if _SHIFT in data and (text := _decoded(data, "iso2022_jp_2")) is not None:
        return text  # all its bytes are ASCII
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    hinted = [name for language in languages for name in _LEGACY_BY_LANGUAGE.get(language.lower(), ())]
    for name in (*hinted, "cp1252"):
        text = _decoded(data, name)
        if text is not None and _has_signs_alone(text[:_JUDGED_CHARS]):
            return text
    return next(_legacy_readings(data, hinted), None) or _without_spoilt_bytes(data)


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _has_signs_alone(text: str) -> bool:
    """Whether a text is in English letters, with curly quotes, currencies and the like besides."""
    signs = [char for char in text if char > "\x7f"]
    num_letters = sum(char.isascii() and char.isalpha() for char in text)
    return num_letters >= 3 * len(signs) and _SIGNS.issuperset(signs) and not _has_odd_signs(text, most=0.0)


def _legacy_readings(data: bytes, hinted: Sequence[str]) -> Iterator[str]:
    """Yield the texts that bytes may be in legacy encodings, the likeliest first, before it what the name hints at."""
    ranked = dict.fromkeys([*_ranked(data, hinted), *hinted] if hinted else [])
    ranked |= dict.fromkeys(_ranked(data, [*_ALL_LEGACY, "utf-16-le", "utf-16-be"]))
    num_foreign = sum(byte > 0x7F for byte in data)
    for name in ranked:
        text = _decoded(data, name)
        is_hinted = name in hinted
        if text is None or not _is_writing(text[:_JUDGED_CHARS], name, is_hinted=is_hinted):
            continue
        if is_hinted or num_foreign >= _LEAST_BYTES or _is_latin(text):
            yield text


def _ranked(data: bytes, encodings: Sequence[str]) -> list[str]:
    """Return those of some encodings that bytes may be in, the likeliest first."""
    import chardet

    found = chardet.detect_all(
        data[:_DETECTED_BYTES],
        ignore_threshold=True,
        compat_names=False,
        # It has to be able to answer with this one if none fits.
        include_encodings=[*encodings, "cp1252"],
    )
    names = [item["encoding"] for item in found]
    return [name for name in names if name is not None and (name != "cp1252" or name in encodings)]


def _without_spoilt_bytes(data: bytes) -> str | None:
    """Return UTF-8 in which a few bytes are spoilt, with marks in their places; None if it is not UTF-8."""
    text = data.decode(errors="replace")
    num_spoilt = text.count("\ufffd")
    num_foreign = sum(char > "\x7f" for char in text) - num_spoilt
    return text if 10 * num_spoilt < num_foreign else None


def _is_writing(text: str, encoding: str, *, is_hinted: bool) -> bool:
    """Whether a text looks like writing in some language."""
    if any(unicodedata.category(char) in ("Cc", "Cn", "Co", "Cs") for char in set(text) - set("\n\r\t\x0b\x0c\x1a")):
        return False
    if _has_odd_signs(text):
        return False
    words = _WORD.findall(text)
    foreign = [word for word in words if any(char > "\x7f" and char.isalpha() for char in word)]
    num_odd = sum(_is_odd(word) for word in foreign)
    if not foreign or num_odd > _MAX_ODD_WORDS * len(foreign):
        return False
    by_script = Counter(_script(max(word)) for word in foreign)
    if by_script.most_common(1)[0][1] < _MIN_ONE_SCRIPT * len(foreign):
        return False
    letters = "".join(words)
    if _RARE.issuperset(char for char in letters if char > "\x7f"):
        return False
    latin = [char for char in letters if _script(char) == "LATIN"]
    is_told = is_hinted and len(latin) < _FEW_LETTERS
    if not is_told and sum(char > "\x7f" for char in latin) > _MAX_ACCENTED * len(latin):
        return False
    return _is_common(letters, encoding, num_latin=len(latin))


def _has_odd_signs(text: str, *, most: float = 0.02) -> bool:
    """Whether symbols stand beside letters, as they do where letters were taken for symbols."""
    num_letters = sum(char.isalpha() and char > "\x7f" for char in text)
    num_odd = 0
    for before, sign, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        num_beside = before.isalpha() + after.isalpha()
        if sign > "\x7f" and num_beside and not sign.isalpha() and sign not in _MUSIC:
            kind = unicodedata.category(sign)
            num_odd += kind in ("So", "Sm", "Sk", "No") or sign in _NO_PUNCTUATION
            num_odd += num_beside == 2 and kind in ("Sc", "Ps", "Pe", "Pi", "Pf", "Po") and sign not in _WITHIN_WORDS
    return num_odd > most * num_letters


def _is_odd(word: str) -> bool:
    """Whether a word has letters of two scripts, or a capital after a small letter."""
    scripts = {_script(char) for char in word}
    if len(scripts) > 1 and "CJK" not in scripts:
        return True
    return any(one.islower() and other.isupper() for one, other in pairwise(word))


def _is_common(letters: str, encoding: str, *, num_latin: int) -> bool:
    """Whether letters of East Asia are those in daily use, and not single ones among Latin letters."""
    chinese = [char for char in letters if _script(char) == "CJK"]
    if not chinese:
        return True
    if 4 * len(chinese) < num_latin and any(
        "CJK" in {_script(one), _script(other)} != {"CJK"} for one, other in pairwise(letters)
    ):
        return False
    ideographs = [char for char in chinese if "\u4e00" <= char <= "\u9fff"]
    if encoding == "gb18030":
        num_common = sum(_lead(char, "gb2312") in range(0xB0, 0xD8) for char in ideographs)
    elif encoding == "big5hkscs":
        num_common = sum(_lead(char, "big5") in range(0xA4, 0xC7) for char in ideographs)
    elif encoding == "cp949":
        # A Korean text today is in Hangul; the characters come in names.
        num_common = len(ideographs) if 2 * len(ideographs) < len(chinese) else 0
    else:
        num_common = sum(_lead(char, "shift_jis") in range(0x88, 0x99) for char in ideographs)
    return num_common >= _MIN_COMMON * len(ideographs)


def _lead(char: str, encoding: str) -> int:
    """Return the first byte of a character in an encoding in which those in daily use come first; 0 for none."""
    try:
        return char.encode(encoding)[0]
    except UnicodeEncodeError:
        return 0


def _script(char: str) -> str:
    """Return the script of a letter by its name; one name for those of East Asia, which are written together."""
    name = unicodedata.name(char, "").split(" ", 1)[0].split("-", 1)[0]
    if unicodedata.combining(char) and name == "COMBINING":
        return "LATIN"
    return "CJK" if name in _CJK else name


def _is_latin(text: str) -> bool:
    return all(_script(char) == "LATIN" for char in text if char > "\x7f" and char.isalpha())
