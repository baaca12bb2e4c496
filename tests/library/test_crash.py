"""Runs that are killed, that run out of disk, that lose their files, and that are not alone."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from framecue.errors import LibraryError, LibraryNotFoundError
from framecue.library import Library
from framecue.library.indexing import ledger as indexing
from framecue.library.indexing import pace as worker
from framecue.library.store import Store
from framecue.library.store.lock import library_lock
from framecue.library.store.table import TABLE
from framecue.video import write_video

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see who is left")

NUM_CLIPS = 36

# path -> (content, start, end, vector) of each of its segments
Contents = dict[str, list[tuple[str, float, float, bytes]]]


class Run:
    """One `framecue index`, which has just begun to index."""

    def __init__(self, process_id: int, out: Path, err: Path) -> None:
        self.process_id, self._out, self._err = process_id, out, err

    @property
    def out(self) -> str:
        return self._out.read_text() if self._out.exists() else ""

    @property
    def err(self) -> str:
        return self._err.read_text()

    def wait(self) -> tuple[int, str]:
        """Let it end; gives its code and what it said."""
        wait_until(lambda: not group_exists(self.process_id))
        assert "Traceback" not in self.err
        code = self.out.rpartition("ended ")[2]
        assert code, self.err
        return int(code), self.err

    def kill(self, *, group: bool) -> bool:
        """Kill it, with the decoding process or without; says whether it was still at work."""
        with suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.process_id, signal.SIGKILL)
        wait_until(lambda: not group_exists(self.process_id))  # the decoding process is not left behind
        assert "Traceback" not in self.err
        return "ended" not in self.out


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline, "it takes for ever"
        time.sleep(0.005)


def group_exists(group: int) -> bool:
    """Whether a process of the group runs; one that is dead and not yet buried (by whom, is the system's) does not."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                return True
    return False


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Run]]:
    """Starts `framecue index` with the tests' encoder and a commit a file, and waits until it begins to index."""
    folder = tmp_path_factory.mktemp("output")
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("run_index.py"))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        numbers = itertools.count()

        def start(uri: Path, *paths: Path, file_bytes: int = 0) -> Run:
            number = next(numbers)
            out, err = folder / f"{number}.out", folder / f"{number}.err"
            order = {
                "arguments": [*map(str, paths), "--library", str(uri)],
                "file_bytes": file_bytes,
                "out": str(out),
                "err": str(err),
            }
            print(json.dumps(order), file=server.stdin, flush=True)
            run = Run(int(server.stdout.readline()), out, err)
            wait_until(lambda: "started" in run.out or not group_exists(run.process_id))
            assert "started" in run.out, run.err
            return run

        yield start
        server.stdin.close()


def contents(uri: Path) -> Contents:
    """All that a library holds; none if there is no library yet."""
    try:
        store = Store.open(str(uri))
    except LibraryNotFoundError:
        return {}
    rows = store.rows_at(list(store.held()))
    return {
        path: sorted((row.video_id, row.start_seconds, row.end_seconds, row.vector.tobytes()) for row in some)
        for path, some in rows.items()
    }


def num_commits(uri: Path) -> int:
    return len(list((uri / f"{TABLE}.lance" / "_versions").glob("*.manifest")))


def copies(uri: Path) -> set[str]:
    try:
        return set(Store.open(str(uri)).copies())
    except LibraryNotFoundError:
        return set()


@pytest.fixture
def write_clips(write_clip) -> Callable[[Path, int], None]:
    """Writes NUM_CLIPS clips of one to three seconds, and three that have the content of another."""

    def write(folder: Path, state: int) -> None:
        for number in range(NUM_CLIPS):
            colour = ("red", "green", "blue", "yellow", "white", "black")[(number + state) % 6]
            write_clip(folder / f"{number:02}.mp4", colour, seconds=1 + number % 3, seed=100 * state + number)
        for number in (0, 10, 20):
            shutil.copy(folder / f"{number:02}.mp4", folder / f"{number:02}.same.mp4")

    return write


@pytest.fixture
def whole_run(make_model, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, Path], tuple[Contents, float]]:
    """Indexes without being disturbed: what the library holds then, and how many seconds that took."""
    monkeypatch.setattr(indexing, "ROWS_PER_COMMIT", 1)
    monkeypatch.setattr(worker, "FRAMES_PER_ENCODE", 1)

    def whole_run(uri: Path, folder: Path) -> tuple[Contents, float]:
        began = time.monotonic()
        Library(uri, model=make_model()).add(folder)
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
    assert f"{kept} of {NUM_CLIPS + 3} files are in the library and stay there" in err
    assert f"; the same command goes on with the {left} that {'is' if left == 1 else 'are'} left" in err
    assert err.splitlines()[-1] == "Error: stopped"
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


def test_a_run_that_has_to_wait_says_so(start, tmp_path: Path, clips: Path) -> None:
    uri = tmp_path / "l.lance"
    with library_lock(str(uri)):
        run = start(uri, clips)
        wait_until(lambda: bool(run.err))
        assert run.err == f"waiting for another run that writes {uri}\n"
    assert run.wait()[0] == 0
    assert len(contents(uri)) == 4


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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with room for few commits; mounting it takes the rights to."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=300k", "framecue-test", str(place)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a disk")
    yield place
    # Whatever still holds a file of it (LanceDB's caches in this process) keeps it until then.
    subprocess.run(["umount", "--lazy", str(place)], check=True)


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


def test_a_disk_that_may_only_be_read(small_disk: Path, tmp_path: Path, colour_model, clips: Path) -> None:
    Library(small_disk / "l.lance", model=colour_model).add(clips / "red.mp4")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for uri in (small_disk / "l.lance", small_disk / "new.lance"):
        library = Library(uri, model=colour_model)
        with pytest.raises(LibraryError, match="cannot be written: Read-only file system; check its folder's perm"):
            library.add(clips)
    library = Library(small_disk / "l.lance", model=colour_model)
    assert library.search("red", k=1)[0].path == str(clips / "red.mp4")
    assert library.add(clips / "red.mp4").unchanged == 1


def test_files_that_vanish_are_skipped(tmp_path: Path, colour_model, clips: Path) -> None:
    library = Library(tmp_path / "l.lance", model=colour_model)
    plan = library.plan(clips)
    (clips / "red.mp4").unlink()
    shutil.rmtree(clips / "more")
    report = library.add(plan)
    assert [(Path(item.path).name, item.reason) for item in report.skipped] == [
        ("red.mp4", "no such file"),
        ("yellow.mp4", "no such file"),
    ]
    assert report.added == 2
