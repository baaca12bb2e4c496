from __future__ import annotations

from framecue.words.cue_texts import timed_texts
from framecue.words.cues import Cue
from framecue.words.timed_text import TimedText


def said(start: float, end: float, text: str, language: str | None = None) -> TimedText:
    return TimedText(start, end, text, "said", language)


def test_the_lines_of_a_cue_are_one_text_and_what_has_no_words_is_left_out() -> None:
    cues = [Cue(1, 2, "- Hello,\n- who is it?", "en"), Cue(2, 3, "♪ ♪"), Cue(4, 5, "…")]
    assert timed_texts(cues) == [said(1, 2, "- Hello, - who is it?", "en")]


def test_a_cue_that_repeats_the_one_before_prolongs_it() -> None:
    assert timed_texts([Cue(1, 2, "a"), Cue(2.1, 3, "a"), Cue(5, 6, "a")]) == [said(1, 3, "a"), said(5, 6, "a")]


def test_captions_that_roll_give_each_line_once() -> None:
    cues = [
        Cue(0.0, 2.0, "so today we are"),
        Cue(2.0, 2.01, "so today we are"),
        Cue(2.01, 4.0, "so today we are\ngoing to cook"),
        Cue(4.0, 4.01, "going to cook"),
        Cue(4.01, 6.0, "going to cook\nan egg"),
    ]
    assert timed_texts(cues) == [
        said(0.0, 2.01, "so today we are"),
        said(2.01, 4.01, "going to cook"),
        said(4.01, 6.0, "an egg"),
    ]


def test_cues_of_two_languages_do_not_hide_each_other() -> None:
    cues = [Cue(0, 2, "no", "en"), Cue(0, 2, "no", "es"), Cue(2, 3, "no", "en"), Cue(2, 3, "sí", "es")]
    assert timed_texts(cues) == [said(0, 3, "no", "en"), said(0, 2, "no", "es"), said(2, 3, "sí", "es")]
