"""Running an app by uvicorn, until it is asked to end."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from framecue.errors import InputError
from framecue.service.http.connections import MOST_CONNECTIONS, PatientProtocol
from framecue.service.http.options import ServeOptions

__all__ = ["address_of", "listen", "run"]

# How long the end waits for answers that are on their way; a video that is paused would hold it for ever.
_GRACE_SECONDS = 3
# Besides those that uvicorn knows: a terminal that is closed.
_MORE_SIGNALS = ("SIGHUP",)
_BACKLOG = 256


def listen(options: ServeOptions) -> socket.socket:
    """Return a socket that listens where a server is to be.

    Args:
        options: the address and the port.

    Raises:
        InputError: the port is taken, or the address is not one of this machine.
    """
    host, port = options.host, options.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InputError(
                f"port {port} at {host} is taken, perhaps by another framecue; name another with --port, or 0 for any "
                "that is free"
            ) from error
        # A name that cannot be looked up has a number of its own kind, below zero.
        if error.errno == errno.EADDRNOTAVAIL or (error.errno or 0) < 0:
            raise InputError(f"{host} is no address of this machine; give one of its own with --host") from error
        if error.errno == errno.EACCES:
            raise InputError(f"port {port} is for administrators alone; name one from 1024 on with --port") from error
        raise InputError(f"{host}, port {port}: cannot be listened at ({error.strerror}); name another") from error


def address_of(listening: socket.socket, options: ServeOptions) -> str:
    """Return the address at which a browser on this machine opens the page."""
    host, port = options.host, listening.getsockname()[1]
    if host in ("", "0.0.0.0"):
        host = "127.0.0.1"
    elif host == "::":
        host = "::1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def run(
    app: ASGIApp, listening: socket.socket, *, on_end: Callable[[], None] | None = None, has_lifespan: bool = False
) -> None:
    """Answer requests until Ctrl-C or another request to end; that is the normal end.

    Args:
        app: answers.
        listening: where; it is closed at the end.
        on_end: called once no more requests are taken, when the end is being waited for.
        has_lifespan: whether the app is to be told when it begins and ends.
    """
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        lifespan="on" if has_lifespan else "off",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    # What goes wrong in an answer is logged where it is known what it was; of the rest, nothing is for people.
    # (The reader of forms tells of each that is malformed, which whoever sent it is told.)
    for name in ("uvicorn.error", "python_multipart"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    server = _Server(config, on_end)
    try:
        with _more_signals(server):
            server.run(sockets=[listening])
    except KeyboardInterrupt:  # raised anew by uvicorn, once all has ended
        pass
    finally:
        listening.close()


class _Server(uvicorn.Server):
    """uvicorn's server, which tells when it ends."""

    def __init__(self, config: uvicorn.Config, on_end: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._on_end = on_end

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End."""
        if self._on_end is not None:
            self._on_end()
        await super().shutdown(sockets=sockets)


@contextmanager
def _more_signals(server: uvicorn.Server) -> Iterator[None]:
    """Have further signals end a server as Ctrl-C does, where they are not ignored and this is the main thread."""

    def end(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    before = {}
    for name in _MORE_SIGNALS if sys.platform != "win32" else ():
        number = getattr(signal, name)
        with suppress(ValueError):
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
