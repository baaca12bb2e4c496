from __future__ import annotations

import unicodedata

import pytest

from framecue.library.store.phrases import phrase_places, spelled, tokens_of, unspaced_runs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("We signed the Mortgage, didn't we?", "we signed the mortgage didn t we"),
        ("Ça va à l\u2019École", "ca va a l ecole"),
        (unicodedata.normalize("NFD", "Ça va à l\u2019École"), "ca va a l ecole"),
        ("\uff21\uff22\uff23 straße ŁÓDŹ", "abc strasse lodz"),
        ("我住在东京 Tower", "我 住 在 东 京 tower"),
        ("がっこうへ", "が っ こ う へ"),
        ("학교에 가요", "학 교 에 가 요"),
        ("שָׁלוֹם עולם", "שלום עולם"),
        ("مُحَمَّد", "محمد"),
        ("हिन्दी में", "हिन्दी में"),
        ("2024_05-31", "2024 05 31"),
        ("… —!", ""),
    ],
)
def test_a_text_is_spelled_without_what_makes_no_other_word_of_it(text: str, words: str) -> None:
    assert spelled(tokens_of(text)) == unicodedata.normalize("NFC", words)


def test_words_know_where_they_stand() -> None:
    text = "«Ça va»"
    assert [text[token.start : token.end] for token in tokens_of(text)] == ["Ça", "va"]


def test_a_phrase_is_found_wherever_it_stands() -> None:
    text = tokens_of("No, no, no: no more. No More!")
    assert list(phrase_places(tokens_of("no more"), text)) == [(3, 5), (5, 7)]
    assert list(phrase_places(tokens_of("more no"), text)) == [(4, 6)]
    assert list(phrase_places(tokens_of("no yes"), text)) == []
    assert list(phrase_places([], text)) == []


def test_parts_without_spaces_are_looked_for_as_phrases() -> None:
    assert unspaced_runs("Tower 東京都 and 東京都 학교") == ["東京都", "학교"]
    assert unspaced_runs("only words") == []
