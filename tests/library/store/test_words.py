from __future__ import annotations

import unicodedata

import pytest

from framecue.forms import composed
from framecue.library.store.rows import searchable_text
from framecue.library.store.words import (
    distinct_words,
    is_common,
    matched_words,
    name_words,
    query_words,
    says_something,
)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("beachParty2019", "beach Party 2019"),
        ("IMG20190504", "IMG 20190504"),
        ("über3Brücken", "über 3 Brücken"),
        ("beach_party-2019", "beach_party-2019"),
        ("IMAX", "IMAX"),
    ],
)
def test_names_are_split_where_one_word_ends(name: str, words: str) -> None:
    assert name_words(name) == words
    assert name_words(unicodedata.normalize("NFD", name)) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a dog on the beach", "dog beach"),
        ("The Who", "Who"),
        ("it is", "it is"),
        ("beach_party-2019", "beach party 2019"),
        ('"quoted" +plus -minus (x) y*', "quoted plus minus x y"),
        ("don't stop", "don't stop"),
        ("!?", ""),
    ],
)
def test_common_words_are_not_looked_up_unless_they_are_all(text: str, words: str) -> None:
    assert query_words(text) == words


@pytest.mark.parametrize(
    ("query", "text", "words"),
    [
        ("Hauser strand", "Häuser am STRAND", ("Hauser", "strand")),
        ("häuser", "HAUSER", ("häuser",)),
        ("häuser", unicodedata.normalize("NFD", "häuser"), ("häuser",)),
        ("strasse lodz", "Straße Łódź", ("strasse", "lodz")),
        ("dog dog Dog", "a dog", ("dog",)),
        ("cat", "category concat", ()),
        ("海岸", "日本の海岸", ("海岸",)),
        ("party", "beach_party-2019", ("party",)),
    ],
)
def test_words_match_whatever_their_case_and_accents(query: str, text: str, words: tuple[str, ...]) -> None:
    assert matched_words(query, text) == words


def test_the_text_of_a_row_has_names_caption_and_subtitles(make_row) -> None:
    row = make_row(path="/Ferien/beachParty.final.mp4", caption="a dog", subtitles="hello\nworld")
    assert searchable_text(row) == "beachParty.final\nFerien\nbeach Party.final\na dog\nhello\nworld"
    apart = make_row(path=unicodedata.normalize("NFD", "/Häuser.mp4"))
    assert searchable_text(apart) == composed("Häuser")


def test_words_are_looked_up_once_each() -> None:
    assert distinct_words("The the panda THE Panda") == "The panda"
    assert distinct_words("") == ""


def test_the_commonest_words_are_known() -> None:
    assert is_common("the")
    assert is_common("A")
    assert not is_common("week")


def test_what_says_something_has_more_than_common_words() -> None:
    for text in ("the week", "in 2019", "Дача", "🐸", "to be, or 3"):
        assert says_something(text), text
    for text in ("the", "in The to", "", "...", " , - "):
        assert not says_something(text), text
