"""Runs of `framecue index` that tests kill, stop or starve, and what is in their libraries then."""

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
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from framecue.errors import LibraryNotFoundError
from framecue.library.store import Store
from framecue.library.store.table import TABLE

__all__ = [
    "PROGRAM",
    "Contents",
    "Run",
    "contents",
    "copies",
    "group_exists",
    "index_runs",
    "num_commits",
    "small_disk",
    "wait_until",
]

PROGRAM = Path(__file__).with_name("run_index.py")

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
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    # Who leads it is nearly always among them.
    for stat in itertools.chain([Path(f"/proc/{group}/stat")], Path("/proc").glob("[0-9]*/stat")):
        with suppress(OSError):
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                return True
    return False


@contextmanager
def index_runs(folder: Path) -> Iterator[Callable[..., Run]]:
    """Give what starts `framecue index` with the tests' encoder and a commit a file, and waits until it begins.

    Args:
        folder: where the output of the runs goes.
    """
    with subprocess.Popen(
        [sys.executable, str(PROGRAM)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        orders, answers = server.stdin, server.stdout
        assert orders is not None
        assert answers is not None
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
            print(json.dumps(order), file=orders, flush=True)
            run = Run(int(answers.readline()), out, err)
            wait_until(lambda: "started" in run.out or not group_exists(run.process_id))
            assert "started" in run.out, run.err
            return run

        yield start
        orders.close()


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
