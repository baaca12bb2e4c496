from __future__ import annotations

import math

import pytest

from framecue.library.search.legs.coverage import Seeker, Sighting, strengths
from framecue.library.search.weights import LegWeights


def shown(text: str, sighting: Sighting) -> list[str]:
    return [text[start:end] for start, end in sighting.spans]


def test_words_are_found_whatever_their_case_and_accents() -> None:
    text = "Le Café was full; a café"
    sighting = Seeker("the cafe is FULL").look(text)
    assert (sighting.words, shown(text, sighting)) == ({"cafe", "full"}, ["Café", "full", "café"])
    assert Seeker("the cafe").look("nothing here") == Sighting()


def test_scripts_without_spaces_are_found_character_by_character() -> None:
    text = "私は東京都に住んでいます"
    assert "".join(shown(text, Seeker("東京", ["東京"]).look(text))) == "東京"
    assert Seeker("東京", ["京東"]).look(text) == Sighting()
    assert shown("שלום עולם", Seeker("עולם").look("שלום עולם")) == ["עולם"]


def test_every_phrase_has_to_stand_as_it_is() -> None:
    seeker = Seeker("happy birthday to you", ["happy birthday", "to you"])
    assert seeker.words == ("happy", "birthday", "to", "you")
    text = "to you, my dear: happy birthday"
    assert shown(text, seeker.look(text)) == ["to you", "happy birthday"]
    assert seeker.look("happy birthday, and you") == Sighting()
    assert Seeker("!!", ["!!"]).look("!!") == Sighting()


def test_forms_that_an_index_has_found_are_told_by_how_they_begin() -> None:
    text = "We signed two mortgages"
    sighting = Seeker("signing the mortgage").told(text, [(3, 9), (14, 23)])
    assert (sighting.words, shown(text, sighting)) == ({"signing", "mortgage"}, ["signed", "mortgages"])
    assert Seeker("mortgage").told(text, [(10, 13)]).words == frozenset()


def test_strengths_worked_out_by_hand() -> None:
    """Two words of a hundred texts: one in a single text, one in four."""
    rare, common = math.log1p(99.5 / 1.5), math.log1p(96.5 / 4.5)
    both, one = Sighting(frozenset({"comet", "night"})), Sighting(frozenset({"night"}))
    weights = LegWeights(least_coverage=0.25, sharpness=1.0, hint=0.0)
    values = strengths([both, one, one, one], ["comet", "night"], num_texts=100, weights=weights, is_alone=False)
    share = common / (rare + common)
    assert values == pytest.approx([1.0, *[(share - 0.25) / 0.75 * (1 - (3 / 99) ** 2)] * 3])
    alone = strengths([both, one], ["comet", "night"], num_texts=100, weights=weights, is_alone=True)
    assert alone[0] == 1
    assert 0 < alone[1] < 1


def test_what_has_less_than_half_of_a_query_is_a_hint_and_no_more() -> None:
    found = [Sighting(frozenset({"dog"}), run=1)]
    wanted = ["dog", "catches", "frisbee"]
    (value,) = strengths(found, wanted, num_texts=50, weights=LegWeights(), is_alone=False)
    assert 0 < value < LegWeights().hint / 3
    assert strengths(found, wanted, num_texts=50, weights=LegWeights(hint=0), is_alone=False) == [0]
    assert strengths(found, wanted, num_texts=50, weights=LegWeights(), is_alone=True)[0] > 0


def test_a_word_that_all_texts_have_tells_none_of_them() -> None:
    every = [Sighting(frozenset({"film"}))] * 50
    assert strengths(every, ["film"], num_texts=50, weights=LegWeights(), is_alone=False) == [0] * 50
    assert strengths([], ["film"], num_texts=50, weights=LegWeights(), is_alone=False) == []
    assert strengths([Sighting(frozenset({"film"}))], ["film"], num_texts=1, weights=LegWeights(), is_alone=False) == [
        1
    ]


def test_words_in_a_row_are_a_match_whatever_else_is_asked() -> None:
    seeker = Seeker("the panda shrinks we signed the mortgage today and a grand opening")
    said, title, apart = map(
        seeker.look, ("So we signed the mortgage today", "GRAND OPENING", "a panda with a mortgage signed nothing")
    )
    assert [(one.run, one.is_run_all) for one in (said, title, apart)] == [(4, False), (2, True), (1, False)]
    values = strengths([said, title, apart], seeker.words, num_texts=90, weights=LegWeights(), is_alone=False)
    assert values[0] > 0.75
    assert values[1] > 0.75
    assert values[2] < 0.1
