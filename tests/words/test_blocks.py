from __future__ import annotations

import pytest

from framecue.words.blocks import join_blocks
from framecue.words.joining import ShownText
from framecue.words.lines import Piece


def shown(
    text: str, left: float, top: float, *, first: int = 0, last: int = 0, height: float = 20, confidence: float = 0.9
) -> ShownText:
    line = Piece(text, confidence, left, top, left + 10 * len(text), top + height)
    return ShownText(first, last, line, line, line)


def texts(*lines: ShownText) -> list[str]:
    return [text.best.text for text in join_blocks(lines)]


def test_lines_right_under_each_other_are_one_text() -> None:
    assert texts(shown("Happy birthday", 40, 10), shown("dear Anna", 60, 35), shown("2024", 90, 60)) == [
        "Happy birthday dear Anna 2024"
    ]


def test_lines_that_come_or_go_at_other_times_are_texts_of_their_own() -> None:
    assert texts(shown("One", 0, 10), shown("Two", 0, 35, first=1), shown("Three", 0, 35, last=3)) == [
        "One",
        "Two",
        "Three",
    ]


@pytest.mark.parametrize(
    "other",
    [shown("far below", 0, 70), shown("far right", 200, 35), shown("far larger", 0, 35, height=40)],
    ids=lambda other: other.best.text,
)
def test_what_does_not_stand_right_below_is_another_text(other: ShownText) -> None:
    assert texts(shown("A headline", 0, 10), other) == ["A headline", other.best.text]


def test_columns_go_down_each_by_itself() -> None:
    lines = [
        shown("left one", 0, 10),
        shown("right one", 300, 10),
        shown("left two", 0, 35),
        shown("right two", 300, 35),
    ]
    assert texts(*lines) == ["left one left two", "right one right two"]


def test_a_page_is_several_texts_of_bounded_length() -> None:
    found = texts(*(shown(f"line {number} of a page", 0, 25 * number) for number in range(40)))
    assert " ".join(found) == " ".join(f"line {number} of a page" for number in range(40))
    assert max(map(len, found)) <= 200


def test_a_block_has_the_times_of_its_lines_and_their_mean_confidence() -> None:
    (text,) = join_blocks(
        [shown("ab", 0, 0, first=2, last=5, confidence=0.8), shown("cd", 0, 25, first=2, last=5, confidence=1.0)]
    )
    assert (text.first, text.last, text.first_line.text) == (2, 5, "ab")
    assert text.best.confidence == pytest.approx(0.9)
