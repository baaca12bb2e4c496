"""Own columns in runs: they come with new files, stay with files that move or change, and cost no encoding."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from framecue.errors import InputError
from framecue.library import Library
from framecue.library.store import Store


@pytest.fixture
def library(tmp_path: Path, make_model) -> Library:
    return Library(tmp_path / "l.lance", model=make_model())


def values(library: Library) -> dict[str, dict[str, Any]]:
    return {Path(path).name: dict(found) for path, found in Store.open(library.uri).metadata().items()}


def rate(path: str) -> dict[str, Any]:
    return {"rating": len(Path(path).stem), "place": "Rome"}


def test_new_files_have_their_values_from_the_first_commit_on(library: Library, clips: Path) -> None:
    report = library.add(clips, metadata=rate)
    assert (report.added, report.metadata_updated) == (4, 0)
    assert values(library) == {
        "red.mp4": {"rating": 3, "place": "Rome"},
        "blue.mp4": {"rating": 4, "place": "Rome"},
        "green.mp4": {"rating": 5, "place": "Rome"},
        "yellow.mp4": {"rating": 6, "place": "Rome"},
    }


def test_unchanged_files_get_them_too_without_encoding(library: Library, clips: Path) -> None:
    library.add(clips)
    report = library.add(clips, metadata={clips / "red.mp4": {"rating": 5}})
    assert (report.unchanged, report.encoded, report.metadata_updated) == (4, 0, 1)
    assert values(library)["red.mp4"] == {"rating": 5}
    assert values(library)["blue.mp4"] == {"rating": None}
    assert library.add(clips, metadata={clips / "red.mp4": {"rating": 5}}).metadata_updated == 0
    assert library.add(clips).metadata_updated == 0


def test_values_stay_with_a_video_that_moves(library: Library, clips: Path) -> None:
    library.add(clips, metadata=rate)
    (clips / "red.mp4").rename(clips / "more" / "rot.mp4")
    report = library.add(clips)
    assert (report.moved, report.encoded) == (1, 0)
    assert values(library)["rot.mp4"] == {"rating": 3, "place": "Rome"}


def test_values_stay_with_a_file_that_changes_and_new_ones_win(library: Library, clips: Path, write_clip) -> None:
    library.add(clips, metadata=rate)
    write_clip(clips / "red.mp4", "white", seconds=2)
    write_clip(clips / "blue.mp4", "black", seconds=2)
    report = library.add(clips, metadata={clips / "blue.mp4": {"rating": 9}})
    assert (report.changed, report.encoded, report.metadata_updated) == (2, 2, 0)
    assert values(library)["red.mp4"] == {"rating": 3, "place": "Rome"}
    assert values(library)["blue.mp4"] == {"rating": 9, "place": "Rome"}


def test_files_that_swap_names_take_their_values_along(library: Library, clips: Path) -> None:
    library.add(clips, metadata=rate)
    (clips / "red.mp4").rename(clips / "x")
    (clips / "green.mp4").rename(clips / "red.mp4")
    (clips / "x").rename(clips / "green.mp4")
    assert library.add(clips).encoded == 0
    assert values(library)["red.mp4"]["rating"] == 5
    assert values(library)["green.mp4"]["rating"] == 3


def test_a_copy_that_takes_the_place_of_a_video_has_its_values(library: Library, clips: Path) -> None:
    shutil.copy(clips / "red.mp4", clips / "z copy.mp4")
    library.add(clips, metadata=rate)
    library.remove(clips / "red.mp4")
    assert values(library)["z copy.mp4"]["rating"] == 3


def test_values_stay_when_subtitles_come(library: Library, clips: Path) -> None:
    library.add(clips, metadata=rate)
    (clips / "red.txt").write_text("A red thing.")
    assert library.add(clips).subtitles_updated == 1
    assert values(library)["red.mp4"]["rating"] == 3


@pytest.mark.parametrize("held", [True, False])
def test_a_value_that_does_not_fit_stops_the_run_before_it_begins(library: Library, clips: Path, held: bool) -> None:
    if held:
        library.add(clips, metadata=rate)
    says = r"column rating holds values of int.*red\.mp4 has 'five', a value of str"
    given = {clips / "blue.mp4": {"rating": 1}, clips / "red.mp4": {"rating": "five"}}
    with pytest.raises(InputError, match=says):
        library.add(clips, metadata=given)
    assert library.exists == held
    if held:
        assert values(library)["blue.mp4"]["rating"] == 4


def test_values_of_files_that_the_run_has_not_found_are_reported(library: Library, clips: Path) -> None:
    report = library.add(clips / "red.mp4", metadata={clips / "blue.mp4": {"a": 1}, clips / "red.mp4": {"a": 2}})
    assert [(Path(item.path).name, item.reason) for item in report.skipped] == [
        ("blue.mp4", "there are values for it, but the run has found no such file")
    ]
    assert values(library) == {"red.mp4": {"a": 2}}


def test_whole_and_broken_numbers_make_a_column_of_numbers(library: Library, clips: Path) -> None:
    library.add(clips, metadata={clips / "red.mp4": {"x": 1}, clips / "blue.mp4": {"x": 0.5}})
    assert library.metadata_columns == {"x": "float"}
    assert values(library)["red.mp4"]["x"] == 1.0


def test_all_segments_of_a_video_have_them(library: Library, tmp_path: Path, write_clip) -> None:
    write_clip(tmp_path / "long" / "a.mp4", "red", seconds=40)
    library.add(tmp_path / "long", metadata=lambda path: {"rating": 3})
    table = library.to_arrow(columns=["rating"])
    assert table.num_rows > 1
    assert set(table.column("rating").to_pylist()) == {3}
