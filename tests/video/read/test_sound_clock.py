"""The clock of sound: each piece gets the time of the pictures of its own part of the recording."""

from itertools import pairwise

import av
import pytest

from framecue.video import read_packet_index
from framecue.video.read.sound_clock import read_sound_clock
from support.beeps import record


@pytest.mark.parametrize("file_format", ["mpegts", "vob"])
@pytest.mark.parametrize("begins", [(0, 0, 0), (30, 20, 10), (50, 0, 50)])
def test_the_sound_of_parts_comes_one_after_the_other(tmp_path, file_format, begins):
    film = tmp_path / "film"
    for begin in begins:
        part = record(tmp_path / "part", (0.5,), seconds=2, file_format=file_format, begin_seconds=begin)
        with film.open("ab") as file:
            file.write(part.read_bytes())
    clock = read_sound_clock(film, read_packet_index(film))
    assert clock is not None
    with av.open(str(film)) as container:
        position, times = 0, []
        for packet in container.demux(audio=0):
            if packet.size:
                position = packet.pos or position
                own = float(packet.pts * packet.time_base)
                times.append(own + clock.shift_seconds(packet.stream.id, own, position))
    # A part's sound may begin a little before its pictures, and last a little longer.
    steps = [after - before for before, after in pairwise(times)]
    assert min(steps) > -0.15
    assert max(steps) < 0.2
    assert (times[0], times[-1]) == (pytest.approx(0, abs=0.1), pytest.approx(6, abs=0.2))


def test_the_bytes_of_a_moment(tmp_path):
    film = tmp_path / "film"
    for _ in range(2):
        part = record(tmp_path / "part", (0.5,), seconds=3, file_format="mpegts")
        with film.open("ab") as file:
            file.write(part.read_bytes())
    clock = read_sound_clock(film, read_packet_index(film))
    assert clock is not None
    size, joint = film.stat().st_size, film.stat().st_size // 2
    assert clock.stretch(0, 1, 0.5)[0] < size // 20
    assert 0 < clock.stretch(0, 1, 0.5)[1] < joint
    first, last, _ = clock.stretch(3.1, 5.9, 0.5)
    assert joint * 0.9 < first <= joint
    assert last is None
