"""Frames have the timecodes that OpenTimelineIO gives them, and each is found by its own."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.timelines.timecode import FrameRate

NTSC = Fraction(1000, 1001)
RATES = [
    *(FrameRate(rate * NTSC) for rate in (24, 30, 60, 120)),
    *(FrameRate(Fraction(rate)) for rate in (10, 12, 15, 24, 25, 30, 48, 50, 60, 100, 120)),
    *(FrameRate(rate * NTSC, drops=True) for rate in (30, 60)),
    FrameRate(Fraction(25, 2)),
]
DAY_SECONDS = 24 * 3600

rates = st.sampled_from(RATES)


def frames_of(rate: FrameRate) -> st.SearchStrategy[int]:
    return st.integers(0, int(DAY_SECONDS * rate.rate) - 1000)


some_frames = rates.flatmap(lambda rate: st.tuples(st.just(rate), frames_of(rate)))


@given(some_frames)
def test_a_frame_is_found_by_its_timecode(given_frame: tuple[FrameRate, int]) -> None:
    rate, frame = given_frame
    assert rate.frame_of(rate.timecode_of(frame)) == frame


@given(some_frames)
def test_a_frame_is_found_by_its_time(given_frame: tuple[FrameRate, int]) -> None:
    rate, frame = given_frame
    assert rate.frames_of(rate.seconds_of(frame)) == frame
    assert rate.frames_of(float(rate.seconds_of(frame))) == frame
    # As the milliseconds of a container tell it.
    assert rate.frames_of(round(1000 * rate.seconds_of(frame)) / 1000) == frame


@given(rates, st.floats(0, DAY_SECONDS))
def test_a_time_is_at_most_half_a_frame_away_from_its_frame(rate: FrameRate, seconds: float) -> None:
    off = rate.seconds_of(rate.frames_of(seconds)) - Fraction(seconds)
    assert abs(off) * rate.rate <= Fraction(1, 2)


@given(some_frames)
def test_timecodes_ascend_and_none_is_that_of_two_frames(given_frame: tuple[FrameRate, int]) -> None:
    rate, frame = given_frame
    assert rate.timecode_of(frame) < rate.timecode_of(frame + 1)


@given(rates.filter(lambda rate: rate.drops).flatmap(lambda rate: st.tuples(st.just(rate), frames_of(rate))))
def test_dropped_numbers_keep_up_with_the_clock(given_frame: tuple[FrameRate, int]) -> None:
    rate, frame = given_frame
    hours, minutes, seconds, frames = rate.timecode_of(frame).replace(";", ":").split(":")
    clock = 3600 * int(hours) + 60 * int(minutes) + int(seconds) + Fraction(int(frames), rate.nominal)
    # A tenth of a second a day is what the rates' own names leave.
    assert abs(clock - rate.seconds_of(frame)) < Fraction(1, 5)


@given(some_frames)
def test_they_are_those_of_opentimelineio(given_frame: tuple[FrameRate, int]) -> None:
    opentime = pytest.importorskip("opentimelineio.opentime", reason='needs pip install "framecue[timelines]"')
    rate, frame = given_frame
    there = float(rate.rate)
    if not opentime.RationalTime.is_smpte_timecode_rate(there) or rate.rate == 120:
        return
    assert opentime.to_timecode(opentime.RationalTime(frame, there), there, rate.drops) == rate.timecode_of(frame)
    assert opentime.from_timecode(rate.timecode_of(frame), there).value == frame


@pytest.mark.parametrize(
    ("rate", "frame", "timecode"),
    [
        (FrameRate(30 * NTSC, drops=True), 1799, "00:00:59;29"),
        (FrameRate(30 * NTSC, drops=True), 1800, "00:01:00;02"),
        (FrameRate(30 * NTSC, drops=True), 17982, "00:10:00;00"),
        (FrameRate(30 * NTSC, drops=True), 107892, "01:00:00;00"),
        (FrameRate(30 * NTSC), 108000, "01:00:00:00"),
        (FrameRate(60 * NTSC, drops=True), 3600, "00:01:00;04"),
        (FrameRate(24 * NTSC), 86400, "01:00:00:00"),
        (FrameRate(Fraction(25)), 25 * DAY_SECONDS, "00:00:00:00"),
        (FrameRate(Fraction(120)), 119, "00:00:00:119"),
    ],
)
def test_known_timecodes(rate: FrameRate, frame: int, timecode: str) -> None:
    assert rate.timecode_of(frame) == timecode
    if frame < DAY_SECONDS * rate.rate:
        assert rate.frame_of(timecode) == frame


def test_a_dropped_number_means_the_next_frame() -> None:
    rate = FrameRate(30 * NTSC, drops=True)
    assert rate.frame_of("00:01:00;00") == rate.frame_of("00:01:00;01") == rate.frame_of("00:01:00;02") == 1800


@pytest.mark.parametrize("timecode", ["", "1:2:3:4", "00:00:00:25", "24:00:00:00", "00:60:00:00", "00:00:00:00\n", "x"])
def test_what_is_no_timecode_is_refused(timecode: str) -> None:
    with pytest.raises(InputError, match="is no timecode at 25 frames a second; write it as"):
        FrameRate(Fraction(25)).frame_of(timecode)


def test_rates_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError, match="must be above 0"):
        FrameRate(Fraction(0))
    with pytest.raises(InputError, match=r"at 23\.976 frames a second no numbers are dropped"):
        FrameRate(24 * NTSC, drops=True)


def test_rates_are_told_as_people_name_them() -> None:
    told = [str(FrameRate(rate)) for rate in (24 * NTSC, 30 * NTSC, Fraction(25), Fraction(25, 2))]
    assert told == ["23.976", "29.97", "25", "12.5"]
