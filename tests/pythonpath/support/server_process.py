"""``framecue serve`` as a program of its own, as people start it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["START_SECONDS", "ServerProcess", "framecue", "run_server", "serve"]

START_SECONDS = 120
"""How long a server may take until it answers; only a machine with much else to do comes near it."""
_ADDRESS = re.compile(r"http://[^\s/]+:([1-9]\d*)")


@dataclass
class ServerProcess:
    """A running server.

    Attributes:
        process: the program.
        port: where it listens, on 127.0.0.1.
        lines: what it has printed, on both streams, so far.
    """

    process: subprocess.Popen[str]
    port: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> int:
        """End it as a service manager does; return its exit code. Ending it twice is no error."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def kill(self) -> None:
        """End it without a warning, as a lost machine would."""
        self.process.kill()
        self.process.wait()


def framecue(*arguments: object, cwd: Path | None = None) -> str:
    """Run a command of framecue to its end; return what it printed.

    Raises:
        AssertionError: it failed.
    """
    command = [sys.executable, "-m", "framecue", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def serve(
    libraries: Sequence[str | Path],
    *options: object,
    port: int = 0,
    environment: dict[str, str] | None = None,
) -> Iterator[ServerProcess]:
    """Serve libraries until the context ends.

    Args:
        libraries: their folders.
        options: of the command, besides.
        port: where to listen; 0 for any that is free.
        environment: variables to set besides those of this process.

    Yields:
        The server, which answers already.

    Raises:
        AssertionError: as of `run_server`.
    """
    named = [word for library in libraries for word in ("--library", str(library))]
    command = [sys.executable, "-m", "framecue", "serve", *named, "--port", str(port), *map(str, options)]
    with run_server(command, environment=environment) as server:
        yield server


@contextmanager
def run_server(command: Sequence[str], *, environment: dict[str, str] | None = None) -> Iterator[ServerProcess]:
    """Run a command that serves until the context ends.

    Args:
        command: the program and its words.
        environment: variables to set besides those of this process.

    Yields:
        The server, which answers already.

    Raises:
        AssertionError: it ended, or did not answer in time; with what it printed.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | (environment or {}),
    )
    server = ServerProcess(process)
    told = threading.Event()

    def listen() -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                server.lines.append(line.rstrip("\n"))
                found = _ADDRESS.search(line)
                if found is not None and not told.is_set():
                    server.port = int(found[1])
                    told.set()
        told.set()

    reader = threading.Thread(target=listen, daemon=True)
    reader.start()
    try:
        told.wait(START_SECONDS)
        assert server.port, "the server did not say where it listens:\n" + "\n".join(server.lines)
        _wait_for_answer(server)
        yield server
    finally:
        if process.poll() is None:
            server.stop()
        reader.join()


def _wait_for_answer(server: ServerProcess) -> None:
    """Return once the server answers anything."""
    pause = threading.Event()
    for _ in range(START_SECONDS * 10):
        assert server.process.poll() is None, "the server has ended:\n" + "\n".join(server.lines)
        try:
            urllib.request.urlopen(f"{server.url}/healthz", timeout=START_SECONDS).close()
        except urllib.error.HTTPError as error:
            error.close()
            return
        except OSError:
            pause.wait(0.1)
        else:
            return
    raise AssertionError("the server does not answer:\n" + "\n".join(server.lines))
