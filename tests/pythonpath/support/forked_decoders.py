"""Processes that decode files, forked from one that has imported all they need.

Hundreds of tests read a file in a process of its own, and starting Python and importing what decodes takes far longer
than reading a small file. What the process does and how it ends is the same; how it starts is tested in
`tests/video/isolate`, where it starts as everywhere else.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, NoReturn

import pytest

from framecue.video.isolate import process as decoding

__all__ = ["forked_decoders"]

_AT_ONCE = 1 << 20


@contextmanager
def forked_decoders() -> Iterator[None]:
    """Fork decoding processes while the block runs, where the system can; the first one starts what they come from."""
    if sys.platform != "linux":
        yield
        return
    nursery = _Nursery()
    bootstrap = decoding._BOOTSTRAP

    def popen(command: Sequence[str], **options: Any) -> Any:
        # Another program than the usual one is one of the test's own.
        if list(command[:3]) != [sys.executable, "-c", bootstrap]:
            return subprocess.Popen(command, **options)
        return _Forked(nursery, command, stderr=options["stderr"], env=options["env"])

    patch = pytest.MonkeyPatch()
    patch.setattr(decoding, "subprocess", SimpleNamespace(**{**vars(subprocess), "Popen": popen}))
    try:
        yield
    finally:
        patch.undo()
        nursery.close()


class _Nursery:
    """The process that the others are forked from, started when the first of them is wanted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._process: subprocess.Popen[bytes] | None = None

    def fork(self, request: dict[str, Any], descriptors: list[int]) -> int:
        """Have one process more; gives its id."""
        with self._lock:
            # A process that the test has forked has a nursery of its own: two would read each other's answers.
            if self._process is None or self._owner != os.getpid():
                self._start()
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with ours, theirs:
                socket.send_fds(self._socket, [b"one"], [theirs.fileno(), *descriptors])
                theirs.close()
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _AT_ONCE)
                ours.send(pickle.dumps(request))
                return int(ours.recv(64))

    def _start(self) -> None:
        self._owner = os.getpid()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = "import sys; sys.path[:] = sys.argv[2:]; from support.forked_decoders import serve; serve()"
        with theirs:
            number = theirs.fileno()
            command = [sys.executable, "-c", program, str(number), *sys.path]
            self._process = subprocess.Popen(command, pass_fds=[number], stdin=subprocess.DEVNULL)

    def close(self) -> None:
        if self._process is not None and self._owner == os.getpid():
            self._socket.close()
            self._process.wait()


class _Forked:
    """What `subprocess.Popen` would be for it, as far as it is used."""

    def __init__(self, nursery: _Nursery, command: Sequence[str], *, stderr: IO[bytes], env: Mapping[str, str]) -> None:
        self.args = command
        self.returncode: int | None = None
        self._waiting = threading.Lock()
        with (
            self._pipe() as (their_in, our_in),
            self._pipe() as (our_out, their_out),
            self._pipe() as (code, their_code),
        ):
            request = {"path": list(command[3:]), "env": dict(env), "folder": str(Path.cwd())}
            self.pid = nursery.fork(request, [their_in, their_out, stderr.fileno(), their_code])
            self.stdin, self.stdout = os.fdopen(os.dup(our_in), "wb"), os.fdopen(os.dup(our_out), "rb")
            self._code = os.fdopen(os.dup(code), "rb", buffering=0)

    @staticmethod
    @contextmanager
    def _pipe() -> Iterator[tuple[int, int]]:
        ends = os.pipe()
        try:
            yield ends
        finally:
            for end in ends:
                os.close(end)

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(timeout=0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        with self._waiting:
            if self.returncode is None:
                ready, _, _ = select.select([self._code], [], [], timeout)
                if not ready:
                    raise subprocess.TimeoutExpired(list(self.args), timeout or 0.0)
                self.returncode = int(self._code.read(64))
                self._code.close()
            return self.returncode

    def kill(self) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def serve() -> NoReturn:
    """Fork whenever one is asked for, until whoever asks has ended."""
    from framecue.video.isolate.serve import import_questions

    import_questions()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked = socket.socket(fileno=int(sys.argv[1]))
    while True:
        message, descriptors, _, _ = socket.recv_fds(asked, 16, 8)
        # Their time counts as this process's once they are waited for, which takes none.
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not message:
            os._exit(0)
        if os.fork() == 0:
            asked.close()
            _keep(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _keep(answer: int, *descriptors: int) -> NoReturn:
    """Fork the process, tell its id, wait for its end and tell how it ended."""
    *standard, code = descriptors
    with socket.socket(fileno=answer) as asked:
        request = pickle.loads(asked.recv(_AT_ONCE))
        child = os.fork()
        if child == 0:
            asked.close()
            os.close(code)
            _decode(request, standard)
        asked.send(str(child).encode())
    for descriptor in standard:
        os.close(descriptor)
    _, status = os.waitpid(child, 0)
    with suppress(OSError):
        os.write(code, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _decode(request: dict[str, Any], standard: Sequence[int]) -> NoReturn:
    from framecue.video.isolate.serve import main

    for number, descriptor in enumerate(standard):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.path[:] = request["path"]
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["folder"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
