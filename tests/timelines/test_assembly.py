"""Each file is counted at its own rate, from its own timecode; the timeline at the rate of most clips."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.errors import VideoError
from framecue.timelines.assembly import STILL_SECONDS
from framecue.timelines.timecode import FrameRate
from framecue.video import VideoTimebase
from support.picks import NTSC, assembly_of, pick

FILM, PAL = VideoTimebase(24 * NTSC), VideoTimebase(Fraction(25))
DROP = VideoTimebase(30 * NTSC, timecode="01:00:00;00")
NON_DROP = VideoTimebase(30 * NTSC, timecode="01:00:00:00")
GONE = VideoError("/gone.mp4", "no such file")


@pytest.mark.parametrize(
    ("timebase", "start", "end"),
    [
        (FILM, "00:00:01:00", "00:00:03:12"),
        (VideoTimebase(Fraction(24)), "00:00:01:00", "00:00:03:12"),
        (PAL, "00:00:01:00", "00:00:03:13"),
        (DROP, "01:00:01;00", "01:00:03;15"),
        (NON_DROP, "01:00:01:00", "01:00:03:15"),
        (VideoTimebase(Fraction(30)), "00:00:01:00", "00:00:03:15"),
        (VideoTimebase(Fraction(50)), "00:00:01:00", "00:00:03:25"),
        (VideoTimebase(60 * NTSC), "00:00:01;00", "00:00:03;30"),
        (VideoTimebase(Fraction(60)), "00:00:01:00", "00:00:03:30"),
        (VideoTimebase(Fraction(25), timecode="23:59:59:00"), "00:00:00:00", "00:00:02:13"),
        (VideoTimebase(Fraction(30), timecode="00:59:58:29"), "00:59:59:29", "01:00:02:14"),
    ],
    ids=str,
)
def test_a_moment_has_the_timecodes_of_its_file(timebase: VideoTimebase, start: str, end: str) -> None:
    one = pick(start_seconds=1.0, end_seconds=3.5)
    span = assembly_of([one], timebase).span(one)
    assert (span.start_timecode, span.end_timecode) == (start, end)


def test_drop_frame_keeps_the_time_of_day_after_an_hour() -> None:
    one = pick(start_seconds=3600.0, end_seconds=3601.0, duration_seconds=4000.0)
    dropped, counted = (assembly_of([one], timebase).span(one) for timebase in (DROP, NON_DROP))
    assert dropped.start_timecode == "02:00:00;00"
    assert counted.start_timecode == "01:59:56:12"


def test_the_timeline_has_the_rate_of_most_clips() -> None:
    picks = [pick("/a.mp4"), pick("/b.mp4"), pick("/c.mp4")]
    timebases = {"/a.mp4": FILM, "/b.mp4": PAL, "/c.mp4": PAL}
    assert assembly_of(picks, timebases).rate == FrameRate(Fraction(25))
    # Of two that are as many, the first result's.
    assert assembly_of(picks[:2], timebases).rate == FrameRate(24 * NTSC)
    spans = [assembly_of(picks, timebases).span(one) for one in picks]
    assert [span.num_frames for span in spans] == [60, 63, 63]


@pytest.mark.parametrize(("first", "drops"), [(DROP, True), (NON_DROP, False), (VideoTimebase(30 * NTSC), False)])
def test_the_timeline_drops_numbers_as_the_first_file_that_says_so(first: VideoTimebase, drops: bool) -> None:
    picks = [pick("/a.mp4"), pick("/b.mp4")]
    assert assembly_of(picks, {"/a.mp4": first, "/b.mp4": NON_DROP}).rate == FrameRate(30 * NTSC, drops)


def test_without_a_timecode_numbers_are_dropped_where_they_can_be() -> None:
    one = pick()
    assert assembly_of([one], VideoTimebase(30 * NTSC)).span(one).rate == FrameRate(30 * NTSC, drops=True)
    assert not assembly_of([one], FILM).rate.drops


def test_a_file_that_is_gone_is_counted_as_the_timeline() -> None:
    picks = [pick("/gone.mp4"), pick("/a.mp4")]
    made = assembly_of(picks, {"/gone.mp4": GONE, "/a.mp4": NON_DROP})
    assert made.media["/gone.mp4"].rate == made.rate == FrameRate(30 * NTSC)
    assert not made.media["/gone.mp4"].is_known
    assert made.span(picks[0]).start_timecode == "00:00:01:00"
    # Where nobody knows a rate, it is 25.
    assert assembly_of(picks[:1], GONE).rate == FrameRate(Fraction(25))


def test_a_timecode_at_another_rate_than_the_pictures_is_left_out() -> None:
    one = pick()
    assert assembly_of([one], VideoTimebase(Fraction(25), timecode="01:00:00:40")).span(one).first == 25


def test_a_picture_is_shown_for_some_seconds() -> None:
    still, film = pick("/p.png", 0.0, 0.0, kind="image", duration_seconds=0.0), pick("/a.mp4")
    made = assembly_of([still, film], {"/a.mp4": FILM})
    span = made.span(still)
    assert span == made.whole(still)
    assert float(span.rate.seconds_of(span.num_frames)) == pytest.approx(STILL_SECONDS, abs=0.03)
    assert span.rate == FrameRate(24 * NTSC)


@given(
    st.sampled_from([FILM, PAL, DROP, NON_DROP, VideoTimebase(60 * NTSC), VideoTimebase(Fraction(15))]),
    st.floats(0, 50_000),
    st.floats(0, 60),
)
def test_frames_are_those_of_the_times_and_lie_in_the_file(
    timebase: VideoTimebase, start_seconds: float, seconds: float
) -> None:
    one = pick(start_seconds=start_seconds, end_seconds=start_seconds + seconds, duration_seconds=0.0)
    made = assembly_of([one], timebase)
    span, whole = made.span(one), made.whole(one)
    rate, offset = span.rate, span.first - made.media[one.path].start_frame
    assert abs(rate.seconds_of(offset) - Fraction(start_seconds)) * rate.rate <= Fraction(1, 2)
    assert abs(rate.seconds_of(span.num_frames) - Fraction(seconds)) * rate.rate <= Fraction(11, 10)
    assert span.num_frames >= 1
    assert whole.first <= span.first
    assert span.first + span.num_frames <= whole.first + whole.num_frames
