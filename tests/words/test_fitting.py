from __future__ import annotations

import math
from pathlib import Path

import pytest

from framecue.video import IsolatedReader
from framecue.words.fitting import fit_lines, fit_lines_of
from framecue.words.source import WordsUnit
from framecue.words.timed_text import TimedText, TimedWord
from support.recordings import record

LENGTH = 10.0


def told(start: float, end: float, *, confidence: float | None = None, text: str = "a") -> TimedText:
    """Return a line that a person wrote, or one that was heard."""
    return TimedText(start, end, text, "said", "en", confidence)


def silent() -> float:
    return 0.0


def never() -> float:
    raise AssertionError("the file is asked for its sound")


@pytest.mark.parametrize(
    ("given", "kept", "remark"),
    [
        ((1, 2), (1, 2), None),
        ((9, 12), (9, 10), None),  # a last line is often left to stand
        ((9.5, 9.5), (9.5, 9.5), None),
        ((10, 12), None, "1 line beginning behind its end (0:10) is left out"),
        ((3600, 3605), None, "1 line beginning behind its end (1:00:00) is left out"),
        ((math.inf, math.inf), None, "1 line beginning behind its end is left out"),
        ((2, 36_000), (2, 10), "1 line lasting beyond its end is cut there"),
        ((2, math.inf), (2, 10), "1 line lasting beyond its end is cut there"),
        ((5, 4), (5, 5), "1 line beginning before 0 or ending before the beginning is mended"),
        ((-2, 3), (0, 3), "1 line beginning before 0 or ending before the beginning is mended"),
        ((-5, -3), None, "1 line over before its beginning, or without a time, is left out"),
        ((math.nan, 3), None, "1 line over before its beginning, or without a time, is left out"),
        ((1, math.nan), None, "1 line over before its beginning, or without a time, is left out"),
    ],
)
def test_times_that_cannot_be(given: tuple[float, float], kept: tuple[float, float] | None, remark: str | None) -> None:
    fitted = fit_lines([told(*given)], LENGTH, silent)
    assert [(line.start_seconds, line.end_seconds) for line in fitted.lines] == ([] if kept is None else [kept])
    assert fitted.remark == remark


def test_what_was_wrong_is_told_once_for_all_lines() -> None:
    lines = [told(20, 21), told(1, 2), told(30, 31), told(4, 3), told(5, 9000)]
    fitted = fit_lines(lines, LENGTH, silent, num_mended=2)
    assert fitted.lines == (lines[1], told(4, 4), told(5, 10))
    assert fitted.remark == (
        "2 lines beginning behind its end (0:20 to 0:30) are left out, 3 lines beginning before 0 or ending before "
        "the beginning are mended, 1 line lasting beyond its end is cut there"
    )


def test_lines_that_are_as_they_should_be_ask_for_nothing_and_stay_the_very_ones() -> None:
    lines = [told(1, 2), told(3, 10.5, confidence=0.5), told(11, 12, confidence=0.5)]
    fitted = fit_lines(lines, LENGTH, never)
    assert all(one is other for one, other in zip(fitted.lines, lines, strict=True))
    assert fitted.remark is None


def test_what_was_heard_behind_the_last_picture_stays_where_it_was_heard() -> None:
    words = (TimedWord(12, 13, "a"),)
    heard = [told(12, 13, confidence=0.9), TimedText(12, 13, "a", "said", words=words)]
    assert fit_lines(heard, LENGTH, never).lines == tuple(heard)


def test_while_the_sound_goes_on_so_may_the_lines() -> None:
    lines = [told(12, 13), told(19, 30), told(20, 21)]
    fitted = fit_lines(lines, LENGTH, lambda: 20.0)
    assert fitted.lines == (told(12, 13), told(19, 20))
    assert fitted.remark == "1 line beginning behind its end (0:20) is left out"
    assert fit_lines(lines, LENGTH, lambda: math.inf).lines == tuple(lines)
    assert fit_lines([told(5000, 5001)], math.inf, never).remark is None


@pytest.mark.isolated
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_file_says_how_long_its_sound_is(tmp_path: Path, suffix: str) -> None:
    path = record(tmp_path / f"a{suffix}", pictures=(0, 2), sound=(0, 4))
    unit = WordsUnit(str(path), [(0.0, 2.0)])
    lines = [told(3, 3.5), told(5, 6)]
    with IsolatedReader() as reader:
        assert fit_lines_of(unit, lines, reader).lines == (told(3, 3.5),)
        # Of what cannot be asked, nothing is taken away.
        assert fit_lines_of(WordsUnit(str(tmp_path / "none"), [(0.0, 2.0)]), lines, reader).lines == tuple(lines)
        # A picture, and sound alone, have no end.
        for segments in ((), [(0.0, 0.0)]):
            assert fit_lines_of(WordsUnit(str(path), segments), lines, reader).lines == tuple(lines)
