from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import av
import pytest

from framecue.video import read_packet_index
from framecue.video.read import sound_times
from framecue.video.read.sound_times import timed_packets
from support.beeps import record

UNIT = Fraction(1, 1000)
NOWHERE = Path("there is no such file")  # so the sound's own beginning is zero


def packets(*times, length=20):
    return [
        SimpleNamespace(pts=time, duration=length, time_base=UNIT, pos=None, stream=SimpleNamespace(id=0))
        for time in times
    ]


def seconds_of(*times):
    return [
        None if timed.seconds is None else round(timed.seconds * 1000)
        for timed in timed_packets(NOWHERE, packets(*times))
    ]


def test_sound_alone_begins_at_zero():
    assert seconds_of(500, 520, 540) == [0, 20, 40]


def test_a_hole_with_sound_behind_it_is_believed_and_a_single_wild_time_is_not():
    assert seconds_of(0, 20, 9000, 9020) == [0, 20, 9000, 9020]
    assert seconds_of(0, 20, 10**15, 60, 80) == [0, 20, None, 60, 80]
    assert seconds_of(0, 20, -(10**15), 60) == [0, 20, None, 60]
    assert seconds_of(0, 20, 9000) == [0, 20, None]
    assert seconds_of(0, None, 40, None, 80) == [0, None, 40, None, 80]
    assert seconds_of(None, None) == [None, None]


def test_a_clock_that_starts_again_is_looked_up_once(tmp_path, monkeypatch):
    film = tmp_path / "film.ts"
    for begin in (30, 20, 10):
        part = record(tmp_path / "part", (0.5,), seconds=2, file_format="mpegts", begin_seconds=begin)
        with film.open("ab") as file:
            file.write(part.read_bytes())
    calls = []
    monkeypatch.setattr(sound_times, "read_packet_index", lambda path: calls.append(path) or read_packet_index(path))
    with av.open(str(film)) as container:
        found = [timed.seconds for timed in timed_packets(film, (p for p in container.demux(audio=0) if p.size))]
    assert calls == [film]
    known = [time for time in found if time is not None]
    assert len(known) > 0.9 * len(found)
    assert min(later - earlier for earlier, later in pairwise(known)) > -0.1
    # No part is further from its pictures than the priming of its sound.
    assert (float(known[0]), float(known[-1])) == pytest.approx((0, 6), abs=0.1)


def test_an_ordinary_file_is_not_looked_through(tmp_path, monkeypatch):
    path = record(tmp_path / "a.mkv", (0.5,), seconds=2)
    monkeypatch.setattr(sound_times, "read_packet_index", lambda path: pytest.fail("it was"))
    with av.open(str(path)) as container:
        found = [timed.seconds for timed in timed_packets(path, (p for p in container.demux(audio=0) if p.size))]
    assert (float(found[0]), float(found[-1])) == pytest.approx((0, 2), abs=0.1)
