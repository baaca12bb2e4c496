"""A clip ends with its last frame, unless that one is shown for long."""

from fractions import Fraction

import pytest

from framecue.video import read_packet_index
from framecue.video.write.span import shown_span


@pytest.mark.parametrize(
    ("last", "wanted_end", "end"),
    [
        (1, 0.15, 0.2),  # the frame is shown to its end
        (2, 0.3, 1.2),  # the frame is shown for a minute: a second of it
        (2, 5.0, 5.0),  # as long as is wanted
        (2, 99.0, 60.0),  # not longer than it is shown
    ],
)
def test_where_a_moment_ends(videos, last, wanted_end, end):
    path = videos.folder / "film.mkv"
    videos.encode(path, [videos.grey_frame(number) for number in range(4)], times=[0, 100, 200, 60000])
    found = shown_span(read_packet_index(path), (0, last), Fraction(wanted_end))
    assert [float(seconds) for seconds in found] == pytest.approx([0.0, end], abs=0.002)


@pytest.mark.parametrize(("place", "wanted_start", "start"), [(1, 0.15, 0.1), (2, 1.1, 0.2), (2, 30.0, 30.0)])
def test_where_a_moment_begins(videos, place, wanted_start, start):
    path = videos.folder / "film.mkv"
    videos.encode(path, [videos.grey_frame(number) for number in range(4)], times=[0, 100, 200, 60000])
    index = read_packet_index(path)
    found = shown_span(index, (place, 3), Fraction(61), wanted_start=Fraction(wanted_start))
    assert float(found[0]) == pytest.approx(start, abs=0.002)
