import pytest

from framecue.errors import InputError
from framecue.words.speech_languages import LANGUAGES, code_of_whisper, speech_language, whisper_code
from support.spoken import tiny_whisper


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *[("en", "en"), ("EN", "en"), ("eng", "en"), ("en-GB", "en"), ("German", "de"), ("haitian creole", "ht")],
        *[("deu", "de"), ("ger", "de"), ("yue", "yue"), ("jw", "jv"), ("jv", "jv"), (" fr ", "fr")],
    ],
)
def test_languages_have_one_code(text: str, code: str) -> None:
    assert speech_language(text) == code


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("klingon", r"^no speech is heard in a language 'klingon'; known: af, am, ar, .*, zh$"),
        ("germn", r"^no speech is heard in a language 'germn'; did you mean de \(German\)\? known: af, "),
        ("xx", r"^no speech is heard in a language 'xx'; known: "),
        ("", r"^no speech is heard in a language ''; known: "),
    ],
)
def test_a_language_that_does_not_exist(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        speech_language(text)


def test_they_are_those_of_the_model() -> None:
    tiny_whisper()
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    assert sorted(map(whisper_code, LANGUAGES)) == sorted(_LANGUAGE_CODES)
    assert [code_of_whisper(whisper_code(code)) for code in LANGUAGES] == list(LANGUAGES)
