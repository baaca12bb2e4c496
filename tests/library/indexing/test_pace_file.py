from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from framecue.library.indexing import pace_file
from framecue.library.indexing.pace import Pace
from framecue.library.indexing.pace_file import keep_pace, kept_pace, pace_key
from support.colours import ThreadedColours

PACE = Pace(num_workers=2, frames_per_batch=16, num_readers=1, frames_per_second=30.5)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRAMECUE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_is_kept_is_found_under_its_key_alone(cache: Path) -> None:
    assert kept_pace("a") is None
    other = Pace(4, 32, 2, 100.0)
    keep_pace("a", PACE)
    keep_pace("b", other)
    assert (kept_pace("a"), kept_pace("b"), kept_pace("c")) == (PACE, other, None)
    assert [path.name for path in cache.iterdir()] == ["pace.json"]
    keep_pace("a", other)
    assert kept_pace("a") == other


def test_a_key_tells_what_the_speed_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = ThreadedColours(max_threads=2)
    keys = {pace_key(encoder), pace_key(ThreadedColours(max_threads=2, shape_key="other"))}
    monkeypatch.setattr(pace_file, "num_cores", lambda: 77)
    keys.add(pace_key(encoder))
    monkeypatch.setattr(pace_file, "processor_name", lambda: "another processor")
    keys.add(pace_key(encoder))
    assert len(keys) == 4


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "[]",
        "null",
        '"text"',
        '{"paces": {}}',
        '{"format": 2, "paces": {"a": {}}}',
        '{"format": 1, "paces": []}',
        '{"format": 1, "paces": {"a": 3}}',
        '{"format": 1, "paces": {"a": {"num_workers": 2}}}',
        b"\xff\xfe",
        "[" * 100_000,
    ],
)
def test_a_damaged_file_counts_as_none_and_is_replaced(cache: Path, document: str | bytes) -> None:
    cache.mkdir()
    (cache / "pace.json").write_bytes(document if isinstance(document, bytes) else document.encode())
    assert kept_pace("a") is None
    keep_pace("a", PACE)
    assert kept_pace("a") == PACE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_workers", 0),
        ("num_workers", "2"),
        ("num_readers", -1),
        ("frames_per_batch", 1.5),
        ("frames_per_second", None),
        ("frames_per_second", 0),
    ],
)
def test_numbers_that_make_no_sense_count_as_none(cache: Path, name: str, value: Any) -> None:
    keep_pace("a", PACE)
    document = json.loads((cache / "pace.json").read_text())
    document["paces"]["a"][name] = value
    (cache / "pace.json").write_text(json.dumps(document))
    assert kept_pace("a") is None


def test_a_cache_that_cannot_be_written_is_no_error(cache: Path) -> None:
    cache.write_text("no folder")
    keep_pace("a", PACE)
    assert kept_pace("a") is None
