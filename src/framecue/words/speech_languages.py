"""The languages that Whisper hears, by code and by name."""

from __future__ import annotations

from difflib import get_close_matches

from framecue.errors import InputError
from framecue.video.read.languages import iso_639_1

__all__ = ["LANGUAGES", "code_of_whisper", "speech_language", "whisper_code"]

_TABLE = """
    af:Afrikaans am:Amharic ar:Arabic as:Assamese az:Azerbaijani ba:Bashkir be:Belarusian bg:Bulgarian bn:Bengali
    bo:Tibetan br:Breton bs:Bosnian ca:Catalan cs:Czech cy:Welsh da:Danish de:German el:Greek en:English es:Spanish
    et:Estonian eu:Basque fa:Persian fi:Finnish fo:Faroese fr:French gl:Galician gu:Gujarati ha:Hausa haw:Hawaiian
    he:Hebrew hi:Hindi hr:Croatian ht:Haitian_Creole hu:Hungarian hy:Armenian id:Indonesian is:Icelandic it:Italian
    ja:Japanese jv:Javanese ka:Georgian kk:Kazakh km:Khmer kn:Kannada ko:Korean la:Latin lb:Luxembourgish ln:Lingala
    lo:Lao lt:Lithuanian lv:Latvian mg:Malagasy mi:Maori mk:Macedonian ml:Malayalam mn:Mongolian mr:Marathi ms:Malay
    mt:Maltese my:Myanmar ne:Nepali nl:Dutch nn:Nynorsk no:Norwegian oc:Occitan pa:Punjabi pl:Polish ps:Pashto
    pt:Portuguese ro:Romanian ru:Russian sa:Sanskrit sd:Sindhi si:Sinhala sk:Slovak sl:Slovenian sn:Shona so:Somali
    sq:Albanian sr:Serbian su:Sundanese sv:Swedish sw:Swahili ta:Tamil te:Telugu tg:Tajik th:Thai tk:Turkmen
    tl:Tagalog tr:Turkish tt:Tatar uk:Ukrainian ur:Urdu uz:Uzbek vi:Vietnamese yi:Yiddish yo:Yoruba yue:Cantonese
    zh:Chinese
"""
LANGUAGES = {code: name.replace("_", " ") for code, _, name in (entry.partition(":") for entry in _TABLE.split())}
"""The English name of each language by its code: ISO 639-1, or 639-3 where there are no two letters."""

# Whisper has another code for Javanese than ISO.
_OTHER_CODES = {"jv": "jw"}


def speech_language(text: str) -> str:
    """Return the code of a language that Whisper hears.

    Args:
        text: its code ("de", "deu", "de-AT") or its English name.

    Raises:
        InputError: Whisper does not know it, or it is none.
    """
    wanted = text.strip()
    code = iso_639_1(wanted)
    if code in LANGUAGES:
        return code
    if wanted == "jw":
        return "jv"
    by_name = {name.lower(): code for code, name in LANGUAGES.items()}
    if wanted.lower() in by_name:
        return by_name[wanted.lower()]
    near = get_close_matches(wanted.lower(), [*by_name, *LANGUAGES], n=1, cutoff=0.7)
    hint = ""
    if near:
        meant = by_name.get(near[0], near[0])
        hint = f" did you mean {meant} ({LANGUAGES[meant]})?"
    raise InputError(f"no speech is heard in a language {text!r};{hint} known: {', '.join(LANGUAGES)}")


def whisper_code(code: str) -> str:
    """Return what Whisper calls a language of `LANGUAGES`."""
    return _OTHER_CODES.get(code, code)


def code_of_whisper(code: str) -> str:
    """Return the code in `LANGUAGES` of what Whisper calls a language."""
    return next((ours for ours, theirs in _OTHER_CODES.items() if theirs == code), code)
