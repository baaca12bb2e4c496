from __future__ import annotations

import numpy as np
import pytest

from framecue.words.lines import Piece, in_lines, says_something


def piece(text: str, left: float, top: float, *, height: float = 20, confidence: float = 0.9) -> Piece:
    return Piece(text, confidence, left, top, left + 10 * len(text), top + height)


def texts(*pieces: Piece) -> list[str]:
    return [line.text for line in in_lines(pieces)]


def test_words_of_a_row_are_a_line_from_left_to_right() -> None:
    assert texts(piece("world", 75, 12), piece("Hello", 10, 10), piece("below", 10, 50)) == ["Hello world", "below"]


def test_what_stands_far_apart_in_a_row_is_several_lines() -> None:
    assert texts(piece("left", 10, 10), piece("right", 400, 10)) == ["left", "right"]


def test_a_small_remark_beside_a_headline_is_a_line_of_its_own() -> None:
    assert texts(piece("NEWS", 10, 10, height=60), piece("live", 55, 35, height=15)) == ["NEWS", "live"]


def test_a_line_has_the_place_and_the_confidence_of_its_pieces() -> None:
    (line,) = in_lines([piece("ab", 10, 10, confidence=0.5), piece("cdefgh", 35, 8, confidence=0.9)])
    assert (line.left, line.top, line.right, line.bottom) == (10, 8, 95, 30)
    assert line.confidence == pytest.approx(0.8)
    assert (line.height, line.middle) == (22, 19)


def test_chinese_has_no_spaces_and_hebrew_is_read_from_the_right() -> None:
    assert texts(piece("生日", 10, 10), piece("快乐", 35, 10)) == ["生日快乐"]
    assert texts(piece("עולם", 10, 10), piece("שלום", 55, 10)) == ["שלום עולם"]


def test_wide_signs_become_plain_unless_the_text_is_chinese() -> None:
    assert texts(
        piece("Chapter\N{FULLWIDTH DIGIT THREE}\N{FULLWIDTH COLON}Home\N{FULLWIDTH EXCLAMATION MARK}", 0, 0)
    ) == ["Chapter3:Home!"]
    assert texts(piece("第3章\N{FULLWIDTH COLON}家", 0, 0)) == ["第3章\N{FULLWIDTH COLON}家"]


@pytest.mark.parametrize("text", ["ab", "A1", "7 8", "家", "ひ", "Ω 1", "é!a"])
def test_text_says_something(text: str) -> None:
    assert says_something(text)


@pytest.mark.parametrize("text", ["", "O", "|", "...", "- , ", "7"])
def test_a_single_letter_and_signs_say_nothing(text: str) -> None:
    assert not says_something(text)


def test_the_place_of_a_line_in_another_picture() -> None:
    line = Piece("a", 1.0, 2, 1, 5, 3)
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    place = line.of(pixels)
    assert place is not None
    np.testing.assert_array_equal(place, pixels[1:3, 2:5])
    assert line.of(pixels[:, :4]) is None
    half = line.of(pixels, scale=0.5)
    assert half is not None
    np.testing.assert_array_equal(half, pixels[0:2, 1:2])


def test_no_pieces_are_no_lines() -> None:
    assert in_lines([]) == []
