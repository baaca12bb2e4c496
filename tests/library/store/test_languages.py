from __future__ import annotations

import lancedb
import pyarrow as pa
import pytest

from framecue.library.store.languages import PLAIN, STEMMERS, column_of, guessed_language, language_of
from framecue.library.store.phrases import tokens_of
from framecue.library.store.timed_texts import _config
from framecue.words.timed_text import TimedText


@pytest.mark.parametrize(
    ("language", "column"),
    [
        ("en", "stems_en"),
        ("pt-BR", "stems_pt"),
        ("EN_us", "stems_en"),
        ("nb", "stems_no"),
        ("ja", PLAIN),
        (None, PLAIN),
    ],
)
def test_a_language_has_a_column_if_it_has_stems(language: str | None, column: str) -> None:
    assert column_of(language) == column
    assert (language_of(column) is None) == (column == PLAIN)


def test_lancedb_has_a_stemmer_for_each_of_these_languages(tmp_path: object) -> None:
    columns = [column_of(code) for code in STEMMERS]
    schema = pa.schema([pa.field(name, pa.string()) for name in columns])
    table = lancedb.connect(str(tmp_path)).create_table("words", schema=schema)
    for name in columns:
        table.create_index(name, config=_config(name))
    assert len(table.list_indices()) == len(STEMMERS)


SAID = {
    "en": "What have you done with the keys? I have not seen it, and we have to go to the house. "
    "It is late, and I want to know what this is for. You said that you have the car, and that it is not far.",
    "de": "Ich habe das nicht gesehen, und wir haben keine Zeit. Was ist mit der Tür? Sie ist auf, und du bist zu "
    "spät. Ich weiß nicht, was das ist, aber es war ein schöner Tag und die Sonne war zu sehen.",
    "fr": "Je ne sais pas ce que vous avez fait. C'est pour les enfants, et tu le sais. Il y a des gens dans la "
    "rue, et je pense que c'est le moment de partir. Vous êtes une amie, et je vous le dis.",
    "es": "No sé qué es lo que te pasa. Los niños se van con el abuelo y no vuelven por la tarde. Es una casa en el "
    "campo, y lo que mi hermano dice es que no hay nadie en un lugar así.",
    "sv": "Jag vet inte vad det är, och du har inte sagt det till mig. Vi har en bil som är på gatan, och jag tror "
    "att det är för sent att åka. Det är en dag som jag inte glömmer.",
    "ru": "Я не знаю, что это, и он не сказал. Как ты мог? Мы в доме, и он на улице, и это не то, что я хотел. "
    "Что ты сказал? Я не понял, и он не понял. Это всё, что мы знаем.",
}


@pytest.mark.parametrize("language", SAID)
def test_a_language_that_nobody_says_is_guessed(language: str) -> None:
    assert guessed_language(token.text for token in tokens_of(SAID[language])) == language


@pytest.mark.parametrize(
    "text",
    ["the and you that", "HOUSES FOR SALE " * 20, "我住在东京 " * 20, f"{SAID['en']} {SAID['de']}"],
)
def test_what_might_be_any_language_is_not_guessed(text: str) -> None:
    assert guessed_language(token.text for token in tokens_of(text)) is None


def test_subtitles_that_say_no_language_have_stems(make_store) -> None:
    store = make_store([{"path": "/a.mp4"}])
    lines = [TimedText(start, start + 1, text, "said") for start, text in enumerate(SAID["en"].split(". "))]
    store.words.write("id of /a.mp4", "sidecars", lines)
    (match,) = store.search_words("key", limit=9)
    assert "keys" in match.text
    assert match.language is None  # nobody has said it
