from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.library.files.sidecars import SidecarFinder
from framecue.library.indexing.plan import Copy, Held, Plan, is_below, make_plan
from framecue.library.state import FileState

SUFFIXES = {".mp4", ".avi"}


def put(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(plan: Plan, root: Path) -> list[str]:
    return [str(Path(unit.path).relative_to(root)) for unit in plan.units]


def held_of(path: Path) -> Held:
    status = path.stat()
    return Held("id", FileState.of(status), 1.0, 1, SidecarFinder().state(str(path)))


def test_folder_is_searched_through_in_order_without_hidden_and_other_files(tmp_path: Path) -> None:
    for name in ["b.mp4", "a.MP4", "notes.txt", ".hidden.mp4", "sub/c.avi", ".git/d.mp4", "a sub/e.mp4"]:
        put(tmp_path / name)
    assert names(make_plan(tmp_path, suffixes=SUFFIXES), tmp_path) == ["a.MP4", "b.mp4", "a sub/e.mp4", "sub/c.avi"]


def test_named_file_is_tried_whatever_its_name(tmp_path: Path) -> None:
    odd, hidden = put(tmp_path / "clip.dat"), put(tmp_path / ".hidden")
    assert names(make_plan([odd, str(hidden)], suffixes=SUFFIXES), tmp_path) == ["clip.dat", ".hidden"]


def test_units_carry_absolute_path_size_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "a.mp4", b"12345")
    os.utime(path, (1000, 1234.5))
    monkeypatch.chdir(tmp_path)
    (unit,) = make_plan("a.mp4", suffixes=SUFFIXES).units
    assert (unit.path, unit.state, unit.replaces) == (str(path), FileState(5, 1234.5), False)


def test_file_reached_twice_is_one_unit(tmp_path: Path) -> None:
    path = put(tmp_path / "a.mp4")
    assert len(make_plan([tmp_path, path, tmp_path / "x" / ".." / "a.mp4"], suffixes=SUFFIXES).units) == 1


def test_home_folder_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    put(tmp_path / "Videos" / "a.mp4")
    assert names(make_plan("~/Videos", suffixes=SUFFIXES), tmp_path) == ["Videos/a.mp4"]


def test_unchanged_is_left_out_and_changed_replaces(tmp_path: Path) -> None:
    same, grown, touched, new = (put(tmp_path / name) for name in ["1.mp4", "2.mp4", "3.mp4", "4.mp4"])
    held = {str(path): held_of(path) for path in (same, grown, touched)}
    grown.write_bytes(b"longer")
    os.utime(touched, (1, 1))
    plan = make_plan(tmp_path, suffixes=SUFFIXES, held=held)
    assert plan.unchanged == (str(same),)
    assert [(unit.path, unit.replaces) for unit in plan.units] == [
        (str(grown), True),
        (str(touched), True),
        (str(new), False),
    ]


def test_a_known_copy_is_unchanged_while_its_original_is_there(tmp_path: Path) -> None:
    original, copy = put(tmp_path / "1.mp4"), put(tmp_path / "2.mp4")
    status = copy.stat()
    known = {
        "held": {str(original): held_of(original)},
        "copies": {str(copy): Copy("id", FileState.of(status))},
    }
    assert make_plan(tmp_path, suffixes=SUFFIXES, **known).unchanged == (str(original), str(copy))
    original.unlink()
    assert [unit.path for unit in make_plan(tmp_path, suffixes=SUFFIXES, **known).units] == [str(copy)]
    # A note whose content the library does not hold counts for nothing.
    assert names(make_plan(tmp_path, suffixes=SUFFIXES, copies=known["copies"]), tmp_path) == ["2.mp4"]


def test_excluded_files_and_folders_are_left_out_and_folders_that_are_named_are_not(tmp_path: Path) -> None:
    named = put(tmp_path / "c.mp4")
    for name in ["raw/a.mp4", "raw/b.avi", "raw/sub/a.mp4", "raw/raw/d.mp4"]:
        put(tmp_path / name)
    plan = make_plan([tmp_path / "raw", named], suffixes=SUFFIXES, exclude=["raw", "./a.mp4", "c.*"])
    assert names(plan, tmp_path) == ["raw/b.avi", "raw/sub/a.mp4"]
    assert [(item.path, item.reason) for item in plan.skipped] == [(str(named), "excluded")]
    assert plan.folders == (str(tmp_path / "raw"),)
    assert plan.seen == {str(tmp_path / name) for name in ("raw/b.avi", "raw/sub/a.mp4", "c.mp4")}


def test_folders_without_a_video_are_not_among_the_folders(tmp_path: Path) -> None:
    put(tmp_path / "full" / "a.mp4")
    put(tmp_path / "empty" / "notes.txt")
    plan = make_plan([tmp_path / "full", tmp_path / "empty", tmp_path / "none"], suffixes=SUFFIXES)
    assert plan.folders == (str(tmp_path / "full"),)


def test_below_is_by_whole_names() -> None:
    assert is_below("/a/b/c.mp4", "/a/b")
    assert is_below("/a", "/")
    assert not is_below("/a/bc/d.mp4", "/a/b")
    assert not is_below("/a/b", "/a/b")


def test_links_in_a_loop_end(tmp_path: Path) -> None:
    put(tmp_path / "sub" / "a.mp4")
    (tmp_path / "sub" / "again").symlink_to(tmp_path)
    (tmp_path / "self.mp4").symlink_to(tmp_path / "self.mp4")
    plan = make_plan(tmp_path, suffixes=SUFFIXES)
    assert names(plan, tmp_path) == ["sub/a.mp4"]
    assert [item.path for item in plan.skipped] == [str(tmp_path / "self.mp4")]


def test_linked_folder_is_followed(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere" / "a.mp4")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "elsewhere")
    assert names(make_plan(tmp_path / "root", suffixes=SUFFIXES), tmp_path) == ["root/link/a.mp4"]


def test_bad_paths_among_good_ones_are_skipped_with_reasons(tmp_path: Path) -> None:
    good, empty, missing = put(tmp_path / "a.mp4"), tmp_path / "empty", tmp_path / "missing.mp4"
    empty.mkdir()
    (tmp_path / "dead.mp4").symlink_to(missing)
    os.mkfifo(tmp_path / "pipe.mp4")
    bad = [missing, empty, tmp_path / "dead.mp4", tmp_path / "pipe.mp4", tmp_path / "nul\0.mp4"]
    plan = make_plan([*bad, good], suffixes=SUFFIXES)
    assert [unit.path for unit in plan.units] == [str(good)]
    assert {item.path: item.reason for item in plan.skipped} == {
        str(missing): "no such file or folder",
        str(empty): "no video in this folder",
        str(tmp_path / "dead.mp4"): "a link to nothing",
        str(tmp_path / "pipe.mp4"): "not a regular file",
        str(tmp_path / "nul\0.mp4"): "not a path (embedded null byte)",
    }


def test_name_that_is_not_utf8_is_skipped(tmp_path: Path) -> None:
    put(tmp_path / "a.mp4")
    bad = os.fsencode(tmp_path) + b"/caf\xe9.mp4"
    try:
        Path(os.fsdecode(bad)).touch()
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    plan = make_plan(tmp_path, suffixes=SUFFIXES)
    assert names(plan, tmp_path) == ["a.mp4"]
    assert [item.reason for item in plan.skipped] == ["the name is not valid UTF-8; rename it"]


def test_unchanged_videos_whose_sidecars_came_changed_or_went(tmp_path: Path) -> None:
    videos = [put(tmp_path / name) for name in ("came.mp4", "changed.mp4", "same.mp4", "new.mp4", "went.mp4")]
    for name in ("changed.srt", "same.srt", "went.srt"):
        put(tmp_path / name)
    held = {str(path): held_of(path) for path in videos if path.stem != "new"}
    assert make_plan(tmp_path, suffixes=SUFFIXES, held=held).subtitles_changed == ()
    put(tmp_path / "came.en.vtt")
    put(tmp_path / "changed.srt", b"longer")
    put(tmp_path / "new.srt")
    (tmp_path / "went.srt").unlink()
    plan = make_plan(tmp_path, suffixes=SUFFIXES, held=held)
    assert [Path(path).name for path in plan.subtitles_changed] == ["came.mp4", "changed.mp4", "went.mp4"]
    assert len(plan.unchanged) == 4
    assert names(plan, tmp_path) == ["new.mp4"]


def test_a_part_of_the_folders_is_planned_as_in_the_whole(tmp_path: Path) -> None:
    for name in ["a.mp4", "b.mp4", "sub/a.mp4", "sub/deep/b.mp4", "sub/notes.txt", ".git/d.mp4", "drafts/e.mp4"]:
        put(tmp_path / name)
    named = put(tmp_path / "clip.dat")

    def part(*places: str, roots: list[Path] | None = None) -> Plan:
        within = [str(tmp_path / place) for place in places]
        return make_plan(roots or [tmp_path], suffixes=SUFFIXES, exclude=["drafts", "./b.mp4"], within=within)

    assert names(part("a.mp4"), tmp_path) == ["a.mp4"]
    assert names(part("sub", "a.mp4", "sub/a.mp4"), tmp_path) == ["a.mp4", "sub/a.mp4", "sub/deep/b.mp4"]
    assert names(part(""), tmp_path) == ["a.mp4", "sub/a.mp4", "sub/deep/b.mp4"]
    assert names(part("b.mp4", "sub/notes.txt", ".git", ".git/d.mp4", "drafts/e.mp4", "gone.mp4"), tmp_path) == []
    assert part("gone.mp4", "sub/gone").skipped == ()
    assert names(part("sub/deep", roots=[tmp_path / "sub", tmp_path]), tmp_path) == ["sub/deep/b.mp4"]
    assert names(part("clip.dat", roots=[named, tmp_path / "sub"]), tmp_path) == ["clip.dat"]
    assert names(part("sub", roots=[named]), tmp_path) == []
    plan = part("gone.mp4")
    assert plan.covers(str(tmp_path / "gone.mp4"))
    assert not plan.covers(str(tmp_path / "a.mp4"))


def test_the_folders_of_a_part_are_those_with_a_video_anywhere(tmp_path: Path) -> None:
    put(tmp_path / "full" / "a.mp4")
    put(tmp_path / "full" / "sub" / "notes.txt")
    put(tmp_path / "empty" / "notes.txt")
    put(tmp_path / "other" / "a.mp4")
    roots = [tmp_path / name for name in ("full", "empty", "other", "none")]
    within = [str(tmp_path / name / "sub") for name in ("full", "empty", "none")]
    assert make_plan(roots, suffixes=SUFFIXES, within=within).folders == (str(tmp_path / "full"),)


def test_a_link_to_a_folder_above_a_part_is_not_entered(tmp_path: Path) -> None:
    put(tmp_path / "a.mp4")
    put(tmp_path / "sub" / "b.mp4")
    (tmp_path / "sub" / "again").symlink_to(tmp_path)
    plan = make_plan(tmp_path, suffixes=SUFFIXES, within=[str(tmp_path / "sub")])
    assert names(plan, tmp_path) == ["sub/b.mp4"]


def test_bad_paths_in_a_part_are_skipped_with_reasons(tmp_path: Path) -> None:
    put(tmp_path / "a.mp4")
    (tmp_path / "dead.mp4").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.mp4")
    within = [str(tmp_path / name) for name in ("dead.mp4", "pipe.mp4", "nul\0.mp4", "none.mp4")]
    plan = make_plan(tmp_path, suffixes=SUFFIXES, within=within)
    assert {Path(item.path).name: item.reason for item in plan.skipped} == {
        "dead.mp4": "a link to nothing",
        "pipe.mp4": "not a regular file",
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_folder_is_skipped(tmp_path: Path) -> None:
    put(tmp_path / "a.mp4")
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    plan = make_plan(tmp_path, suffixes=SUFFIXES)
    assert [(item.path, item.reason) for item in plan.skipped] == [
        (str(locked), "folder cannot be read (Permission denied)")
    ]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda root: root / "nope.mp4", "nope.mp4: no such file or folder"),
        (lambda root: root, "no video in this folder"),
        (lambda root: [root / f"{i}.mp4" for i in range(5)], "and 2 more"),
        (lambda root: [], "no path given"),
        (lambda root: "", "an empty path"),
    ],
)
def test_nothing_to_index_is_an_error_that_names_the_way_out(tmp_path: Path, make, says: str) -> None:
    put(tmp_path / "notes.txt")
    with pytest.raises(InputError, match="name video files, or folders") as caught:
        make_plan(make(tmp_path), suffixes=SUFFIXES, held={"/elsewhere/a.mp4": Held("id", FileState(1, 1.0), 1.0, 1)})
    assert says in str(caught.value)


@given(order=st.permutations(["a.mp4", "b/c.mp4", "b/a.mp4", "d.mp4", "e/f/g.avi"]))
def test_plan_does_not_depend_on_the_order_of_the_file_system(
    tmp_path_factory: pytest.TempPathFactory, order: list[str]
) -> None:
    root = tmp_path_factory.mktemp("order")
    for name in order:
        put(root / name)
    assert names(make_plan(root, suffixes=SUFFIXES), root) == ["a.mp4", "d.mp4", "b/a.mp4", "b/c.mp4", "e/f/g.avi"]
