from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from framecue.cli.library_place import chosen_library, default_place, nearest_library, refuse_libraries
from framecue.errors import InputError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with a working folder ``work/here`` in it, and a default place of its own."""
    home = tmp_path / "home"
    (home / "work" / "here").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.chdir(home / "work" / "here")
    return home


@pytest.fixture
def make(run, loader, clips: Path) -> Callable[[Path], Path]:
    """Make a library at a place."""

    def make(place: Path) -> Path:
        assert run("index", clips / "red.mp4", "--library", place, "--model", "clip").code == 0
        return place

    return make


def nearest() -> tuple[str | None, list[str]]:
    notices: list[str] = []
    return nearest_library(on_notice=notices.append), notices


def test_it_lies_in_the_working_folder_or_the_nearest_above(home: Path, make) -> None:
    assert nearest() == (None, [])
    for place in (home / "a.lance", home / "work" / "b.lance", home / "work" / "here" / ".c.lance"):
        make(place)
        assert nearest() == (str(place), [])


def test_the_working_folder_may_be_in_a_library(home: Path, make, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make(home / "work" / "any name")
    assert nearest() == (None, [])
    for folder in (place, place / "segments.lance" / "data"):
        monkeypatch.chdir(folder)
        assert nearest() == (str(place), [])


def test_what_is_no_library_is_none(home: Path, make, clips: Path) -> None:
    import lancedb

    there = make(home / "there.lance")
    here = Path.cwd()
    (here / "empty.lance").mkdir()
    (here / "file.lance").write_text("x")
    (here / "link.lance").symlink_to(here / "nothing")
    (here / "begun.lance" / "segments.lance").mkdir(parents=True)
    lancedb.connect(here / "foreign.lance").create_table("segments", [{"a": 1}])
    shutil.copytree(there, here / "other name")
    assert nearest() == (str(there), [])


def test_a_damaged_library_counts_and_is_told_of_by_whoever_opens_it(home: Path, make, run) -> None:
    make(home / "whole.lance")
    place = make(Path.cwd() / "damaged.lance")
    for manifest in (place / "segments.lance" / "_versions").iterdir():
        manifest.write_bytes(b"nothing")
    assert nearest() == (str(place), [])
    result = run("info")
    assert (result.code, result.out) == (1, "")
    assert "damaged.lance" in result.err


def test_the_search_ends_with_the_home_folder(tmp_path: Path, home: Path, make) -> None:
    make(tmp_path / "above.lance")
    assert nearest() == (None, [])


def test_the_search_ends_with_the_file_system(
    tmp_path: Path, home: Path, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted = tmp_path / "mounted"
    (mounted / "folder").mkdir(parents=True)
    make(tmp_path / "above.lance")
    monkeypatch.chdir(mounted / "folder")
    assert nearest() == (str(tmp_path / "above.lance"), [])
    stat = Path.stat

    def other_device(self: Path, **options: bool) -> os.stat_result:
        found = stat(self, **options)
        if self.is_relative_to(mounted):
            return found
        return os.stat_result((*found[:2], found.st_dev + 1, *found[3:10]))

    monkeypatch.setattr(Path, "stat", other_device)
    assert nearest() == (None, [])


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners")
def test_a_library_of_another_user_is_passed_over_with_a_line(
    home: Path, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make(home / "work" / "here" / "x.lance")
    monkeypatch.setattr(os, "geteuid", lambda: place.stat().st_uid + 1)
    said = f"passed over library {place}, which belongs to another user; --library takes it"
    assert nearest() == (None, [said])


def test_several_are_for_the_user_to_choose_from(home: Path, make, run) -> None:
    for name in ("a.lance", "b.lance"):
        make(home / "work" / name)
    result = run("search", "red")
    assert (result.code, result.out) == (2, "")
    assert f"there are 2 libraries in {home / 'work'}: ../a.lance, ../b.lance; name one with --library" in result.err
    assert result.err.count("\n") == 1
    make(home / "work" / "here" / "c.lance")
    assert run("search", "red").code == 0


def test_a_working_folder_that_is_gone(home: Path) -> None:
    Path.cwd().rmdir()
    assert nearest() == (None, [])


def test_the_default_place(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_place() == home / "data" / "framecue" / "library.lance"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert default_place().is_relative_to(home)
    monkeypatch.setattr("platformdirs.user_data_path", lambda *args, **options: Path("~/x"))
    with pytest.raises(InputError, match="no home folder"):
        default_place()


def test_each_place_wins_over_the_next(home: Path, make, run, clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    default = default_place()
    result = run("index", clips, "--model", "clip")
    assert result.code == 0
    assert result.err.startswith(f"no library is named: the new one will be {default}; --library names another place\n")
    assert default.is_dir()
    result = run("search", "red")
    assert (result.code, result.err) == (0, f"using library {os.path.relpath(default)}\n")
    near = make(home / "near.lance")
    assert run("search", "red").err == "using library ../../near.lance\n"
    assert run("index", clips, "--model", "clip").err.startswith("using library ../../near.lance\n")
    for name in ("env.lance", "named.lance"):
        make(home / name / "library")
    monkeypatch.setenv("FRAMECUE_LIBRARY", str(home / "env.lance" / "library"))
    document = run("info")
    assert (document.code, document.err) == (0, "")
    assert "env.lance" in document.out
    document = run("info", "-l", home / "named.lance" / "library")
    assert "named.lance" in document.out
    monkeypatch.setenv("FRAMECUE_LIBRARY", "")
    assert str(near) in run("info").out


@pytest.mark.parametrize(
    "command", [("search", "red"), ("info",), ("optimize",), ("remove", "x.mp4"), ("search", "red", "--json")]
)
def test_what_reads_needs_a_library_and_says_how_to_get_one(home: Path, run, loader, command: tuple[str, ...]) -> None:
    result = run(*command)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: no library is named, none is in the working folder or above, and none at ")
    assert "framecue index PATH" in result.err
    assert result.err.count("\n") == 1
    assert loader.asked == []
    assert not (home / "data").exists()


def test_every_command_on_a_library_takes_the_short_option(home: Path, make, run, clips: Path) -> None:
    place = make(home / "short.lance")
    for command in (("index", clips), ("search", "red"), ("info",), ("optimize",), ("remove", clips / "red.mp4")):
        result = run(*command, "-l", place)
        assert result.code == 0, result.err
        assert "using library" not in result.err


def test_an_empty_name_is_refused(run) -> None:
    for command in (("search", "red"), ("optimize",), ("info",)):
        result = run(*command, "--library", "")
        assert (result.code, result.err.count("\n")) == (1, 1)
        assert "the name of the library is empty" in result.err
    with pytest.raises(InputError):
        chosen_library("")
    assert chosen_library("s3://bucket/x") == "s3://bucket/x"


def test_slips_say_how_a_library_is_named(home: Path, make, run, clips: Path) -> None:
    make(Path.cwd() / "x.lance")
    (Path.cwd() / "other").symlink_to(Path.cwd() / "x.lance")
    slips = [
        (("search", "red", "x.lance"), "unexpected extra argument (x.lance); name the library with --library x.lance"),
        (("search", "red", "new.lance/"), "name the library with --library new.lance/"),
        (("search", "red", "other"), "name the library with --library other"),
        (("search", "a", "red", "dog"), "(red dog); TEXT is one argument: put several words in quotes"),
        (("optimize", "x.lance"), "name the library with --library x.lance"),
        (("optimize", "now"), "unexpected extra argument (now);"),
        (("info", "a", "b"), "unexpected extra argument (b)"),
        (("index", clips, "x.lance"), "x.lance is a library, and PATH is what to index; name the library with"),
        (("index", clips, "new.lance"), "new.lance is a library, and PATH is what to index"),
        (("remove", clips, "x.lance"), "x.lance is a library, and PATH is what to take out"),
        (("info", "moji-prompt-switch", "-l", "x.lance"), "given beside --library; leave out one of them"),
        (("info", "moji-prompt-switch", "--files"), "moji-prompt-switch is an adapter"),
    ]
    before = sorted(Path.cwd().iterdir())
    for command, says in slips:
        result = run(*command)
        assert (result.code, result.out) == (2, ""), command
        assert says in result.err
        assert result.err.count("\n") == 1
    assert sorted(Path.cwd().iterdir()) == before


def test_a_folder_of_videos_may_have_a_librarys_name(home: Path, clips: Path) -> None:
    clips.rename(clips.with_suffix(".lance"))
    refuse_libraries([str(clips.with_suffix(".lance")), str(home)], takes="what to index")
    with pytest.raises(click.UsageError):
        refuse_libraries(["~/none.lance"], takes="what to index")


READING = ["info {}", "info --library {}", "search red --library {}", "remove x.mp4 --library {}", "optimize -l {}"]


@pytest.mark.parametrize("command", READING)
def test_a_folder_of_videos_in_place_of_a_library_is_told_where_these_are_indexed(
    run, home: Path, make, clips: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def told(name: object = clips) -> str:
        result = run(*(word.format(name) for word in command.split()))
        assert (result.code, result.out) == (1, "")
        return result.err.removeprefix(f"Error: {clips} is a folder, but not a framecue library; ")

    indexes = f"`framecue index {clips}` indexes its videos into the library"
    assert told() == f"{indexes} {default_place()}\n"
    place = home / "work" / "l.lance"
    monkeypatch.setenv("FRAMECUE_LIBRARY", str(place))
    assert told() == f"{indexes} {place}\n"
    monkeypatch.delenv("FRAMECUE_LIBRARY")
    make(place)
    assert told() == f"1 of its videos is in the library {place}: name that\n"
    assert run("remove", clips / "red.mp4", "--library", place).code == 0
    assert told() == f"{indexes} {place}\n"
    # Which library it is that has them counts, not where somebody stands.
    beside = make(clips.parent / "beside.lance")
    assert told() == f"1 of its videos is in the library {beside}: name that\n"
    assert run("remove", clips / "red.mp4", "--library", beside).code == 0
    make(home / "work" / "second.lance")
    shutil.rmtree(home / "work" / "second.lance" / "segments.lance" / "data")
    assert told() == f"`framecue index {clips} --library NAME.lance` indexes its videos\n"
    assert not default_place().exists()


def test_a_folder_of_videos_that_the_variable_names_is_not_where_they_go(
    run, home: Path, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMECUE_LIBRARY", str(clips))
    said = f"Error: {clips} is a folder, but not a framecue library; `framecue index {clips} --library NAME.lance`"
    assert run("search", "red").err == f"{said} indexes its videos\n"
    assert run("info").err == f"{said} indexes its videos\n"


@pytest.mark.parametrize("name", ["nothing.lance", "empty"])
def test_where_nothing_is_a_library_can_be_made(run, home: Path, name: str) -> None:
    (home / "work" / "here" / "empty").mkdir()
    for command in READING:
        assert ": no library at " in run(*(word.format(name) for word in command.split())).err
