"""What changes on the disk between two runs: the library follows, and encodes only what it has never seen."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from framecue.errors import InputError
from framecue.library import Duplicate, Library
from framecue.library.indexing import ledger as indexing
from framecue.library.store import Store


@pytest.fixture
def library(tmp_path: Path, colour_model, clips: Path) -> Library:
    """A library of four clips."""
    library = Library(tmp_path / "videos.lance", model=colour_model)
    assert library.add(clips).encoded == 4
    colour_model.batches.clear()
    return library


@pytest.fixture(params=[64, 1])
def rows_per_commit(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """All in one commit, and each file in its own."""
    monkeypatch.setattr(indexing, "ROWS_PER_COMMIT", request.param)
    monkeypatch.setattr("framecue.library.indexing.pace.FRAMES_PER_ENCODE", request.param)
    return request.param


def where(library: Library, root: Path) -> dict[str, str]:
    """The colour that is found best, by path; every path of the library has to be some colour's best."""
    best = {}
    colours = ("red", "green", "blue", "yellow", "white", "black")
    # A file's name tells nothing here.
    for colour, (hit, *_) in zip(colours, library.search_many(colours, k=1, only="seen"), strict=True):
        if hit.score > 0.95:
            best[str(Path(hit.path).relative_to(root))] = colour
    assert len(best) == library.info().num_videos
    return best


def test_a_renamed_folder_of_many_videos_encodes_nothing(tmp_path: Path, colour_model, write_clip) -> None:
    first = write_clip(tmp_path / "old" / "000.mp4", "red", seconds=0.25)
    for number in range(1, 40):
        # Bytes after the last box make another content of the same picture.
        copy = first.with_name(f"{number:03}.mp4")
        copy.write_bytes(first.read_bytes() + b"\0\0\0\x0cfree" + number.to_bytes(4, "big"))
    library = Library(tmp_path / "videos.lance", model=colour_model)
    assert library.add(tmp_path / "old").encoded == 40
    ids = [video.video_id for video in Store.open(library.uri).held().values()]
    assert len(set(ids)) == 40
    colour_model.batches.clear()
    (tmp_path / "old").rename(tmp_path / "new")
    report = library.add(tmp_path / "new")
    assert (report.moved, report.encoded, report.added, report.changed, report.duplicates) == (40, 0, 0, 0, [])
    assert colour_model.batches == []
    held = Store.open(library.uri).held()
    assert list(held) == [str(tmp_path / "new" / f"{number:03}.mp4") for number in range(40)]
    assert [video.video_id for video in held.values()] == ids
    assert library.add(tmp_path / "new").unchanged == 40


def test_a_touched_file_is_unchanged_and_noted(library: Library, clips: Path, colour_model) -> None:
    os.utime(clips / "red.mp4", (1, 1))
    report = library.add(clips)
    assert (report.unchanged, report.changed, report.moved, report.encoded) == (4, 0, 0, 0)
    assert library.plan(clips).units == ()
    assert colour_model.batches == []


def test_a_duplicate_is_stored_once_and_reported(library: Library, clips: Path, colour_model) -> None:
    shutil.copy(clips / "green.mp4", clips / "copy.mp4")
    report = library.add(clips)
    duplicate = Duplicate(str(clips / "copy.mp4"), str(clips / "green.mp4"))
    assert (report.duplicates, report.added, report.unchanged, report.num_videos) == ([duplicate], 0, 4, 4)
    assert len(library.search("green", k=10)) == 4
    assert library.info().duplicates == [duplicate]
    assert library.plan(clips).units == ()  # not even hashed again
    report = library.add(clips)
    assert (report.unchanged, report.duplicates) == (5, [])
    assert colour_model.batches == []


def test_duplicates_in_the_first_run_are_encoded_once(tmp_path: Path, clips: Path, colour_model) -> None:
    shutil.copy(clips / "red.mp4", clips / "red again.mp4")
    report = Library(tmp_path / "new.lance", model=colour_model).add(clips)
    assert (report.added, report.encoded, report.num_videos) == (4, 4, 4)
    assert report.duplicates == [Duplicate(str(clips / "red.mp4"), str(clips / "red again.mp4"))]


@pytest.mark.parametrize("gone", ["green.mp4", "copy.mp4"])
@pytest.mark.parametrize("prune", [False, True])
def test_one_of_two_copies_is_deleted(library: Library, clips: Path, colour_model, gone: str, prune: bool) -> None:
    shutil.copy(clips / "green.mp4", clips / "copy.mp4")
    library.add(clips)
    (clips / gone).unlink()
    library.add(clips, prune=prune)
    left = {"green.mp4", "copy.mp4"} - {gone}
    assert set(where(library, clips)) == {"red.mp4", "blue.mp4", "more/yellow.mp4"} | left
    assert library.info().duplicates == [] or not prune
    assert colour_model.batches == []


def test_a_copy_elsewhere_takes_over_what_is_pruned_removed_or_changed(
    library: Library, clips: Path, tmp_path: Path, colour_model, write_clip
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for colour in ("red", "green", "blue"):
        shutil.copy(clips / f"{colour}.mp4", other)
    assert len(library.add(other).duplicates) == 3
    (clips / "red.mp4").unlink()
    write_clip(clips / "green.mp4", "white")
    report = library.add(clips, prune=True)
    assert (report.removed, report.changed, report.encoded) == (1, 1, 1)
    assert library.remove(clips / "blue.mp4").removed == 1
    assert where(library, tmp_path) == {
        "other/red.mp4": "red",
        "other/green.mp4": "green",
        "other/blue.mp4": "blue",
        "clips/green.mp4": "white",
        "clips/more/yellow.mp4": "yellow",
    }
    assert library.info().duplicates == []
    assert library.add(other).unchanged == 3


def test_the_note_of_a_copy_goes_when_it_gets_a_content_of_its_own(
    library: Library, clips: Path, write_clip, rows_per_commit: int
) -> None:
    shutil.copy(clips / "green.mp4", clips / "copy.mp4")
    shutil.copy(clips / "red.mp4", clips / "other.mp4")
    assert len(library.add(clips).duplicates) == 2
    write_clip(clips / "copy.mp4", "white")
    assert library.add(clips).encoded == 1
    store = Store.open(library.uri)
    assert set(store.copies()) == {str(clips / "other.mp4")}
    assert str(clips / "copy.mp4") in store.held()


def test_the_old_path_of_a_moved_file_has_other_content(
    library: Library, clips: Path, colour_model, write_clip, rows_per_commit: int
) -> None:
    (clips / "blue.mp4").rename(clips / "z.mp4")
    (clips / "red.mp4").rename(clips / "a.mp4")
    write_clip(clips / "blue.mp4", "white")
    write_clip(clips / "red.mp4", "black")
    report = library.add(clips)
    assert (report.moved, report.changed, report.added, report.encoded) == (2, 2, 0, 2)
    assert where(library, clips) == {
        "z.mp4": "blue",
        "a.mp4": "red",
        "blue.mp4": "white",
        "red.mp4": "black",
        "green.mp4": "green",
        "more/yellow.mp4": "yellow",
    }
    assert colour_model.num_encoded == 2


def test_files_that_swap_names_are_not_encoded(library: Library, clips: Path, colour_model, rows_per_commit) -> None:
    (clips / "blue.mp4").rename(clips / "swap")
    (clips / "red.mp4").rename(clips / "blue.mp4")
    (clips / "green.mp4").rename(clips / "red.mp4")
    (clips / "swap").rename(clips / "green.mp4")
    for name in ("blue.mp4", "red.mp4", "green.mp4"):
        os.utime(clips / name, (7, 7))
    report = library.add(clips)
    assert (report.moved, report.encoded, report.skipped, report.num_videos) == (3, 0, [], 4)
    assert where(library, clips)["blue.mp4"] == "red"
    assert where(library, clips)["red.mp4"] == "green"
    assert where(library, clips)["green.mp4"] == "blue"
    assert colour_model.batches == []


def test_a_name_that_only_changes_case(library: Library, clips: Path, colour_model) -> None:
    (clips / "red.mp4").rename(clips / "RED.mp4")
    report = library.add(clips, prune=True)
    assert (report.moved, report.removed, report.encoded, report.duplicates) == (1, 0, 0, [])
    assert "RED.mp4" in where(library, clips)


def test_a_case_change_where_the_old_name_still_leads_to_the_file(
    library: Library, clips: Path, tmp_path: Path, colour_model
) -> None:
    # As where the file system does not tell cases apart: both spellings lead to the folder.
    clips.rename(tmp_path / "Clips")
    clips.symlink_to(tmp_path / "Clips")
    report = library.add(tmp_path / "Clips")
    assert (report.moved, report.duplicates, report.encoded, report.num_videos) == (4, [], 0, 4)


def test_a_file_that_vanishes_during_the_run(library: Library, clips: Path, write_clip) -> None:
    write_clip(clips / "white.mp4", "white")
    os.utime(clips / "red.mp4", (1, 1))
    plan = library.plan(clips)
    (clips / "white.mp4").unlink()
    (clips / "red.mp4").unlink()
    report = library.add(plan, prune=True)
    assert [Path(item.path).name for item in report.skipped] == ["red.mp4", "white.mp4"]
    # It may have been renamed while the run looked elsewhere: the next one knows.
    assert (report.removed, report.num_videos) == (0, 4)
    assert library.add(clips, prune=True).removed == 1


def test_a_linked_folder_moves_with_its_link(library: Library, clips: Path, tmp_path: Path, colour_model) -> None:
    (clips / "more").rename(tmp_path / "elsewhere")
    (clips / "link").symlink_to(tmp_path / "elsewhere")
    report = library.add(clips, prune=True)
    assert (report.moved, report.removed, report.encoded) == (1, 0, 0)
    assert where(library, clips)["link/yellow.mp4"] == "yellow"
    # The disk with the folder is away: the link is left, and what the library holds behind it.
    (tmp_path / "elsewhere").rename(tmp_path / "away")
    report = library.add(clips, prune=True)
    assert (report.removed, report.num_videos) == (0, 4)
    assert [item.path for item in report.skipped] == [str(clips / "link")]
    assert "mount the disk" in report.skipped[0].reason


def test_prune_takes_out_what_is_gone_and_only_from_the_folders_named(
    library: Library, clips: Path, tmp_path: Path, write_clip
) -> None:
    elsewhere = write_clip(tmp_path / "elsewhere" / "white.mp4", "white")
    library.add(elsewhere)
    elsewhere.unlink()
    (clips / "red.mp4").unlink()
    shutil.rmtree(clips / "more")
    assert library.add(clips).num_videos == 5  # not without being asked
    report = library.add(clips, prune=True)
    assert (report.removed, report.unchanged, report.skipped) == (2, 2, [])
    assert [Path(file.path).name for file in library.info().files] == ["blue.mp4", "green.mp4", "white.mp4"]


def test_missing_says_what_prune_would_take_out(library: Library, clips: Path) -> None:
    (clips / "red.mp4").unlink()
    (clips / "more" / "yellow.mp4").unlink()
    gone, kept = library.missing(library.plan(clips))
    assert (gone, [item.path for item in kept]) == ([str(clips / "red.mp4")], [str(clips / "more")])
    blue = [str(clips / "blue.mp4")]
    assert library.missing(library.plan(clips, within=blue)) == ([], [])
    assert library.add(library.plan(clips, within=blue), prune=True).removed == 0
    assert library.add(clips, prune=True).removed == 1


def test_what_is_excluded_is_neither_indexed_nor_pruned(library: Library, clips: Path, write_clip) -> None:
    write_clip(clips / "drafts" / "white.mp4", "white")
    report = library.add(clips, exclude=["drafts", "red*"], prune=True)
    assert (report.added, report.unchanged, report.removed, report.num_videos) == (0, 3, 0, 4)


def test_a_disk_that_is_not_mounted_empties_no_library(library: Library, clips: Path, tmp_path: Path) -> None:
    clips.rename(tmp_path / "away")
    with pytest.raises(InputError, match="no such file or folder; the library keeps 4 of it: mount the disk"):
        library.add(clips, prune=True)
    clips.mkdir()  # an empty mount point
    with pytest.raises(InputError, match="no video in this folder; the library keeps 4 of it"):
        library.add(clips, prune=True)
    assert library.info().num_videos == 4
    clips.rmdir()
    (tmp_path / "away").rename(clips)
    # A mount point within the folder.
    shutil.move(clips / "more" / "yellow.mp4", tmp_path)
    report = library.add(clips, prune=True)
    assert (report.removed, report.num_videos) == (0, 4)
    assert [item.path for item in report.skipped] == [str(clips / "more")]


def test_a_file_behind_a_link_to_nothing_is_not_pruned(library: Library, clips: Path, tmp_path: Path) -> None:
    (clips / "red.mp4").rename(tmp_path / "far.mp4")
    (clips / "red.mp4").symlink_to(tmp_path / "far.mp4")
    assert library.add(clips, prune=True).unchanged == 4
    (tmp_path / "far.mp4").unlink()
    report = library.add(clips, prune=True)
    assert (report.removed, report.num_videos) == (0, 4)


def test_removing_a_copy_or_both(library: Library, clips: Path) -> None:
    shutil.copy(clips / "green.mp4", clips / "copy.mp4")
    library.add(clips)
    assert library.remove(clips / "copy.mp4").num_videos == 4
    assert library.info().duplicates == []
    assert len(library.add(clips).duplicates) == 1
    report = library.remove([clips / "copy.mp4", clips / "green.mp4"])
    assert (report.removed, report.num_videos) == (2, 3)
    assert library.remove(clips).num_videos == 0
    with pytest.raises(InputError, match="nothing to remove"):
        library.remove(clips)


@pytest.mark.parametrize("step", ["write", "note_copies"])
def test_a_crash_between_two_commits_loses_no_video(
    library: Library, clips: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    shutil.copy(clips / "green.mp4", clips / "copy.mp4")
    library.add(clips)
    shutil.move(clips / "green.mp4", clips / "gone")  # the copy has to take over
    shutil.copy(clips / "red.mp4", clips / "green.mp4")  # a copy where rows were
    (clips / "blue.mp4").rename(clips / "moved.mp4")

    class KilledError(BaseException):
        pass

    def kill(*args: object, **options: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(Store, step, kill)
        with pytest.raises(KilledError):
            library.add(clips, prune=True)
    names = {Path(file.path).name for file in library.info().files}
    assert len(names) == 4
    report = library.add(clips, prune=True)
    assert report.encoded == 0
    assert where(library, clips) == {
        "red.mp4": "red",
        "copy.mp4": "green",
        "moved.mp4": "blue",
        "more/yellow.mp4": "yellow",
    }
    assert library.info().duplicates == [Duplicate(str(clips / "green.mp4"), str(clips / "red.mp4"))]
    assert library.plan(clips).units == ()
