"""Files that an older framecue read otherwise are encoded again, once, and no others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from framecue.errors import VideoError
from framecue.library import Library
from framecue.library.indexing import reread
from framecue.library.indexing.reread import describe_reread, find_reread
from framecue.library.store import Store
from framecue.video import READING, SecondLook
from support.recordings import flagged, record


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    record(folder / "fine.mp4", pictures=(0, 4))
    record(folder / "late.mkv", pictures=(10, 14), sound=(0, 14))
    record(folder / "later.mp4", pictures=(20, 24), sound=(0, 24))
    damaged = record(folder / "flagged.ts", pictures=(0, 6))
    damaged.write_bytes(flagged(damaged.read_bytes()))
    return folder


def make_older(uri: str, folder: Path) -> None:
    """Let all rows be as an older framecue wrote them."""
    store = Store.open(uri)
    for rows in store.rows_at([str(path) for path in folder.iterdir()]).values():
        first = rows[0]
        length = 0.2 if first.path.endswith(".ts") else first.duration_seconds - first.start_seconds
        old = replace(first, start_seconds=0.0, end_seconds=length, duration_seconds=length, reading=None)
        store.write([old], replacing=[first.path])


@pytest.fixture
def older(tmp_path: Path, films: Path, colour_model, make_model) -> Library:
    library = Library(tmp_path / "videos.lance", model=make_model())
    library.add(films)
    make_older(library.uri, films)
    return Library(library.uri, model=colour_model)


def names(report) -> list[tuple[str, str]]:
    return [(Path(item.path).name, item.reason) for item in report.reread]


def test_they_are_encoded_again_and_said_and_that_is_all(older: Library, films: Path, colour_model) -> None:
    (films / "late.srt").write_text("1\n00:00:11,000 --> 00:00:12,000\nA white flag\n")
    lines: list[str] = []
    report = older.add(films, on_notice=lines.append)
    assert names(report) == [("flagged.ts", "times"), ("late.mkv", "times"), ("later.mp4", "times")]
    assert (report.encoded, report.unchanged, report.changed, report.added, report.skipped) == (3, 1, 0, 0, [])
    assert colour_model.num_encoded == 3
    assert lines == ["3 files that an older framecue indexed with other times or shapes: encoding again 3 for times"]
    rows = Store.open(older.uri).rows_at([str(path) for path in films.iterdir()])
    starts = {Path(path).name: round(found[0].start_seconds) for path, found in rows.items()}
    assert starts == {"fine.mp4": 0, "late.mkv": 10, "later.mp4": 20, "flagged.ts": 0}
    assert {row.reading for found in rows.values() for row in found} == {READING}
    assert rows[str(films / "late.mkv")][0].subtitles == "A white flag"
    (hit,) = older.search("white", k=1, hybrid=True)
    assert hit.start_seconds < 11 < hit.end_seconds


def test_own_columns_stay_with_them(older: Library, films: Path) -> None:
    older.set_metadata({path: {"name": path.name} for path in films.iterdir()})
    make_older(older.uri, films)
    assert len(older.add(films).reread) == 3
    found = Store.open(older.uri).metadata()
    assert {Path(path).name: values["name"] for path, values in found.items()} == {
        path.name: path.name for path in films.iterdir()
    }


def test_nothing_is_looked_at_twice(older: Library, films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older.add(films)
    monkeypatch.setattr("framecue.library.indexing.session.open_reader", None)
    report = older.add(films)
    assert (report.unchanged, report.encoded, report.reread) == (4, 0, [])
    assert Library(older.uri).plan(films).outdated == ()


def test_a_run_that_was_stopped_goes_on(older: Library, films: Path, colour_model, monkeypatch) -> None:
    monkeypatch.setattr(reread, "ROWS_PER_COMMIT", 1)
    monkeypatch.setattr("framecue.library.indexing.pace.FRAMES_PER_ENCODE", 1)

    def stop(done: float, total: int) -> None:
        if total == 3 and done >= 2:  # four are looked at, three are encoded
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        older.add(films, progress=stop)
    held = Store.open(older.uri).held()
    assert held[str(films / "fine.mp4")].reading == READING
    again = Library(older.uri, model=colour_model)
    left = len(again.plan(films).outdated)
    assert 0 < left < 3
    report = again.add(films)
    assert (len(report.reread), report.unchanged) == (left, 4 - left)
    assert {item.reading for item in Store.open(older.uri).held().values()} == {READING}


def test_new_copies_of_them_stay_copies(older: Library, films: Path) -> None:
    (films / "a copy.mkv").write_bytes((films / "late.mkv").read_bytes())
    report = older.add(films)
    assert [Path(copy.path).name for copy in report.duplicates] == ["a copy.mkv"]
    assert (report.num_videos, len(report.reread), report.encoded) == (4, 3, 3)


def test_when_they_were_recorded_is_noted_and_nothing_is_doubled(older: Library, films: Path) -> None:
    store = Store.open(older.uri)
    store.table.lance.update(values={"recorded_seconds": None, "kind": None})
    snapshot = store.snapshot()
    before = {path: item.num_segments for path, item in snapshot.held.items()}

    def look_again(path: str, found: object) -> SecondLook:
        return SecondLook(recorded_seconds=9.5 if path.endswith(".ts") else None)

    assert find_reread(store, snapshot, list(snapshot.held), look_again) == []
    rows = Store.open(older.uri).rows_at(list(before))
    assert {path: len(found) for path, found in rows.items()} == before
    assert {(row.reading, row.kind) for found in rows.values() for row in found} == {(READING, "video")}
    for path, found in rows.items():
        expected = 9.5 if path.endswith(".ts") else found[0].state.modified_seconds
        assert {row.recorded_seconds for row in found} == {expected}


def test_a_file_that_cannot_be_read_just_now_waits(older: Library, films: Path) -> None:
    store = Store.open(older.uri)
    snapshot = store.snapshot()

    def look_again(path: str, found: object) -> SecondLook:
        if path.endswith(".ts"):
            raise VideoError(path, "may not be read")
        return SecondLook()

    assert find_reread(store, snapshot, list(snapshot.held), look_again) == []
    for held in (snapshot.held, Store.open(older.uri).held()):
        assert [Path(path).name for path, item in held.items() if item.reading is None] == ["flagged.ts"]


def test_what_a_person_is_told(older: Library) -> None:
    store = Store.open(older.uri)
    answers = iter(["shape", "times", "times", None])
    snapshot = store.snapshot()
    units = find_reread(store, snapshot, sorted(snapshot.held), lambda path, found: SecondLook(next(answers)))
    said = "that an older framecue indexed with other times or shapes: encoding again"
    assert describe_reread(units) == f"3 files {said} 1 for shape and 2 for times"
    assert describe_reread(units[:1]) == f"1 file {said} 1 for shape"
