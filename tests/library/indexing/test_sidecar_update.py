"""Words beside videos: noted with the videos, kept up to date without reading them, and at home where the file is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from framecue.library import Library
from framecue.library.indexing import sidecar_update
from framecue.library.results import Remark, Skipped
from framecue.library.store import Store

SRT = "1\n00:00:00,100 --> 00:00:00,900\n{}\n"


@pytest.fixture
def library(tmp_path: Path, colour_model) -> Library:
    return Library(tmp_path / "videos.lance", model=colour_model)


def words(library: Library) -> dict[str, str | None]:
    """What the library's only segments of its files say, by file name."""
    store = Store.open(library.uri)
    return {Path(path).name: row.subtitles for path, (row,) in store.rows_at(list(store.held())).items()}


def test_new_videos_have_the_words_of_their_sidecars(library: Library, clips: Path) -> None:
    (clips / "red.srt").write_text(SRT.format("a red rose"))
    (clips / "green.txt").write_text("a meadow")
    report = library.add(clips)
    assert (report.added, report.subtitles_updated) == (4, 0)
    assert words(library) == {"red.mp4": "a red rose", "green.mp4": "a meadow", "blue.mp4": None, "yellow.mp4": None}
    assert library.plan(clips).subtitles_changed == ()


@pytest.mark.parametrize("with_model", [True, False])
def test_words_that_come_change_and_go_encode_nothing(
    library: Library, clips: Path, colour_model, with_model: bool
) -> None:
    (clips / "red.srt").write_text(SRT.format("a red rose"))
    (clips / "green.srt").write_text(SRT.format("a meadow"))
    library.add(clips)
    colour_model.batches.clear()
    before = {path: rows[0] for path, rows in _rows(library).items()}
    (clips / "red.srt").write_text(SRT.format("a red poppy"))
    (clips / "green.srt").unlink()
    (clips / "blue.en.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nthe sea\n")
    # What encodes nothing needs no model either.
    report = (library if with_model else Library(library.uri)).add(clips)
    assert (report.subtitles_updated, report.unchanged, report.changed, report.encoded) == (3, 4, 0, 0)
    assert words(library) == {"red.mp4": "a red poppy", "green.mp4": None, "blue.mp4": "the sea", "yellow.mp4": None}
    for path, (row,) in _rows(library).items():
        assert {**vars(row), "vector": 0, "subtitles": 0, "sidecars": 0} == {
            **vars(before[path]),
            "vector": 0,
            "subtitles": 0,
            "sidecars": 0,
        }
        assert (row.vector == before[path].vector).all()
    assert colour_model.batches == []
    assert library.add(clips).subtitles_updated == 0


def test_a_cue_beyond_the_end_is_told_once_and_costs_nothing_else(library: Library, clips: Path) -> None:
    beyond = "\n2\n00:05:06,000 --> 00:05:07,000\nthe credits\n"
    (clips / "red.srt").write_text(SRT.format("a red rose") + beyond)
    (clips / "picture.srt").write_text(SRT.format("a picture") + beyond)
    Image.new("RGB", (64, 48)).save(clips / "picture.png")
    reason = "{} has a cue at 5:06, beyond its end at 0:01, which is left out"

    assert library.add(clips, images=True).warnings == [Remark(str(clips / "red.mp4"), reason.format("red.srt"))]
    assert words(library)["red.mp4"] == "a red rose"
    assert library.add(clips).warnings == []
    # Of a video that the library has had, too.
    (clips / "blue.srt").write_text(SRT.format("the sea") + beyond)
    report = library.add(clips)
    assert report.subtitles_updated == 1
    assert report.warnings == [Remark(str(clips / "blue.mp4"), reason.format("blue.srt"))]


def test_all_videos_are_brought_up_to_date_in_several_commits(
    library: Library, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.add(clips)
    monkeypatch.setattr(sidecar_update, "ROWS_PER_COMMIT", 2)
    for name in ("red", "green", "blue"):
        (clips / f"{name}.txt").write_text(name)
    assert library.add(clips).subtitles_updated == 3
    assert words(library) == {"red.mp4": "red", "green.mp4": "green", "blue.mp4": "blue", "yellow.mp4": None}


def test_a_moved_video_has_the_words_of_its_new_place(library: Library, clips: Path, colour_model) -> None:
    (clips / "red.srt").write_text(SRT.format("a red rose"))
    (clips / "other.txt").write_text("a poppy")
    library.add(clips)
    colour_model.batches.clear()
    (clips / "red.mp4").rename(clips / "other.mp4")
    report = library.add(clips)
    assert (report.moved, report.subtitles_updated) == (1, 0)
    assert words(library)["other.mp4"] == "a poppy"
    (clips / "other.mp4").rename(clips / "wordless.mp4")
    library.add(clips)
    assert words(library)["wordless.mp4"] is None
    assert library.plan(clips).subtitles_changed == ()
    assert colour_model.batches == []


def test_a_copy_that_takes_over_has_the_words_of_its_place_from_the_next_run_on(library: Library, clips: Path) -> None:
    (clips / "red.srt").write_text(SRT.format("a red rose"))
    (clips / "z.txt").write_text("a copy")
    (clips / "z.mp4").write_bytes((clips / "red.mp4").read_bytes())
    library.add(clips)
    library.remove(clips / "red.mp4")
    assert words(library)["z.mp4"] == "a red rose"  # of the same content
    (clips / "red.mp4").unlink()
    assert library.add(clips).subtitles_updated == 1
    assert words(library)["z.mp4"] == "a copy"


def test_a_broken_sidecar_is_reported_once_and_stops_nothing(library: Library, clips: Path) -> None:
    (clips / "red.srt").write_text("no subtitles")
    broken = [Skipped(str(clips / "red.srt"), "no subtitles in it")]
    report = library.add(clips)
    assert (report.added, report.skipped) == (4, broken)
    report = library.add(clips)
    assert (report.unchanged, report.skipped, report.subtitles_updated) == (4, [], 0)
    os.utime(clips / "red.srt", (1, 1))
    report = library.add(clips)
    assert (report.unchanged, report.skipped, report.subtitles_updated) == (4, broken, 1)
    assert words(library)["red.mp4"] is None


def _rows(library: Library):
    store = Store.open(library.uri)
    return store.rows_at(list(store.held()))
