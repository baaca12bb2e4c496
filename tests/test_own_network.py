"""The network of its own that `make cluster` runs in: nothing is reached from it, and nothing is left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import own_network

SCRIPT = own_network.__file__
needs_a_way_in = pytest.mark.skipif(isinstance(own_network.way_in(), str), reason=str(own_network.way_in()))


@pytest.mark.parametrize(("required", "raised"), [(None, pytest.skip.Exception), ("required", pytest.fail.Exception)])
@pytest.mark.parametrize("why_not", [None, "unshare is not allowed"])
def test_elsewhere_tests_are_skipped_but_fail_where_they_are_required(monkeypatch, required, raised, why_not):
    for name, value in (("NETWORK", None), ("WHY_NOT", why_not), ("REQUIRED", required)):
        variable = getattr(own_network, name)
        monkeypatch.delenv(variable, raising=False) if value is None else monkeypatch.setenv(variable, value)
    with pytest.raises(raised, match=why_not or "make cluster"):
        own_network.stay_inside()
    monkeypatch.setenv(own_network.NETWORK, "1")
    own_network.stay_inside()


def test_without_a_way_in_the_program_runs_and_is_told_why(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    told = [sys.executable, "-c", f"import os; print(os.environ[{own_network.WHY_NOT!r}]); raise SystemExit(3)"]
    done = subprocess.run([sys.executable, SCRIPT, *told], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (
        3,
        "no network of its own: the program unshare (util-linux) is not here\n",
    )


INSIDE = """
import os, pathlib, socket, subprocess, sys
with socket.create_server(("127.0.0.3", 0)) as server, socket.create_connection(server.getsockname()):
    assert [name for _, name in socket.if_nameindex() if name == "lo"]
assert not [name for name in os.environ if name.startswith(("AWS_", "RAY_")) and name != "RAY_TMPDIR"]
pathlib.Path.home().joinpath("left").write_text("by the test")
subprocess.Popen(["sleep", sys.argv[1]], start_new_session=True)
print(pathlib.Path.home(), flush=True)
if sys.argv[2] == "wait":
    subprocess.run(["sleep", sys.argv[1]])
raise SystemExit(5)
"""


def num_sleeping(seconds):
    """Return how many processes sleep for so many seconds: a number that is nobody else's."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += path.read_bytes() == f"sleep\0{seconds}\0".encode()
        except OSError:  # it has just ended
            continue
    return found


def wait_for_sleeping(seconds, number):
    deadline = time.monotonic() + 60
    while num_sleeping(seconds) != number:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@needs_a_way_in
@pytest.mark.parametrize("ended", ["by itself", "killed"])
def test_nothing_outlives_the_run(tmp_path, ended):
    seconds = f"{3600 + os.getpid()}.{ended == 'killed':d}"
    (tmp_path / "framecue-net-old").mkdir()
    os.utime(tmp_path / "framecue-net-old", (0, 0))
    words = [sys.executable, SCRIPT, sys.executable, "-c", INSIDE, seconds, "wait" if ended == "killed" else "end"]
    environment = os.environ | {"TMPDIR": str(tmp_path), "AWS_PROFILE": "mine", "RAY_ADDRESS": "10.0.0.1:6379"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert folder.parent == tmp_path
        if ended == "killed":
            wait_for_sleeping(seconds, 2)
            assert folder.joinpath("left").exists()
            process.terminate()
        assert process.wait(60) == (5 if ended == "by itself" else 128 + signal.SIGKILL)
    wait_for_sleeping(seconds, 0)
    assert list(tmp_path.iterdir()) == []
