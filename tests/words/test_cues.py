from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.words.cues import Cue, parse_cues, plain_dialogue, tidy


@pytest.mark.parametrize(
    ("times", "cue"),
    [
        ("00:00:01 --> 00:00:02", (1.0, 2.0)),
        ("0:0:1 --> 0:0:2", (1.0, 2.0)),
        ("00:01 --> 00:02", (1.0, 2.0)),
        ("00:00:01,5 --> 00:00:02,25", (1.5, 2.25)),
        ("00:00:01.500 -> 00:00:02.5", (1.5, 2.5)),
        ("00:00:01:500 --> 00:00:02:500", (1.5, 2.5)),
        ("00:00:01,123456 --> 00:00:02,000000", (1.123, 2.0)),
        ("  00:00:01,000-->00:00:02,000  X1:10 X2:20", (1.0, 2.0)),
        ("01:00:01 --> 01:00:02", (3601.0, 3602.0)),
        ("-00:00:05,000 --> 00:00:02,000", (0.0, 2.0)),
    ],
)
@pytest.mark.parametrize("format_name", ["srt", "vtt"])
def test_times_in_the_forms_that_people_write(times: str, cue: tuple[float, float], format_name: str) -> None:
    assert parse_cues(f"WEBVTT\n\n1\n{times}\nhello 10:30\n", format_name) == [Cue(*cue, "hello 10:30")]


def test_srt_without_markup() -> None:
    text = """1
00:00:01,000 --> 00:00:02,000
<i>Hello</i> <font color="red">world</font>
{\\an8}3 < 4 &amp; 5 > 2, i <3 you

2
00:00:04.5 --> 00:00:03,000

3
00:00:04,000 --> 00:00:03,000
Back in time


in 1999

4
01:00:00,000 --> 01:00:01,000
<b></b>
"""
    assert parse_cues(text, "srt") == [
        Cue(1.0, 2.0, "Hello world\n3 < 4 & 5 > 2, i <3 you"),
        Cue(4.0, 4.0, "Back in time\nin 1999"),
    ]


def test_vtt_with_names_comments_styles_voices_and_times_within_a_line() -> None:
    text = """WEBVTT - a title

NOTE a comment
that goes on

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.000 align:start position:0%
<v Roger Bingham>Hello<00:00:01.250><c.yellow> there</c><00:00:01.500><c> you</c>

NOTE another comment

00:00:03.000 --> 00:00:04.000
&lt;x&gt;&nbsp;&amp; y

last words
01:00:03.000 --> 01:00:04.000
Bye
"""
    assert parse_cues(text, "vtt") == [
        Cue(1.0, 2.0, "Hello there you"),
        Cue(3.0, 4.0, "<x> & y"),
        Cue(3603.0, 3604.0, "Bye"),
    ]


@pytest.mark.parametrize("text", ["", "WEBVTT\n", "hello", "00:00:01,000", "1\n00:00:01,000 --> 00:00:02,000\n\n"])
@pytest.mark.parametrize("format_name", ["srt", "vtt"])
def test_what_holds_no_words_gives_no_cues(text: str, format_name: str) -> None:
    assert parse_cues(text, format_name) == []


def test_a_cue_as_long_as_a_book_is_cut() -> None:
    (cue,) = parse_cues("00:00:01,000 --> 00:00:02,000\n" + "word " * 10_000, "srt")
    assert len(cue.text) < 1001


def test_tidy_keeps_words_of_any_script() -> None:
    persian = "\u200f\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"  # its joiners are no control characters
    assert tidy(f" a\t b\x1b[31m\x00 \n\n\N{ZERO WIDTH NO-BREAK SPACE}{persian}\n") == f"a b [31m\n{persian}"


_TOKENS = [
    "1",
    "\n",
    "\n\n",
    " ",
    "00:00:01,000",
    "00:01.000",
    " --> ",
    "<i>",
    "</i>",
    "<",
    ">",
    "{\\b1}",
    "{",
    "&amp;",
]


@settings(max_examples=200)
@given(
    parts=st.lists(st.sampled_from(_TOKENS) | st.text(st.characters(exclude_categories=("Cs",)), max_size=5)),
    format_name=st.sampled_from(["srt", "vtt"]),
)
def test_any_text_gives_cues_in_order(parts: list[str], format_name: str) -> None:
    cues = parse_cues("".join(parts), format_name)
    assert [cue.start_seconds for cue in cues] == sorted(cue.start_seconds for cue in cues)
    for cue in cues:
        assert cue.end_seconds >= cue.start_seconds
        assert cue.text == tidy(cue.text) != ""


@pytest.mark.parametrize("format_name", ["srt", "vtt"])
def test_times_with_a_colon_and_no_hours_are_no_failure(format_name: str) -> None:
    text = ":00:00:01.000 --> 00:00:02.000\nlost\n\nx :00:01.000 :00:02.000 y\n\n00:00:03.000 --> 00:00:04.000\nfound"
    assert parse_cues(text, format_name)[-1].text == "found"


@pytest.mark.parametrize("evil", ["{", "{\\", "<", "<i", "<font ", "a\n\n\n", "\n 1 ", "&#", "1:", "00:00:00,000 --> "])
def test_parsing_takes_no_more_than_a_moment_for_what_is_made_to_take_long(evil: str) -> None:
    # Quadratic patterns would take minutes here, and run into the time limit of a test.
    text = "00:00:01,000 --> 00:00:02,000\nx" + evil * (1_000_000 // len(evil)) + "y"
    for format_name in ("srt", "vtt"):
        assert len(parse_cues(text, format_name)) <= 1


@pytest.mark.parametrize(
    ("dialogue", "text"),
    [
        ("Hello", "Hello"),
        (r"{\i1}Hello{\i0} {\an8\pos(1,2)}world", "Hello world"),
        (r"two\Nlines\nand\ha space", "two\nlines\nand a space"),
        (r"{\p1}m 0 0 l 100 0 100 100{\p0}read this", "read this"),
        (r"read{\p2\b1}m 0 0 l 5 5", "read"),
        (r"{\pos(1,2)}not a drawing", "not a drawing"),
        (r"{a comment}heard", "heard"),
        (r"a set \{1, 2\}", "a set {1, 2}"),
        ("<i>tags</i> of others &amp; more", "tags of others & more"),
        (r"{\k20}ka{\k30}ra{\k10}o{\k5}ke", "karaoke"),
        ("{open", "{open"),
        (r"{\b1}", ""),
        ("", ""),
    ],
)
def test_a_line_of_substation_without_markup(dialogue: str, text: str) -> None:
    assert plain_dialogue(dialogue) == text


def test_a_long_line_is_cut() -> None:
    assert len(plain_dialogue("word " * 10_000)) <= 1000


@pytest.mark.parametrize("evil", ["{", "\\", "{\\", "{}", "{\\p1}", "<", "<i", "&#", "\\N"])
def test_a_line_made_to_take_long_takes_a_moment(evil: str) -> None:
    assert len(plain_dialogue("x" + evil * (100_000 // len(evil)))) <= 1000
