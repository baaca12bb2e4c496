"""`framecue index` into an object store: killed, stopped, not alone, and with a store that fails.

Each run is a program of its own, which commits after each file. The store is the S3 server of the tests.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from framecue.errors import LibraryNotFoundError
from framecue.library.store import Store
from framecue.library.store.lease import TERM_VARIABLE
from framecue.object_store.stores import PATIENCE_VARIABLE
from support import colours
from support.index_runs import PROGRAM
from support.object_server import Bucket, ObjectServer

NUM_CLIPS = 24
TERM_SECONDS = 1.5

# path -> (content, start, end, vector) of each of its segments
Contents = dict[str, list[tuple[str, float, float, bytes]]]


@dataclass(frozen=True)
class Run:
    """One `framecue index`, which has just begun to index."""

    process_id: int
    out: Path
    err: Path

    @property
    def has_ended(self) -> bool:
        return not Path(f"/proc/{self.process_id}").exists()

    def wait(self) -> tuple[int, str]:
        """Let it end; gives its code and what it said."""
        wait_until(lambda: self.has_ended)
        said = self.err.read_text()
        assert "Traceback" not in said
        code = self.out.read_text().rpartition("ended ")[2]
        assert code, said
        return int(code), said

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and to the process that reads its files."""
        with suppress(ProcessLookupError):
            os.killpg(self.process_id, number)


Start = Callable[..., Run]


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline, "it takes for ever"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of clips of a second or two, all different."""
    folder = tmp_path_factory.mktemp("clips")
    for number in range(NUM_CLIPS):
        colour = ("red", "green", "blue", "yellow", "white", "black")[number % 6]
        colours.write_clip(folder / f"{number:02}.mp4", colour, seconds=1 + number % 2, seed=number)
    return folder


@pytest.fixture(scope="module")
def start(session_object_server: ObjectServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts `framecue index` with the tests' encoder and a commit a file, and waits until it begins to index."""
    folder = tmp_path_factory.mktemp("output")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **session_object_server.environment,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        TERM_VARIABLE: str(TERM_SECONDS),
    }
    command = [sys.executable, str(PROGRAM)]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        numbers = itertools.count()

        def start(uri: str, *arguments: object, environment: dict[str, str] | None = None) -> Run:
            number = next(numbers)
            out, err = folder / f"{number}.out", folder / f"{number}.err"
            order = {
                "arguments": [*map(str, arguments), "--library", uri],
                "file_bytes": 0,
                "out": str(out),
                "err": str(err),
                "environment": environment or {},
            }
            print(json.dumps(order), file=server.stdin, flush=True)
            run = Run(int(server.stdout.readline()), out, err)
            wait_until(lambda: out.exists() and ("started" in out.read_text() or run.has_ended))
            return run

        yield start
        server.stdin.close()


def contents(uri: str) -> Contents:
    """Return all that a library holds, none if there is no library yet; that no row is there twice is checked."""
    try:
        store = Store.open(uri)
    except LibraryNotFoundError:
        return {}
    rows = store.rows_at(list(store.held()))
    assert sum(map(len, rows.values())) == store.num_rows(), "rows are stored twice"
    return {
        path: sorted((row.video_id, row.start_seconds, row.end_seconds, row.vector.tobytes()) for row in some)
        for path, some in rows.items()
    }


def commits(bucket: Bucket) -> list[str]:
    return [key for key in bucket.keys("l.lance/segments.lance/_versions") if key.endswith(".manifest")]


def num_encoded(said: str) -> int:
    """Return how many files a run says that it has encoded."""
    return int(said.rpartition(" encoded)")[0].rpartition("(")[2])


@pytest.fixture(scope="module")
def whole(start: Start, session_object_server: ObjectServer, clips: Path, tmp_path_factory) -> Contents:
    """What a library on a disk holds after a run that nothing disturbed."""
    uri = str(tmp_path_factory.mktemp("whole") / "l.lance")
    code, said = start(uri, clips).wait()
    assert code == 0, said
    held = contents(uri)
    assert len(held) == NUM_CLIPS
    return held


def test_a_run_that_is_killed_at_ten_moments_leaves_a_library_that_the_next_completes(
    start: Start, bucket: Bucket, clips: Path, whole: Contents
) -> None:
    uri, chance = f"{bucket.url}/l.lance", random.Random(7)
    num_killed, sizes = 0, set()
    while num_killed < 10:
        goal = len(commits(bucket)) + chance.randrange(6)
        run = start(uri, clips)
        wait_until(lambda goal=goal, run=run: len(commits(bucket)) >= goal or run.has_ended)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.1))
        was_at_work = not run.has_ended
        run.signal(signal.SIGKILL)
        wait_until(lambda run=run: run.has_ended)  # type: ignore[misc]
        held = contents(uri)
        assert all(whole[path] == rows for path, rows in held.items())
        sizes.add(len(held))
        if not was_at_work:
            for key in bucket.sizes():
                bucket.delete(key)
        num_killed += was_at_work
    assert len(sizes) > 2
    code, said = start(uri, clips).wait()
    assert code == 0, said
    assert contents(uri) == whole


def test_two_runs_at_once_store_each_file_once_and_encode_it_once(
    start: Start, bucket: Bucket, clips: Path, whole: Contents
) -> None:
    uri = f"{bucket.url}/l.lance"
    runs = [start(uri, clips), start(uri, clips)]
    codes, said = zip(*(run.wait() for run in runs), strict=True)
    assert codes == (0, 0), said
    assert contents(uri) == whole
    assert sorted(map(num_encoded, said)) == [0, NUM_CLIPS]
    assert sum(f"waiting for another run that writes {uri}" in each for each in said) == 1


def test_a_run_that_is_stopped_past_its_lease_and_goes_on_writes_nothing_more(
    start: Start, bucket: Bucket, clips: Path, whole: Contents
) -> None:
    uri = f"{bucket.url}/l.lance"
    first = start(uri, clips)
    wait_until(lambda: len(commits(bucket)) > 4)
    first.signal(signal.SIGSTOP)
    held = contents(uri)
    second = start(uri, clips)
    wait_until(lambda: len(commits(bucket)) > len(held) + 4 or second.has_ended)
    first.signal(signal.SIGCONT)
    code, said = first.wait()
    assert code == 1
    (line,) = [line for line in said.splitlines() if line.startswith("Error: ")]
    assert line.startswith(f"Error: library {uri}: its lease was taken over by another run (process ")
    code, said = second.wait()
    assert code == 0, said
    # It encoded again what the first had in flight, and nothing else.
    assert num_encoded(said) == NUM_CLIPS - len(held)
    assert contents(uri) == whole
    assert start(uri, clips).wait()[0] == 0


def test_a_store_that_fails_for_a_while_is_waited_for(
    start: Start, bucket: Bucket, object_server: ObjectServer, clips: Path, whole: Contents
) -> None:
    uri = f"{bucket.url}/l.lance"
    manifests = r"segments\.lance/_versions/.*manifest$"
    # Answers that are lost after what was asked for is done, to commits and to the lease.
    object_server.fault("lost", status=503, method="PUT", key=manifests, after=1, times=2)
    object_server.fault("lost", status=0, method="PUT", key=manifests, after=4, times=2)
    object_server.fault("lost", status=0, method="PUT", key=r"\.framecue\.lease", after=3, times=2)
    object_server.fault("status", status=500, code="InternalError", method="PUT", key=manifests, after=6, times=3)
    object_server.fault("stall", method="GET", after=30, times=2, seconds=3)
    object_server.fault("stall", method="PUT", key=manifests, after=12, times=1, seconds=5)
    object_server.fault("cut", method="GET", after=60, times=2)
    run = start(uri, clips)
    wait_until(lambda: len(commits(bucket)) > 5 or run.has_ended)
    object_server.fault("status", status=503, code="SlowDown", times=None, lasts_seconds=3)
    wait_until(lambda: len(commits(bucket)) > 8 or run.has_ended)
    object_server.fault("status", status=429, code="TooManyRequests", times=None, lasts_seconds=2)
    wait_until(lambda: len(commits(bucket)) > 11 or run.has_ended)
    with object_server.stopped():
        time.sleep(3)
    code, said = run.wait()
    assert code == 0, said
    assert len({each.fault for each in object_server.requests() if each.fault}) == 4
    object_server.heal()
    assert contents(uri) == whole
    assert num_encoded(said) == NUM_CLIPS


def test_a_store_that_fails_for_longer_ends_a_run_with_one_sentence_and_nothing_lost(
    start: Start, bucket: Bucket, object_server: ObjectServer, clips: Path, whole: Contents
) -> None:
    uri = f"{bucket.url}/l.lance"
    run = start(uri, clips, environment={PATIENCE_VARIABLE: "1"})
    wait_until(lambda: len(commits(bucket)) > 4 or run.has_ended)
    object_server.fault("status", status=503, code="SlowDown", times=None)
    code, said = run.wait()
    assert code == 1
    (line,) = [line for line in said.splitlines() if line.startswith("Error: ")]
    assert line.startswith(f"Error: library {uri} cannot be ")
    assert line.endswith("the store is too busy or failing (HTTP status 503); try again later")
    object_server.heal()
    held = contents(uri)
    assert 3 < len(held) < NUM_CLIPS
    code, said = start(uri, clips).wait()
    assert code == 0, said
    assert contents(uri) == whole
    assert num_encoded(said) == NUM_CLIPS - len(held)


@pytest.mark.parametrize(("ignored", "named"), [("absent", "If-None-Match"), ("match", "If-Match")])
def test_a_store_on_which_two_runs_would_overwrite_each_other_is_refused(
    start: Start, bucket: Bucket, object_server: ObjectServer, clips: Path, ignored, named
) -> None:
    object_server.ignore_conditions(ignored)
    code, said = start(f"{bucket.url}/l.lance", clips).wait()
    assert code == 1
    (line,) = said.splitlines()
    assert line.startswith(f"Error: library {bucket.url}/l.lance cannot be written safely: its store ignores {named} ")
    assert bucket.keys() == []
