"""Texts of all scripts: nothing becomes a box, what runs from the right does, and all fits."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from framecue.cli.lettering import _levels, _shaped, draw_text, folded, readable, text_width

NAMES = [
    "holiday 2024.mp4",
    "süße Häuser, Żółty, Ελλάδα, Москва.mov",
    "生日派对 北京.mp4",
    "誕生日パーティー.mp4",
    "생일 파티 서울.mkv",
    "عيد ميلاد سعيد ٢٠٢٤.mp4",
    "יום הולדת שמח (2).mp4",
    "जन्मदिन की शुभकामनाएं.mp4",
    "สุขสันต์วันเกิด.mp4",
    "শুভ জন্মদিন தமிழ் ქართული አማርኛ հայերեն.mp4",
    "birthday \U0001f382\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea 1\ufe0f\u20e3 \u2764\ufe0f.mp4",
]


def glyphs(text):
    return [info.codepoint for run in _shaped(text, 15, False) for info in run.buffer.glyph_infos]


def drawn(text, **named):
    picture = Image.new("RGB", (600, 40), "white")
    draw_text(picture, (10, 28), text, size=20, fill=(0, 0, 0), **named)
    return 255 - np.asarray(picture.convert("L"), dtype=int)


@pytest.mark.parametrize("name", NAMES)
def test_names_are_drawn_as_they_are(name):
    assert readable(name) == unicodedata.normalize("NFC", name)
    assert 0 not in glyphs(name)  # the number of the box that stands for a missing letter
    ink = np.nonzero(drawn(name).sum(axis=0) > 100)[0]
    assert ink[0] >= 8
    assert ink[-1] == pytest.approx(10 + text_width(name, 20), abs=5)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_stored_in_pieces_is_put_together(name):
    assert readable(unicodedata.normalize("NFD", name)) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a\nb\tc  d\r\n", "a b c d"),
        ("caf\udce9.mp4", "caf\\udce9.mp4"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("gpj\u202e.exe", "gpj\\u202e.exe"),  # would be read from the right
        ("\U00013000.mp4", "\\U00013000.mp4"),  # a hieroglyph, which no font here has
        ("\U0001d518\U0001d52b\U0001d526 \ufb01lm", "Uni \ufb01lm"),
        ("\ue000", "\\ue000"),
    ],
)
def test_what_cannot_be_drawn_is_said(text, wanted):
    assert readable(text) == wanted


# Each in the order in which it is seen, from the left: runs of one level, and what is in them.
@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("abc", [0, 0, 0]),
        ("שלום.mp4", [1] * 4 + [0] * 4),
        ("שלום 12 ab", [1] * 5 + [2, 2, 0, 0, 0]),
        ("ab (שלום) cd", [0] * 4 + [1] * 4 + [0] * 4),
        ("שלום (2).a", [1] * 6 + [2] + [1] + [0, 0]),
        ("שלום [a].b", [1] * 4 + [0] * 6),
        ("עם\u200dא.b", [1] * 4 + [0, 0]),
        ("", []),
    ],
)
def test_what_runs_from_the_right(text, levels):
    assert _levels(text) == levels


def test_a_name_that_runs_from_the_right_is_drawn_so():
    # The first letter of the word is its rightmost, next to the suffix that follows it.
    alone, whole = glyphs("א"), glyphs("אבג.mp4")
    assert whole[2] == alone[0]
    assert whole[:3] == glyphs("אבג")
    assert whole[:3] != [glyphs(letter)[0] for letter in "אבג"]


def test_arabic_letters_join():
    assert glyphs("ببب") != 3 * glyphs("ب")  # one letter at the beginning, in the middle and at the end


def test_a_family_is_one_sign_and_a_flag_too():
    assert len(glyphs("\U0001f468\u200d\U0001f469\u200d\U0001f467")) == 1
    assert len(glyphs("\U0001f1e9\U0001f1ea")) == 1


def test_a_sign_looks_as_in_its_language():
    chinese, japanese = glyphs("\u76f4\u5317"), glyphs("\u76f4\u304b")
    assert chinese[0] != japanese[0]


def test_right_aligned_and_bold():
    left, right = drawn("name.mp4"), drawn("name.mp4", ends_there=True)
    assert np.nonzero(right.sum(axis=0))[0].max() <= 10
    assert drawn("name.mp4", bold=True).sum() > 1.1 * left.sum()
    assert drawn("   ").sum() == 0 == drawn("").sum()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("keep", ["start", "end", "both"])
def test_a_long_text_is_folded(name, keep):
    text = readable(f"{name} " * 5).strip()
    for width in (40, 150, 300):
        short = folded(text, 15, width, keep=keep)
        assert text_width(short, 15) <= width
        start, _, end = short.partition("\u2026")
        assert text.startswith(start)
        assert text.endswith(end)
        assert (start == "") is (keep == "end")
        assert (end == "") is (keep == "start") or width == 40
    assert folded(name, 15, 10_000, keep=keep) == name


@settings(max_examples=60)
@given(st.text(max_size=40), st.integers(20, 400))
def test_any_text_can_be_drawn(text, width):
    short = folded(readable(text), 15, width)
    assert text_width(short, 15) <= width
    assert 0 not in glyphs(short)
    draw_text(Image.new("RGB", (60, 30)), (10, 20), short, size=15, fill=(255, 255, 255))
