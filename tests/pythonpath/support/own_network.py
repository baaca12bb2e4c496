"""A network for a test run alone: `python tests/pythonpath/support/own_network.py PROGRAM WORD...`.

Ray listens on every address of a machine, whatever it is told, and asks servers of names for its own. So the program
runs where there is loopback alone (a network namespace), and where its processes are the only ones (a process
namespace): all that it leaves behind, or that is left when it is killed, ends with it. Its home, its temporary folder
and what the environment says to Ray and to object stores are its own too.

Where the system does not allow that, the program runs all the same, and is told why by a variable; see `stay_inside`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["stay_inside", "way_in"]

NETWORK, WHY_NOT, REQUIRED = "FRAMECUE_OWN_NETWORK", "FRAMECUE_NO_OWN_NETWORK", "FRAMECUE_CLUSTER"
_FOLDERS = "framecue-net-"
"""How temporary folders begin; short, as Ray puts sockets deep below, whose names may have 107 letters."""
_SEPARATE = ("unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
# Of which network, home and stores a test knows nothing unless it says so itself.
_FOREIGN = ("RAY_", "AWS_", "GOOGLE_", "AZURE_", "HF_", "XDG_")


def stay_inside() -> None:
    """Skip the test where it does not run in a network of its own; fail it where that is required.

    It is required where the variable ``FRAMECUE_CLUSTER`` is ``required``, as in continuous integration.
    """
    if NETWORK in os.environ:
        return
    reason = os.environ.get(WHY_NOT, "it runs in a network of its own: make cluster")
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(f"{reason}; and here it has to run", pytrace=False)
    pytest.skip(reason)


def way_in() -> tuple[str, ...] | str:
    """Return the command that runs what follows it in namespaces of its own, or why there is none."""
    if shutil.which("unshare") is None:
        return "no network of its own: the program unshare (util-linux) is not here"
    said = ""
    for as_root in ((), ("--map-root-user",)):
        tried = subprocess.run([*_SEPARATE, *as_root, "true"], capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            return (*_SEPARATE, *as_root)
        said = tried.stderr.strip()
    return f"no network of its own: {said}"


def main(words: Sequence[str]) -> int:
    """Run a program by its words; return its exit code."""
    if words[0] == "--inside":
        return _inside(words[1:])
    way = way_in()
    if isinstance(way, str):
        return subprocess.run(words, env=os.environ | {WHY_NOT: way}, check=False).returncode
    with _own_folder() as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        environment |= {NETWORK: "1", "HOME": str(folder), "TMPDIR": str(folder), "RAY_TMPDIR": str(folder)}
        command = [*way, sys.executable, __file__, "--inside", *words]
        with subprocess.Popen(command, env=environment) as process:
            # What runs inside has Ctrl-C from the terminal itself, and ends in its own way. Else all of it is killed.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, lambda number, frame: process.kill())
            return _as_of_a_shell(process.wait())


def _inside(words: Sequence[str]) -> int:
    """Run a program as the first process of the namespaces; return its exit code. All others end with this one."""
    _bring_loopback_up()
    program = subprocess.Popen(words)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        # The first process is given all that lose their parents, and nobody else sees them off.
        pid, status = os.wait()
        if pid == program.pid:
            program.returncode = os.waitstatus_to_exitcode(status)
            return _as_of_a_shell(program.returncode)


def _as_of_a_shell(code: int) -> int:
    """Return the exit code by which shells tell of a signal."""
    return code if code >= 0 else 128 - code


def _bring_loopback_up() -> None:
    """Do what `ip link set lo up` does."""
    get_flags, set_flags, up = 0x8913, 0x8914, 0x1  # SIOCGIFFLAGS, SIOCSIFFLAGS and IFF_UP of Linux
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        _, flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, get_flags, request))
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sH14x", b"lo", flags | up))


@contextmanager
def _own_folder() -> Iterator[Path]:
    """Yield a temporary folder, removed at the end; those of runs that were killed go too."""
    place = Path(tempfile.gettempdir())
    for left in place.glob(f"{_FOLDERS}*"):
        with _lock(left) as is_nobodys:
            # One that has just been made is about to be held.
            if is_nobodys and time.time() - left.stat().st_mtime > 60:
                shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_FOLDERS, dir=place))
    with _lock(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _lock(folder: Path) -> Iterator[bool]:
    """Hold a folder while its run lasts; yield whether nobody else does."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # it is somebody else's, or gone
        yield False
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
