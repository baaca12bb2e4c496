"""Segments: the arithmetic of cutting a video, for all durations, cuts and windows."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.video import Segmentation

seconds = st.floats(0, 2000, allow_nan=False)
segmentations = st.builds(
    lambda kind, length, share: Segmentation(kind, length, min(share * length, length - 0.1)),
    st.sampled_from(["shots", "windows"]),
    st.floats(1, 30),
    st.floats(0, 0.9),
)


@given(segmentations, seconds, st.lists(seconds, max_size=30))
def test_segments_cover_the_video_in_order(segmentation, duration, cuts):
    segments = segmentation.segments(duration, cuts)
    assert segments[0][0] == 0.0
    assert max(end for _, end in segments) == segments[-1][1] == duration
    if duration <= 3 * segmentation.segment_seconds:
        assert segments == [(0.0, duration)]
        return
    for (start, end), (next_start, next_end) in pairwise(segments):
        assert start < next_start <= end + 1e-9
        assert end <= next_end
    longest = segmentation.segment_seconds + (segmentation.segment_seconds - segmentation.overlap_seconds) / 2
    assert all(1 - 1e-9 <= end - start <= longest + 1e-6 for start, end in segments)


@given(segmentations, st.floats(100, 2000), st.lists(seconds, max_size=30))
def test_no_segment_crosses_a_cut_that_leaves_long_enough_shots(segmentation, duration, cuts):
    edges = sorted([0.0, duration, *(cut for cut in cuts if cut < duration)])
    lonely = [b for a, b, c in zip(edges, edges[1:], edges[2:], strict=False) if b - a > 2 and c - b > 2]
    segments = segmentation.segments(duration, cuts)
    for cut in lonely if segmentation.kind == "shots" else []:
        assert any(start == cut for start, _ in segments)
        assert not any(start < cut < end for start, end in segments)


@given(st.floats(15.1, 8000), st.lists(st.floats(0, 8000), max_size=5), st.floats(0, 1))
def test_an_event_of_five_seconds_has_a_segment_within_one_and_a_quarter(duration, cuts, where):
    segments = Segmentation().segments(duration, cuts)
    edges = sorted({0.0, duration, *(cut for cut in cuts if any(start == cut for start, _ in segments))})
    shot, end = max(pairwise(edges), key=lambda span: span[1] - span[0])
    if end - shot < 5:
        return
    event = shot + where * (end - shot - 5)
    assert min(max(abs(a - event), abs(b - event - 5)) for a, b in segments) <= 1.25 + 1e-6


def test_worked_examples():
    default = Segmentation()
    assert default.segments(0.0) == [(0.0, 0.0)]
    assert default.segments(15.0, [5.0]) == [(0.0, 15.0)]
    assert default.segments(20.0) == [(0, 5), (2.5, 7.5), (5, 10), (7.5, 12.5), (10, 15), (12.5, 17.5), (15, 20)]
    # Up to 6.25 s a shot is one segment, from there on two.
    assert default.segments(16.0, [4.0, 10.25]) == [(0, 4), (4, 10.25), (10.25, 16)]
    assert default.segments(16.0, [4.0, 10.5]) == [(0, 4), (4, 9), (5.5, 10.5), (10.5, 16)]
    # Half a second joins the shot after it, and the video's last half second the one before it.
    assert default.segments(16.0, [6.0, 6.5, 11.0, 15.5]) == [(0, 6), (6, 11), (11, 16)]
    assert Segmentation("windows", 10, 0).segments(31.0, [3.0]) == [(0, 10), (7, 17), (14, 24), (21, 31)]
    assert Segmentation("whole").segments(7200.0, [3.0]) == [(0.0, 7200.0)]


def test_a_still_stretch_is_one_segment():
    # A slide for an hour, between films; half a second of film is too short to stand alone.
    segments = Segmentation().segments(3620.0, stills=[(5.5, 3606.0)])
    assert segments == [(0, 5.5), (5.5, 3606.0), *((3606.0 + x, 3606.0 + x + 5) for x in (0, 2.25, 4.5, 6.75, 9))]
    assert Segmentation("windows").segments(30.0, stills=[(0.5, 29.5)]) == [(0.0, 30.0)]
    slides = [(float(at), at + 10.0) for at in range(0, 100, 10)]
    assert Segmentation().segments(100.0, stills=slides) == slides
    assert len(Segmentation().segments(1e12, stills=[(100.0, 1e12)])) == 40


def test_long_shots_may_be_cut_in_another_way():
    asked = []

    def halves(start, end):
        asked.append((start, end))
        return [(start, (start + end) / 2), ((start + end) / 2, end)] if end - start < 10 else None

    segments = Segmentation().segments(40.0, [5.0, 13.0], stills=[(30.0, 40.0)], windows=halves)
    assert asked == [(5.0, 13.0), (13.0, 30.0)]
    assert segments[:3] == [(0, 5), (5, 9), (9, 13)]
    assert segments[3:] == [*Segmentation("windows", 5.0, 2.5).segments(30.0, first_seconds=13.0), (30.0, 40.0)]


def test_what_a_library_stores():
    older = {"kind": "windows", "segment_seconds": 4.0, "overlap_seconds": 1.0}
    segmentation = Segmentation("windows", 4.0, 1.0)
    assert segmentation.to_dict() == older
    assert not Segmentation.from_dict(older).shares_frames
    assert Segmentation.from_dict({}) == Segmentation()
    shared = Segmentation("windows", 4.0, 1.0, shares_frames=True)
    assert Segmentation.from_dict(shared.to_dict()).shares_frames
    # It is no part of what a person asks for.
    assert shared == segmentation
    assert shared != Segmentation("windows", 4.0, 2.0, shares_frames=True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("scenes",), "segmentation 'scenes' is unknown; known: shots, windows, whole"),
        (("shots", 0.5), "segment_seconds is 0.5; it must be at least 1"),
        (("shots", float("nan")), "segment_seconds is nan"),
        (("shots", 5.0, 4.95), "overlap_seconds is 4.95; it must be at least 0 and at most 4.9"),
        (("shots", 5.0, -1), "overlap_seconds is -1"),
    ],
)
def test_lengths_that_make_no_windows(arguments, says):
    with pytest.raises(InputError, match=says):
        Segmentation(*arguments)
