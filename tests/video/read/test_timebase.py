"""Files are counted at the rate at which they were made, whatever their container keeps of it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.video import IsolatedReader, VideoTimebase, nearest_standard_rate, read_timebase
from framecue.video.read.source import read_packets
from support.timed import write_timed

NTSC = Fraction(1000, 1001)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.avi", "a.ts"])
@pytest.mark.parametrize("rate", [24 * NTSC, 24, 25, 30 * NTSC, 30, 50, 60 * NTSC, 60])
def test_the_rate_is_exact(tmp_path: Path, name: str, rate: Fraction) -> None:
    assert read_timebase(write_timed(tmp_path / name, rate)) == VideoTimebase(Fraction(rate))


@pytest.mark.parametrize("rate", [Fraction(15), Fraction(25, 2), Fraction(120)])
def test_other_constant_rates_stay_what_they_are(tmp_path: Path, rate: Fraction) -> None:
    assert read_timebase(write_timed(tmp_path / "a.mp4", rate)) == VideoTimebase(rate)


@pytest.mark.parametrize(
    ("name", "timecode"),
    [("a.mov", "01:00:00;00"), ("a.mov", "01:00:00:00"), ("a.mp4", "10:20:30:11"), ("a.mkv", "23:59:59:12")],
)
def test_the_start_timecode_is_read(tmp_path: Path, name: str, timecode: str) -> None:
    path = write_timed(tmp_path / name, 30 * NTSC, timecode=timecode)
    assert read_timebase(path).timecode == timecode


def test_the_reel_is_read(tmp_path: Path) -> None:
    path = write_timed(tmp_path / "a.mov", Fraction(25), timecode="01:00:00:00", reel="A001C003")
    assert read_timebase(path).reel == "A001C003"


def test_what_is_no_timecode_is_not_believed(tmp_path: Path) -> None:
    path = write_timed(tmp_path / "a.mkv", Fraction(25), timecode="=1+1\n")
    assert read_timebase(path).timecode is None


def test_a_variable_rate_is_counted_at_the_standard_rate_that_is_nearest_to_its_average(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    steps = rng.choice([20, 33, 50, 41], size=60)
    path = write_timed(tmp_path / "a.mkv", Fraction(25), times_ms=np.cumsum(steps).tolist())
    found = read_timebase(path)
    average = 1000 / float(steps.mean())
    assert found.is_variable
    assert found.rate == nearest_standard_rate(Fraction(average).limit_denominator(1000))


def test_a_rate_that_changes_after_the_beginning_is_variable(tmp_path: Path) -> None:
    times = [*range(0, 300 * 20, 20), *range(300 * 20, 300 * 20 + 300 * 100, 100)]
    assert read_timebase(write_timed(tmp_path / "a.mp4", Fraction(50), times_ms=times)).is_variable


def test_a_few_missing_frames_leave_the_rate_what_it_is(tmp_path: Path) -> None:
    times = [40 * number for number in range(100) if number not in (17, 40, 41)]
    assert read_timebase(write_timed(tmp_path / "a.mkv", Fraction(25), times_ms=times)) == VideoTimebase(Fraction(25))


@pytest.mark.parametrize("num_frames", [1, 2])
def test_a_file_of_hardly_any_frames_has_the_rate_that_it_says(tmp_path: Path, num_frames: int) -> None:
    found = read_timebase(write_timed(tmp_path / "a.mkv", Fraction(50), num_frames=num_frames))
    assert found == VideoTimebase(Fraction(50))


def test_only_the_beginning_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_timed(tmp_path / "a.mkv", Fraction(25), num_frames=400)
    seen: list[int] = []

    def counted(*args: object, **named: object) -> Iterator[object]:
        for packet in read_packets(*args, **named):  # type: ignore[arg-type]
            seen.append(packet.size)
            yield packet

    monkeypatch.setattr("framecue.video.read.packets.read_packets", counted)
    assert read_timebase(path) == VideoTimebase(Fraction(25))
    assert 0 < len(seen) < 300


def test_another_process_answers_the_same(tmp_path: Path) -> None:
    path = write_timed(tmp_path / "a.mov", 30 * NTSC, timecode="01:00:00;00")
    with IsolatedReader() as reader:
        assert reader.timebase(path) == read_timebase(path)
        with pytest.raises(VideoError, match="no such file"):
            reader.timebase(tmp_path / "none.mp4")
