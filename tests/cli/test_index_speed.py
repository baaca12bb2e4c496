from __future__ import annotations

import json
from pathlib import Path

import pytest

from framecue.cli import index_speed
from framecue.cli.index_speed import Speed, WorkTime, measured_speed, record_speed


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "state" / "speeds.json"
    monkeypatch.setattr(index_speed, "_place", lambda: place)
    return place


def test_the_last_runs_with_a_model_on_this_machine_count(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    assert measured_speed("clip") is None
    record_speed("clip", 100.0, 50.0)
    assert measured_speed("clip") == Speed(2.0, 1)
    for _ in range(5):
        record_speed("clip", 100.0, 20.0)
    assert measured_speed("clip") == Speed(5.0, 5)
    record_speed("other", 1000.0, 10.0)
    assert measured_speed("other") == Speed(100.0, 1)
    monkeypatch.setattr(index_speed, "node", lambda: "another machine")
    assert measured_speed("clip") is None
    assert len(json.loads(place.read_text())) == 7


def test_a_short_run_says_nothing(place: Path) -> None:
    record_speed("clip", 59.0, 1.0)
    record_speed("clip", 100.0, 0.0)
    assert not place.exists()


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    monkeypatch.setattr(index_speed, "_MOST_RUNS", 3)
    for number in range(1, 6):
        record_speed("clip", 100.0 * number, 100.0)
    assert [run["video_seconds"] for run in json.loads(place.read_text())] == [300, 400, 500]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[1, null]", '{"a": 1}', '[{"machine": 1}]', "[" * 10_000, "\udcff", '[{"model": "clip", "seconds": 0}]'],
)
def test_a_list_of_anything_is_none(place: Path, content: str) -> None:
    place.parent.mkdir()
    place.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert measured_speed("clip") is None
    record_speed("clip", 100.0, 50.0)
    assert measured_speed("clip") == Speed(2.0, 1)


def test_where_it_cannot_be_written_a_run_goes_well_all_the_same(place: Path) -> None:
    place.parent.write_text("a file")
    record_speed("clip", 100.0, 50.0)
    assert measured_speed("clip") is None


def test_pauses_do_not_count() -> None:
    times = iter([0.0, 5.0, 15.0, 36_000.0, 36_001.0])
    work = WorkTime(lambda: next(times))
    with work:
        work.note()
        work.note()
    assert work.seconds == 10 + 60 + 1
