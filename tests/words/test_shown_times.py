from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.video import Look
from framecue.words.joining import ShownText
from framecue.words.lines import Piece
from framecue.words.shown_times import Reading, reading_of, texts_with_times

RNG = np.random.default_rng(0)
WITH, WITHOUT = RNG.integers(0, 255, (2, 40, 80, 3), dtype=np.uint8)
LINE = Piece("Hello", 0.91234, 10, 10, 60, 30)
SEGMENTS = [(0.0, 10.0)]


def readings(*moments: float) -> list[Reading]:
    return [reading_of(Look(moment, moment, WITH), [LINE]) for moment in moments]


def shown(read: Sequence[Reading], first: int, last: int) -> ShownText:
    return ShownText(first, last, read[first].lines[0], read[first].lines[0], read[last].lines[0])


def test_a_text_without_a_second_look_goes_half_way_to_its_neighbours() -> None:
    read = readings(1.0, 3.0, 5.0, 7.0, 9.0)
    (text,) = texts_with_times([shown(read, 1, 2)], read, SEGMENTS, None)
    assert (text.start_seconds, text.end_seconds) == (2.0, 6.0)
    assert (text.text, text.kind, text.confidence) == ("Hello", "written", 0.9123)
    (text,) = texts_with_times([shown(read, 0, 4)], read, SEGMENTS, None)
    assert (text.start_seconds, text.end_seconds) == (0.0, 10.0)
    (text,) = texts_with_times([shown(read, 1, 2)], read, [(0.0, 2.5), (2.5, 10.0)], None)
    assert (text.start_seconds, text.end_seconds) == (2.5, 6.0)
    assert texts_with_times([], read, SEGMENTS, None) == []


@pytest.mark.parametrize("scale", [1, 2])
def test_a_second_look_tells_when_it_comes_and_goes(scale: int) -> None:
    read = readings(1.0, 3.0, 5.0, 7.0, 9.0)
    asked: list[float] = []

    def look_again(moments: Sequence[float]) -> Iterator[Look]:
        asked.extend(moments)
        for moment in moments:
            pixels = WITH if 2.3 <= moment < 6.7 else WITHOUT
            yield Look(moment, moment, pixels.repeat(scale, axis=0).repeat(scale, axis=1))

    (text,) = texts_with_times([shown(read, 1, 2)], read, SEGMENTS, look_again)
    assert (text.start_seconds, text.end_seconds) == pytest.approx((2.3, 6.7), abs=0.21)
    assert len(asked) == 10
    assert asked == sorted(asked)


def test_a_picture_that_stays_on_answers_for_all_its_moments() -> None:
    read = readings(1.0, 3.0, 5.0)

    def look_again(moments: Sequence[float]) -> Iterator[Look]:
        yield Look(0.0, 2.5, WITHOUT)
        yield Look(2.6, 9.0, WITH)

    (text,) = texts_with_times([shown(read, 1, 2)], read, SEGMENTS, look_again)
    assert (text.start_seconds, text.end_seconds) == pytest.approx((2.4, 10.0))


def test_a_file_that_cannot_be_read_once_more_keeps_its_words() -> None:
    read = readings(1.0, 3.0, 5.0)

    def look_again(moments: Sequence[float]) -> Iterator[Look]:
        raise VideoError("a.mp4", "gone")
        yield

    (text,) = texts_with_times([shown(read, 1, 1)], read, SEGMENTS, look_again)
    assert (text.start_seconds, text.end_seconds) == (2.0, 4.0)
