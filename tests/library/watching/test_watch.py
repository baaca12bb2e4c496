"""Folders that change while they are followed: the library follows within some tenths of a second here.

Nothing sleeps: each test waits for the report that a change has to lead to.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import watchfiles

from framecue.errors import FingerprintError, InputError, LibraryError
from framecue.library import AddOptions, Library
from framecue.library.results import AddReport
from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.watching import watch as module
from framecue.library.watching.changes import event_changes
from framecue.library.watching.settling import Settling
from framecue.library.watching.watch import WatchOptions, watch

PATIENCE_SECONDS = 60.0
SRT = "1\n00:00:00,100 --> 00:00:00,900\n{}\n"


def watch_options(**options: Any) -> WatchOptions:
    """Sort options into those of indexing and those of following; files have to be still for a moment only."""
    own = {name: options.pop(name) for name in ("settle_seconds", "poll_seconds") if name in options}
    return WatchOptions(**{"settle_seconds": 0.2, **own}, add=AddOptions(**options))


class Following:
    """A library that follows folders in a thread, and what it told."""

    def __init__(self, library: Library, *paths: Path, **options: object) -> None:
        self.library = library
        self.reports: queue.Queue[AddReport | BaseException] = queue.Queue()
        self.notices: queue.Queue[str] = queue.Queue()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._follow, args=(paths, options))
        self.thread.start()

    def _follow(self, paths: tuple[Path, ...], options: dict[str, object]) -> None:
        try:
            watch(
                self.library,
                paths,
                options=watch_options(**options),
                stop_event=self.stop,
                on_report=self.reports.put,
                on_notice=self.notices.put,
            )
        except BaseException as error:
            self.reports.put(error)

    def report(self) -> AddReport:
        report = self.reports.get(timeout=PATIENCE_SECONDS)
        if isinstance(report, BaseException):
            raise report
        return report

    def notice(self) -> str:
        return self.notices.get(timeout=PATIENCE_SECONDS)

    def names(self) -> set[str]:
        return {Path(path).name for path in Store.open(self.library.uri).held()}

    def end(self) -> None:
        self.stop.set()
        self.thread.join(PATIENCE_SECONDS)
        assert not self.thread.is_alive()


@pytest.fixture
def library(tmp_path: Path, colour_model) -> Library:
    return Library(tmp_path / "videos.lance", model=colour_model)


@pytest.fixture
def follow(library: Library) -> Iterator[Callable[..., Following]]:
    started: list[Following] = []

    def follow(*paths: Path, **options: object) -> Following:
        started.append(Following(library, *paths, **options))
        return started[-1]

    yield follow
    for following in started:
        following.end()


@pytest.fixture
def clips(clips: Path) -> Path:
    """Clips that have been there for long, so that the first pass takes them at once."""
    for path in clips.rglob("*.mp4"):
        os.utime(path, (1000, 1000))
    return clips


@pytest.fixture
def drop(tmp_path: Path, write_clip) -> Callable[..., Path]:
    """Let a whole clip appear at once, with an old time of its own, as a file that is moved keeps it."""
    times = count(2000)

    def drop(path: Path, colour: str, **options: object) -> Path:
        made = write_clip(tmp_path / "made" / path.name, colour, **options)
        os.utime(made, (1, next(times)))
        path.parent.mkdir(parents=True, exist_ok=True)
        return made.rename(path)

    return drop


@pytest.mark.parametrize("options", [{}, {"poll_seconds": 0.1}], ids=["events", "polling"])
def test_new_renamed_changed_and_deleted_files(follow, clips: Path, colour_model, drop, options) -> None:
    following = follow(clips, prune=True, **options)
    first = following.report()
    assert (first.added, first.encoded, first.num_videos) == (4, 4, 4)
    drop(clips / "white.mp4", "white")
    report = following.report()
    assert (report.added, report.encoded, report.unchanged, report.num_videos) == (1, 1, 0, 5)
    (clips / "white.mp4").rename(clips / "more" / "renamed.mp4")
    report = following.report()
    assert (report.moved, report.encoded, report.removed, report.num_videos) == (1, 0, 0, 5)
    drop(clips / "red.mp4", "black")
    report = following.report()
    assert (report.changed, report.encoded, report.num_videos) == (1, 1, 5)
    (clips / "green.mp4").unlink()
    report = following.report()
    assert (report.removed, report.encoded, report.num_videos) == (1, 0, 4)
    assert following.names() == {"red.mp4", "blue.mp4", "yellow.mp4", "renamed.mp4"}
    (clips / "more").rename(clips / "less")
    report = following.report()
    assert (report.moved, report.encoded, report.removed, report.num_videos) == (2, 0, 0, 4)
    assert colour_model.num_encoded == 6
    assert following.library.plan(clips).units == ()


def test_nothing_is_taken_out_without_prune(follow, clips: Path, drop) -> None:
    following = follow(clips)
    following.report()
    (clips / "green.mp4").unlink()
    drop(clips / "white.mp4", "white")
    assert following.report().num_videos == 5


def test_a_new_folder_with_folders_in_it(follow, clips: Path, tmp_path: Path, drop) -> None:
    following = follow(clips, exclude=("drafts",))
    following.report()
    for name, colour in {"a/b/white.mp4": "white", "drafts/red.mp4": "red", ".hidden/green.mp4": "green"}.items():
        drop(tmp_path / "new" / name, colour, seed=5)
    (tmp_path / "new").rename(clips / "new")
    assert following.report().added == 1
    drop(clips / "new" / "drafts" / "blue.mp4", "blue", seed=6)
    drop(clips / "new" / "black.mp4", "black")
    assert following.report().added == 1
    assert following.names() == {"red.mp4", "green.mp4", "blue.mp4", "yellow.mp4", "white.mp4", "black.mp4"}


def test_words_beside_videos(follow, clips: Path, colour_model) -> None:
    following = follow(clips)
    following.report()
    encoded = colour_model.num_encoded
    words = clips / "more" / "yellow.en.srt"
    for text in ("a lemon", "a canary"):
        (clips / "made").write_text(SRT.format(text))
        (clips / "made").rename(words)
        report = following.report()
        assert (report.subtitles_updated, report.unchanged, report.encoded) == (1, 1, 0)
        (row,) = Store.open(following.library.uri).rows_at([str(clips / "more" / "yellow.mp4")]).popitem()[1]
        assert row.subtitles == text
    words.unlink()
    assert following.report().subtitles_updated == 1
    assert colour_model.num_encoded == encoded


def test_a_file_that_cannot_be_read_is_tried_again_when_it_changes(follow, clips: Path, write_clip) -> None:
    following = follow(clips)
    following.report()
    (clips / "broken.mp4").write_bytes(b"no video" * 100)
    report = following.report()
    assert [Path(item.path).name for item in report.skipped] == ["broken.mp4"]
    whole = write_clip(clips.parent / "whole.mp4", "white").read_bytes()
    (clips / "made").write_bytes(whole)
    (clips / "made").rename(clips / "broken.mp4")
    report = following.report()
    assert (report.added, report.skipped) == (1, [])


class SteppedSettling(Settling):
    """Settling on a clock that the test moves; tells of each look what it saw."""

    def take(self):
        seen = self.look(list(self._places))
        seen |= {place: None for place in self._places if not os.path.lexists(place)}
        settled = super().take()
        self.seen.put(seen)
        return settled


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock: ``now``, and ``seen(path)``, which waits for the next look and gives a file's size then.

    The size is None for what is gone, and -1 for what was not looked at.
    """
    looks: queue.Queue[dict] = queue.Queue()
    clock = SimpleNamespace(now=0.0)

    def seen(path: Path) -> int | None:
        state = looks.get(timeout=PATIENCE_SECONDS).get(str(path), FileState(-1, 0.0))
        return state and state.size_bytes

    clock.seen = seen
    SteppedSettling.seen = looks
    monkeypatch.setattr(module, "MOST_TICK_SECONDS", 0.05)  # how often is looked settles nothing on such a clock
    monkeypatch.setattr(module, "Settling", partial(SteppedSettling, clock=lambda: clock.now))
    return clock


def test_a_slowly_growing_file_is_read_once_and_whole(follow, clips: Path, write_clip, clock) -> None:
    growing = clips / "growing.mp4"
    following = follow(clips, settle_seconds=5.0)
    following.report()
    content = write_clip(clips.parent / "whole.mp4", "white", seconds=2).read_bytes()
    num_steps = 8
    for step in range(1, num_steps + 1):
        size = len(content) * step // num_steps
        with growing.open("ab") as file:
            file.write(content[file.tell() : size])
        # It is seen in this state before four seconds go by.
        while clock.seen(growing) != size:
            pass
        clock.now += 4.0
    assert following.reports.empty()
    clock.now += 1.0
    report = following.report()
    assert (report.added, report.encoded, report.skipped) == (1, 1, [])
    assert Store.open(following.library.uri).held()[str(growing)].duration_seconds == pytest.approx(2.0)


def test_what_is_moved_is_found_before_it_is_missed(follow, library: Library, clips: Path, colour_model, clock) -> None:
    library.add(clips)
    (clips / "green.mp4").unlink()  # while nobody watches
    following = follow(clips, settle_seconds=5.0, prune=True)
    assert following.report().removed == 0
    while clock.seen(clips / "green.mp4") is not None:
        pass
    clock.now += 8.0
    (clips / "more").rename(clips / "less")
    while clock.seen(clips / "more") is not None:
        pass
    clock.now += 2.0
    report = following.report()
    assert (report.removed, report.num_videos) == (1, 3)
    clock.now += 3.0
    report = following.report()
    assert (report.moved, report.encoded, report.num_videos) == (1, 0, 3)
    assert colour_model.num_encoded == 4
    assert following.names() == {"red.mp4", "blue.mp4", "yellow.mp4"}


def test_a_file_that_is_being_written_at_the_start_is_waited_for(follow, clips: Path, clock) -> None:
    (clips / "red.mp4").touch()
    following = follow(clips, settle_seconds=1000.0)
    assert following.report().added == 3
    clock.now += 1000.0
    assert following.report().added == 1


def test_a_folder_that_vanishes_is_waited_for_and_nothing_of_it_is_taken_out(
    follow, clips: Path, tmp_path: Path, drop
) -> None:
    other = drop(tmp_path / "other" / "white.mp4", "white").parent
    following = follow(clips, other, prune=True)
    assert following.report().num_videos == 5
    clips.rename(tmp_path / "away")
    assert following.notice() == f"{clips} is gone; waiting for it, and the library keeps what it holds of it"
    drop(other / "black.mp4", "black")
    report = following.report()
    assert (report.added, report.removed, report.num_videos) == (1, 0, 6)
    drop(tmp_path / "away" / "extra.mp4", "red", seed=7)
    (tmp_path / "away").rename(clips)
    assert following.notice() == f"{clips} is there"
    report = following.report()
    assert (report.added, report.encoded, report.removed, report.num_videos) == (1, 1, 0, 7)
    drop(clips / "after.mp4", "green", seed=8)
    assert following.report().added == 1


def test_a_folder_that_is_not_there_yet_and_a_file_that_is_replaced(follow, clips: Path, tmp_path: Path, drop) -> None:
    later = tmp_path / "later"
    following = follow(later, clips / "red.mp4")
    assert following.notice() == f"{later} is not there yet; waiting for it"
    assert following.report().added == 1
    drop(tmp_path / "prepared" / "white.mp4", "white")
    (tmp_path / "prepared").rename(later)
    assert following.notice() == f"{later} is there"
    assert following.report().added == 1
    drop(clips / "red.mp4", "black")
    report = following.report()
    assert (report.changed, report.num_videos) == (1, 2)


def test_an_empty_folder_is_followed(follow, tmp_path: Path, library: Library, drop) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    following = follow(inbox)
    report = following.report()
    assert (report.added, [item.reason for item in report.skipped]) == (0, ["no video in this folder"])
    assert not library.exists
    drop(inbox / "white.mp4", "white")
    assert following.report().num_videos == 1


def test_a_library_that_is_deleted_is_made_anew(follow, library: Library, clips: Path, tmp_path: Path, drop) -> None:
    following = follow(clips)
    assert following.report().added == 4
    Path(library.uri).rename(tmp_path / "gone")
    report = following.report()
    assert following.notice() == f"{library.uri} is gone; it is made anew of what is there now"
    assert (report.added, report.num_videos) == (4, 4)
    drop(clips / "white.mp4", "white")
    assert following.report().added == 1
    assert following.names() == {"red.mp4", "green.mp4", "blue.mp4", "yellow.mp4", "white.mp4"}
    assert following.notices.empty()


def test_a_library_in_the_folder_that_is_followed(tmp_path: Path, colour_model, drop, monkeypatch) -> None:
    folder = tmp_path / "folder"
    drop(folder / "red.mp4", "red")
    library = Library(folder / "videos.lance", model=colour_model)
    plans: list[set[str]] = []
    real = Library.plan
    monkeypatch.setattr(
        Library, "plan", lambda *args, **options: plans.append(options["within"]) or real(*args, **options)
    )
    following = Following(library, folder, prune=True)
    try:
        following.report()
        for colour in ("white", "black"):
            path = drop(folder / f"{colour}.mp4", colour)
            assert following.report().added == 1
    finally:
        following.end()
    # Besides the first look, and the one for what is gone, nothing but the new files.
    assert [set(within) for within in plans if set(within) != {str(folder)}] == [
        {str(folder / "white.mp4")},
        {str(path)},
    ]


@pytest.mark.parametrize("named", ["a link", "more"])
def test_files_behind_links_have_the_paths_that_a_run_gives_them(
    named: str, follow, clips: Path, tmp_path: Path, drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The system may name the file by either path: the run that indexes all takes the folder where it comes first.
    def named_so(*args: Any, **options: Any) -> Any:
        stream = event_changes(*args, **options)
        while True:
            try:
                places = next(stream)
            except StopIteration as end:
                return end.value
            yield {re.sub(r"(?<=/)(a link|more)(?=/)", named, place) for place in places}

    monkeypatch.setattr(module, "event_changes", named_so)
    elsewhere = tmp_path / "elsewhere"
    drop(elsewhere / "white.mp4", "white")
    (clips / "a link").symlink_to(clips / "more")
    (clips / "loop").symlink_to(clips)
    following = follow(clips)
    following.report()
    drop(clips / "more" / "black.mp4", "black")
    assert following.report().added == 1
    (clips / "zoo").symlink_to(elsewhere)
    assert following.report().added == 1
    drop(elsewhere / "new.mp4", "red", seed=9)
    assert following.report().added == 1
    held = Store.open(following.library.uri).held()
    wanted = {"a link/black.mp4", "a link/yellow.mp4", "zoo/white.mp4", "zoo/new.mp4"}
    assert wanted < {str(Path(path).relative_to(clips)) for path in held}
    plan = following.library.plan(clips)
    assert (plan.units, set(plan.unchanged)) == ((), set(held))
    assert following.library.info().duplicates == []


def test_a_name_that_is_no_utf8_ends_events_but_not_the_watch(
    follow, clips: Path, drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FALLBACK_POLL_SECONDS", 0.1)
    following = follow(clips)
    following.report()
    try:
        Path(os.fsdecode(os.fsencode(clips) + b"/caf\xe9.mp4")).touch()
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert "looking every 0.1 seconds instead" in following.notice()
    report = following.report()
    assert [item.reason for item in report.skipped] == ["the name is not valid UTF-8; rename it"]
    drop(clips / "white.mp4", "white")
    assert following.report().added == 1


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            OSError('OS file watch limit reached. about ["/a"] (Error { kind: MaxFilesWatch, paths: ["/a"] })'),
            "(OS file watch limit reached): looking every 0.1 seconds instead; for events, raise the limits "
            "fs.inotify.max_user_watches and fs.inotify.max_user_instances",
        ),
        (
            RuntimeError("Error creating recommended watcher: Too many open files (os error 24)"),
            "(Error creating recommended watcher: Too many open files (os error 24)): looking every 0.1 seconds "
            "instead; for events, raise the limits fs.inotify.max_user_watches and fs.inotify.max_user_instances",
        ),
        (
            PermissionError('Permission denied (os error 13) about ["/a"]'),
            "(Permission denied (os error 13)): looking every 0.1 seconds instead",
        ),
    ],
)
def test_where_the_system_tells_nothing_the_files_are_looked_at(
    follow, clips: Path, drop, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    def fail(*paths: str, ignore_permission_denied: bool, **options: object) -> Iterator[set]:
        # With True, watchfiles would hide all of these, and follow a part of the folders.
        assert ignore_permission_denied is False
        raise error
        yield set()

    monkeypatch.setattr(watchfiles, "watch", fail)
    monkeypatch.setattr(module, "FALLBACK_POLL_SECONDS", 0.1)
    following = follow(clips)
    assert following.notice() == f"the system's events cannot be followed {says}"
    assert following.report().added == 4
    drop(clips / "white.mp4", "white")
    assert following.report().added == 1


def test_a_library_that_cannot_be_written_for_a_time_is_tried_again(
    follow, clips: Path, drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS_BEFORE_NEXT_TRY", 0.1)
    following = follow(clips, prune=True)
    following.report()
    failures = iter(range(3))
    real = Library.add

    def fail_at_first(self: Library, *args: object, **options: object) -> AddReport:
        if next(failures, None) is not None:
            raise LibraryError("library x cannot be written: the disk is full")
        return real(self, *args, **options)

    monkeypatch.setattr(Library, "add", fail_at_first)
    (clips / "green.mp4").unlink()
    drop(clips / "white.mp4", "white")
    assert following.notice() == "library x cannot be written: the disk is full; trying again every 0.1 seconds"
    reports = [following.report()]
    while reports[-1].num_videos != 4 or following.names() != {"red.mp4", "blue.mp4", "yellow.mp4", "white.mp4"}:
        reports.append(following.report())
    assert (sum(report.added for report in reports), sum(report.removed for report in reports)) == (1, 1)
    assert following.notices.empty()


def test_trouble_in_the_first_pass_and_another_model_end_it(
    follow, clips: Path, library: Library, make_model, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.add(clips)
    other = Following(Library(library.uri, model=make_model(name="other")), clips)
    with pytest.raises(FingerprintError):
        other.report()
    other.end()
    shutil.rmtree(library.uri)
    Path(library.uri).touch()
    with pytest.raises(LibraryError, match="is a file, not a library"):
        follow(clips).report()


@pytest.mark.parametrize("paths", [["nowhere", "no.mp4"], [], [""]])
def test_nothing_there_is_nothing_to_watch(library: Library, tmp_path: Path, paths: list[str]) -> None:
    named = [path and tmp_path / path for path in paths]
    with pytest.raises(InputError, match=r"nothing to watch: there is nothing at .*; name files and folders"):
        watch(library, named)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"settle_seconds": 0.0}, "settle_seconds is 0.0; it must be more than 0"),
        ({"poll_seconds": float("nan")}, "poll_seconds is nan"),
        ({"poll_seconds": float("inf")}, "poll_seconds is inf"),
        ({"exclude": ("",)}, "the glob to exclude is ''"),
        ({"stall_seconds": 0.0}, "stall_seconds is 0.0; it must be above 0"),
    ],
)
def test_options_are_checked(options: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        watch_options(**options)
