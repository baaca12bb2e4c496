from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.words import passages as module
from framecue.words.passages import MAX_SECONDS, MIN_SECONDS, Passage, passages
from framecue.words.timed_text import SAID, WRITTEN, TimedText, TimedWord


def said(start: float, end: float, text: str, **more: object) -> TimedText:
    return TimedText(start, end, text, SAID, "en", **more)  # type: ignore[arg-type]


def brief(found: list[Passage]) -> list[tuple[float, float, str]]:
    return [(passage.start_seconds, passage.end_seconds, passage.text) for passage in found]


def test_sentences_are_joined_until_there_are_ten_seconds_and_the_last_short_one_begins_the_next() -> None:
    lines = [said(4 * place, 4 * place + 3.5, f"Sentence {place}.") for place in range(6)]
    found = passages(list(reversed(lines)))
    assert brief(found) == [
        (0, 11.5, "Sentence 0. Sentence 1. Sentence 2."),
        (8, 19.5, "Sentence 2. Sentence 3. Sentence 4."),
        (16, 23.5, "Sentence 4. Sentence 5."),
    ]
    assert [part.text for part in found[1].parts] == ["Sentence 2.", "Sentence 3.", "Sentence 4."]
    assert found[0].whole == said(0, 11.5, "Sentence 0. Sentence 1. Sentence 2.")


def test_lines_that_end_within_a_sentence_are_one_and_a_pause_ends_one_without_a_sign() -> None:
    lines = [
        said(0, 2, "Then we went to the bank"),
        said(2, 4, " and   signed the mortgage."),
        said(4, 6, "no full stop here"),
        said(7.5, 9, "after a pause"),
    ]
    (found,) = passages(lines)
    assert [part.text for part in found.parts] == [
        "Then we went to the bank and signed the mortgage.",
        "no full stop here",
        "after a pause",
    ]
    assert (found.parts[0].start_seconds, found.parts[0].end_seconds) == (0, 4)


def test_a_long_line_is_cut_where_its_words_end_sentences() -> None:
    words = ("We", "signed.", "Then", "we", "drank", "to", "it.", "And", "home")
    timed = tuple(TimedWord(place, place + 0.8, f" {word}") for place, word in enumerate(words))
    (found,) = passages([said(0, 9, " ".join(words), words=timed)])
    assert [(part.start_seconds, part.end_seconds, part.text) for part in found.parts] == [
        (0, 1.8, "We signed."),
        (2, 6.8, "Then we drank to it."),
        (7, 8.8, "And home"),
    ]
    # Words that are not those of the line say nothing about it.
    other = (*timed[:3], TimedWord(3, 4, "elsewhere."))
    (found,) = passages([said(0, 9, " ".join(words), words=other)])
    assert [part.text for part in found.parts] == [" ".join(words)]


def test_a_long_pause_divides_passages_and_nothing_is_carried_over_it() -> None:
    lines = [said(0, 3, "One."), said(4, 6, "Two."), said(20, 23, "Three.")]
    assert brief(passages(lines)) == [(0, 6, "One. Two."), (20, 23, "Three.")]


def test_speech_without_any_sign_is_cut_too() -> None:
    lines = [said(2 * place, 2 * place + 2, f"word{place}") for place in range(30)]
    found = passages(lines)
    assert all(passage.end_seconds - passage.start_seconds <= MAX_SECONDS for passage in found)
    assert {word for passage in found for word in passage.text.split()} == {f"word{place}" for place in range(30)}


def test_lines_that_are_on_screen_together_are_one_passage_and_the_next_slide_is_another() -> None:
    lines = [
        TimedText(0, 60, "Agenda", WRITTEN),
        TimedText(0, 60, "1. Budget", WRITTEN),
        TimedText(5, 60, "2. Hiring", WRITTEN),
        TimedText(60.5, 90, "Budget", WRITTEN),
    ]
    assert brief(passages(lines)) == [(0, 60, "Agenda 1. Budget 2. Hiring"), (60.5, 90, "Budget")]
    picture = [TimedText(0, 0, text, WRITTEN) for text in ("NO", "ENTRY")]
    assert brief(passages(picture)) == [(0, 0, "NO ENTRY")]


def test_a_picture_full_of_text_is_several_passages() -> None:
    lines = [TimedText(0, 5, f"{place:02} {'x' * 90}", WRITTEN) for place in range(40)]
    found = passages(lines)
    assert len(found) == 4
    assert sum(len(passage.parts) for passage in found) == 40


@pytest.mark.parametrize("texts", [[], [said(0, 1, "   ")]])
def test_nothing_said_is_no_passage(texts: list[TimedText]) -> None:
    assert passages(texts) == []


def test_the_ends_of_sentences_in_other_scripts() -> None:
    for text in (
        "家を買いました。",
        "क्या आप घर खरीद रहे हैं।",
        "هل اشتريت بيتا؟",
        "Oui ?",
        'He said "yes."',
        "(No!)",
    ):
        assert module._END.search(text), text
    assert not module._END.search("not yet,")


LINES = st.lists(
    st.tuples(
        st.floats(0, 5, width=16),
        # Lines that begin and end together keep the order in which they are given.
        st.floats(0.125, 12, width=16),
        st.sampled_from(["word", "Stop.", "two words", "Really?"]),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(lines=LINES, kind=st.sampled_from([SAID, WRITTEN]))
def test_every_word_is_in_a_passage_and_none_is_made_twice(lines, kind) -> None:
    texts, at = [], 0.0
    for place, (pause, length, text) in enumerate(lines):
        at += pause
        texts.append(TimedText(at, at + length, f"n{place} {text}", kind))
        at += length
    found = passages(texts)
    assert found == passages(list(reversed(texts)))
    together = " ".join(passage.text for passage in found)
    assert all(text.text in together for text in texts)
    assert len({passage.whole for passage in found}) == len(found)
    starts = [passage.start_seconds for passage in found]
    assert starts == sorted(starts)
    if kind == SAID:
        longest = max((part.end_seconds - part.start_seconds for passage in found for part in passage.parts), default=0)
        assert all(one.end_seconds - one.start_seconds <= max(MAX_SECONDS, longest) for one in found)
        assert MIN_SECONDS < MAX_SECONDS
