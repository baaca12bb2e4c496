"""Runs that are killed, stopped or asked to end at any moment, that run out of disk, and that are not alone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from framecue.library import Library
from framecue.library.indexing import ledger as indexing
from framecue.library.indexing import pace as worker
from framecue.video import write_video
from support.colours import ColourEncoder, write_clip
from support.index_runs import (
    Contents,
    Run,
    contents,
    copies,
    group_exists,
    index_runs,
    num_commits,
    small_disk,
    wait_until,
)

__all__ = ["small_disk"]

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see who is left")

NUM_CLIPS = 36


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Run]]:
    with index_runs(tmp_path_factory.mktemp("output")) as start:
        yield start


@pytest.fixture
def write_clips() -> Callable[[Path, int], None]:
    """Writes NUM_CLIPS clips of one to three seconds, and three that have the content of another."""

    def write(folder: Path, state: int) -> None:
        for number in range(NUM_CLIPS):
            colour = ("red", "green", "blue", "yellow", "white", "black")[(number + state) % 6]
            write_clip(folder / f"{number:02}.mp4", colour, seconds=1 + number % 3, seed=100 * state + number)
        for number in (0, 10, 20):
            shutil.copy(folder / f"{number:02}.mp4", folder / f"{number:02}.same.mp4")

    return write


@pytest.fixture
def whole_run(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, Path], tuple[Contents, float]]:
    """Indexes without being disturbed: what the library holds then, and how many seconds that took."""
    monkeypatch.setattr(indexing, "ROWS_PER_COMMIT", 1)
    monkeypatch.setattr(worker, "FRAMES_PER_ENCODE", 1)

    def whole_run(uri: Path, folder: Path) -> tuple[Contents, float]:
        began = time.monotonic()
        Library(uri, model=ColourEncoder()).add(folder)
        return contents(uri), time.monotonic() - began

    return whole_run


def check_kills(
    start: Callable[..., Run],
    uri: Path,
    folder: Path,
    *,
    num_kills: int,
    seconds: float,
    before: Contents,
    after: Contents,
    renew: Callable[[], None],
) -> None:
    """Kill runs at random moments: each leaves every video as it was or as it is to be, and the last run finishes.

    Args:
        start: starts a run.
        uri: the library.
        folder: what is indexed.
        num_kills: how many runs to kill at work.
        seconds: how long a whole run takes.
        before: what the library holds at first.
        after: what it is to hold in the end.
        renew: makes the library as it was at first, for when it is finished too early.
    """
    rng = np.random.default_rng(num_kills)
    states = []
    renew()
    while num_kills:
        # After some commits, whatever the machine's speed, anywhere before the next; or before the first.
        num_further = int(rng.integers(NUM_CLIPS // 4))
        goal = num_commits(uri) + num_further
        run = start(uri, folder)
        while num_commits(uri) < goal and group_exists(run.process_id):
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 2 * seconds / NUM_CLIPS if num_further else seconds / 4))
        if not run.kill(group=num_kills % 2 == 0):
            renew()
            continue
        num_kills -= 1
        held = contents(uri)
        assert before.keys() <= held.keys() <= before.keys() | after.keys()
        for path, rows in held.items():
            assert rows in (before.get(path), after.get(path)), f"{path} is as it never was"
        states.append(sum(rows == after.get(path) for path, rows in held.items()))
    assert max(states) > min(states)  # they were killed at work
    code, err = start(uri, folder).wait()
    assert code == 0, err
    assert contents(uri) == after
    assert copies(uri) == {str(folder / f"{number:02}.same.mp4") for number in (0, 10, 20)}


def test_killed_while_a_library_is_made_and_filled(start, whole_run, tmp_path: Path, write_clips) -> None:
    folder, uri = tmp_path / "clips", tmp_path / "l.lance"
    write_clips(folder, 0)
    after, seconds = whole_run(tmp_path / "whole.lance", folder)
    assert [len(rows) for rows in after.values()] == [1] * NUM_CLIPS
    renew = lambda: shutil.rmtree(uri, ignore_errors=True)  # noqa: E731
    check_kills(start, uri, folder, num_kills=6, seconds=seconds, before={}, after=after, renew=renew)


def test_killed_while_all_that_a_library_holds_is_replaced(start, whole_run, tmp_path: Path, write_clips) -> None:
    folder, uri, old, new = (tmp_path / name for name in ("clips", "l.lance", "old.lance", "new.lance"))
    write_clips(folder, 0)
    before, _ = whole_run(old, folder)
    write_clips(folder, 1)
    shutil.copytree(old, new)
    after, seconds = whole_run(new, folder)
    assert before.keys() == after.keys()
    assert not [path for path in before if before[path] == after[path]]

    def renew() -> None:
        shutil.rmtree(uri, ignore_errors=True)
        shutil.copytree(old, uri)

    check_kills(start, uri, folder, num_kills=4, seconds=seconds, before=before, after=after, renew=renew)


@pytest.mark.parametrize(
    ("number", "code", "to_all"),
    [(signal.SIGTERM, 143, True), (signal.SIGHUP, 129, False)],
    ids=["to all processes", "to the run alone"],
)
def test_a_run_that_is_asked_to_end_keeps_what_it_has_and_says_how_much(
    start, tmp_path: Path, write_clips, number: signal.Signals, code: int, to_all: bool
) -> None:
    folder, uri = tmp_path / "clips", tmp_path / "l.lance"
    write_clips(folder, 0)
    run = start(uri, folder)
    wait_until(lambda: num_commits(uri) > 3)
    (os.killpg if to_all else os.kill)(run.process_id, number)
    ended, err = run.wait()
    assert ended == code
    kept = len(contents(uri)) + len(copies(uri))
    left = NUM_CLIPS + 3 - kept
    assert err.splitlines()[-1] == (
        f"stopped: {kept} of {NUM_CLIPS + 3} files are in the library and stay there; "
        f"the same command goes on with the {left} that {'is' if left == 1 else 'are'} left"
    )
    assert 3 < kept < NUM_CLIPS + 3
    assert "skipped" not in err
    code, err = start(uri, folder).wait()
    assert f"{NUM_CLIPS + 3 - kept} added" in err or "duplicates" in err
    assert len(contents(uri)) == NUM_CLIPS


def test_a_run_that_is_stopped_for_longer_than_a_file_may_stall_goes_on_as_if_nothing_had_been(
    start, tmp_path: Path, write_clips
) -> None:
    """With Ctrl-Z, which reaches its readers too; a laptop that sleeps is the same."""
    folder, uri = tmp_path / "clips", tmp_path / "l.lance"
    write_clips(folder, 0)
    run = start(uri, folder, "--stall-seconds", "3")
    wait_until(lambda: num_commits(uri) > 3)
    os.killpg(run.process_id, signal.SIGTSTP)
    wait_until(lambda: state_of(run.process_id) in ("T", ""))
    before = num_commits(uri)
    time.sleep(4)
    assert num_commits(uri) == before
    os.killpg(run.process_id, signal.SIGCONT)
    code, err = run.wait()
    assert (code, " 0 skipped; " in err) == (0, True), err
    assert len(contents(uri)) == NUM_CLIPS


def state_of(process_id: int) -> str:
    """What the system says a process does, T for stopped; nothing where it does not say."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def test_two_runs_at_once_make_one_library(start, whole_run, tmp_path: Path, write_clips) -> None:
    folder, uri = tmp_path / "clips", tmp_path / "l.lance"
    write_clips(folder, 0)
    runs = [start(uri, folder), start(uri, folder)]
    codes, said = zip(*(run.wait() for run in runs), strict=True)
    assert codes == (0, 0), said
    expected, _ = whole_run(tmp_path / "whole.lance", folder)
    assert contents(uri) == expected
    # One did it all, and the other, which waited or came too late, had nothing left to do.
    assert sorted(f"{NUM_CLIPS} added ({NUM_CLIPS} encoded)" in err for err in said) == [False, True]
    assert sorted("0 added (0 encoded)" in err.splitlines()[-1] for err in said) == [False, True]


def check_full_disk(uri: Path, folder: Path, code: int, err: str) -> Contents:
    """Check how a run ended for which there was no room: told in one line, and with what it had committed in place."""
    assert code == 1
    (line,) = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert line.startswith(f"Error: library {uri} cannot be written: ")
    held = contents(uri)
    assert 0 < len(held) < NUM_CLIPS
    assert Library(uri).info().num_videos == len(held)
    return held


def test_a_file_that_may_not_grow_any_more(start, tmp_path: Path, write_clips) -> None:
    folder, uri = tmp_path / "clips", tmp_path / "l.lance"
    write_clips(folder, 0)
    # What no clip of one colour needs for its thumbnail, and noise does.
    noise = np.random.default_rng(0).integers(0, 255, (4, 192, 256, 3), dtype=np.uint8)
    write_video(folder / "25.mp4", noise, frames_per_second=8, overwrite=True)
    code, err = start(uri, folder, file_bytes=12_000).wait()
    held = check_full_disk(uri, folder, code, err)
    assert "too large" in err
    assert start(uri, folder).wait()[0] == 0
    assert len(contents(uri)) == NUM_CLIPS
    assert held.items() <= contents(uri).items()


def test_a_disk_that_fills(start, small_disk: Path, tmp_path: Path, write_clips) -> None:
    folder, uri = tmp_path / "clips", small_disk / "l.lance"
    write_clips(folder, 0)
    code, err = start(uri, folder).wait()
    held = check_full_disk(uri, folder, code, err)
    assert "No space left on device" in err
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert start(uri, folder).wait()[0] == 0
    assert len(contents(uri)) == NUM_CLIPS
    assert held.items() <= contents(uri).items()
