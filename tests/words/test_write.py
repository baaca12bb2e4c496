from __future__ import annotations

import pysubs2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.words.cues import Cue, parse_cues, tidy
from framecue.words.timed_text import TimedText
from framecue.words.write import WORD_FORMATS, format_words

TEXTS = [
    TimedText(3723.4567, 3725.0, "café 北京 שלום", "written"),
    TimedText(1.0, 2.5, "Hello", "said"),
    TimedText(2.0, 4.0, "overlapping\n\n\nlines", "said"),
]


def test_srt() -> None:
    assert (
        format_words(TEXTS, "srt")
        == """1
00:00:01,000 --> 00:00:02,500
Hello

2
00:00:02,000 --> 00:00:04,000
overlapping
lines

3
01:02:03,457 --> 01:02:05,000
café 北京 שלום
"""
    )


def test_vtt() -> None:
    assert format_words(TEXTS[:2], "vtt") == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nHello\n\n01:02:03.457 --> 01:02:05.000\ncafé 北京 שלום\n"
    )


def test_txt() -> None:
    assert format_words(TEXTS, "txt") == "Hello\noverlapping\nlines\ncafé 北京 שלום\n"


@pytest.mark.parametrize(("format_name", "empty"), [("srt", ""), ("vtt", "WEBVTT\n"), ("txt", "")])
def test_no_words(format_name: str, empty: str) -> None:
    assert format_words([], format_name) == empty
    assert format_words([TimedText(0, 1, " \n", "said")], format_name) == empty


def test_what_stands_at_one_time_has_a_length() -> None:
    assert "00:00:00,000 --> 00:00:00,001\n" in format_words([TimedText(0, 0, "a picture", "written")], "srt")


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="not written as 'ass'; known: srt, vtt, txt"):
        format_words(TEXTS, "ass")
    assert WORD_FORMATS == ("srt", "vtt", "txt")


@pytest.mark.parametrize(
    ("text", "read_from_srt"),
    [
        ("a --> b", "a → b"),
        ("at 00:00:01,000 --> then", "at 00:00:01,000 → then"),
        ("if a<b> then", "if a< b> then"),
        (r"{\an8} is a tag", r"{ \an8} is a tag"),
        ("3 < 4 & 5 > 2, &amp; &lt;", None),
        ("1", None),
        ("NOTE this\nSTYLE that\n7\nWEBVTT", None),
    ],
)
def test_what_looks_like_markup_is_read_back_as_text(text: str, read_from_srt: str | None) -> None:
    texts = [TimedText(1.0, 2.0, text, "written"), TimedText(5.0, 6.0, "after", "written")]
    after = Cue(5.0, 6.0, "after")
    if not text.startswith("{"):  # in WebVTT no markup, which our own reader takes out all the same
        assert parse_cues(format_words(texts, "vtt"), "vtt") == [Cue(1.0, 2.0, text), after]
    # HTML's signs may be read as what they stand for in SubRip files: there is no other way to write them.
    plain = (read_from_srt or text).replace("&amp;", "&").replace("&lt;", "<")
    assert parse_cues(format_words(texts, "srt"), "srt") == [Cue(1.0, 2.0, plain), after]


@settings(max_examples=60)
@given(
    texts=st.lists(
        st.builds(
            TimedText,
            st.floats(0, 1e5),
            st.floats(0, 1e5),
            st.text(st.characters(codec="utf-8"), max_size=20),
            st.just("said"),
        ),
        max_size=5,
    )
)
def test_other_readers_find_every_cue(texts: list[TimedText]) -> None:
    starts = sorted(round(1000 * text.start_seconds) for text in texts if tidy(text.text))
    for format_name in ("srt", "vtt"):
        events = pysubs2.SSAFile.from_string(format_words(texts, format_name), format_=format_name)
        assert [event.start for event in events] == starts
        assert all(event.end > event.start for event in events)
