from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.library.files.local import LOCAL_FILES
from framecue.library.files.subtitles import Cue, parse_cues, read_text, tidy
from framecue.library.results import Skipped


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: codecs.BOM_UTF32_LE + text.encode("utf-32-le"),
        lambda text: codecs.BOM_UTF32_BE + text.encode("utf-32-be"),
        lambda text: text.encode("cp1252"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
    ],
)
def test_encodings_and_ends_of_lines(tmp_path: Path, encode) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,500\n“Café à Zürich”\nfür 5 €\n"
    path = tmp_path / "a.srt"
    path.write_bytes(encode(text))
    assert read_text(LOCAL_FILES, str(path)) == text
    assert parse_cues(text, "srt") == [Cue(1.0, 2.5, "“Café à Zürich”\nfür 5 €")]


def test_bytes_of_no_encoding_cost_only_themselves(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes("Привет, медведь".encode() + b"\xff" + b" und weiter")
    assert read_text(LOCAL_FILES, str(path)) == "Привет, медведь\N{REPLACEMENT CHARACTER} und weiter"
    path.write_bytes(codecs.BOM_UTF16_LE + "ab".encode("utf-16-le") + b"c")
    assert read_text(LOCAL_FILES, str(path)) == "ab\N{REPLACEMENT CHARACTER}"


def test_a_text_that_nobody_could_read_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(b"caf\xe9 \x81")
    reason = "its text is in no encoding that could be told; save it as UTF-8"
    assert read_text(LOCAL_FILES, str(path)) == Skipped(str(path), reason)


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
    ],
)
@pytest.mark.parametrize("format_name", ["srt", "vtt"])
def test_times_in_the_forms_that_people_write(times: str, cue: tuple[float, float], format_name: str) -> None:
    assert parse_cues(f"WEBVTT\n\n1\n{times}\nhello 10:30\n", format_name) == [Cue(*cue, "hello 10:30")]


def test_a_file_that_cannot_be_opened_is_skipped(tmp_path: Path) -> None:
    assert read_text(LOCAL_FILES, str(tmp_path)) == Skipped(str(tmp_path), "cannot be read (Is a directory)")


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


@pytest.mark.parametrize("evil", ["{", "{\\", "<", "<i", "<font ", "a\n\n\n", "\n 1 ", "&#", "1:", "00:00:00,000 --> "])
def test_parsing_takes_no_more_than_a_moment_for_what_is_made_to_take_long(evil: str) -> None:
    # Quadratic patterns would take minutes here, and run into the time limit of a test.
    text = "00:00:01,000 --> 00:00:02,000\nx" + evil * (1_000_000 // len(evil)) + "y"
    for format_name in ("srt", "vtt"):
        assert len(parse_cues(text, format_name)) <= 1
