from __future__ import annotations

import pytest

from framecue.words.languages import short_code


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "en"),
        ("eng", "en"),
        ("ENG", "en"),
        ("ger", "de"),
        ("deu", "de"),
        ("zh-Hant-TW", "zh"),
        ("pt_BR", "pt"),
        ("cmn", "zh"),
        ("iw", "he"),
        (" fre ", "fr"),
        ("nob", "no"),
        ("und", None),
        ("mul", None),
        ("", None),
        ("english", None),
        (None, None),
    ],
)
def test_a_code_of_two_letters_of_what_files_say(tag: str | None, code: str | None) -> None:
    assert short_code(tag) == code
