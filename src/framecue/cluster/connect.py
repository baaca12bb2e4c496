"""Connecting to a Ray cluster: what has to be installed, which cluster is meant, and whether anybody answers there.

Nothing here imports Ray before somebody connects.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec

from framecue.checks import is_whole
from framecue.cluster.each_node import ask_each_node
from framecue.cluster.same_code import Found, check_nodes, find_code, own_code, package_folder
from framecue.errors import FramecueError, InputError, first_line

__all__ = ["LOCAL", "Head", "check_address", "check_cluster", "check_extra", "connected"]

LOCAL = "local"
"""The address that starts a cluster of this machine alone, for as long as it is used."""
AUTO = "auto"

# Ray itself goes on trying for minutes.
ANSWER_SECONDS = 5.0
# Ray ends the process of a driver, without a word of what it has done, a minute after its head has fallen silent.
SILENT_SECONDS = 30.0
# How HTTP/2 begins, which Ray's servers speak: a fixed text, and an empty frame of settings. The answer is one as well.
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_FRAME_HEAD_BYTES, _SETTINGS = 9, 4
# What Ray says and asks by itself: statistics for its makers, hints about versions to come.
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
# What Ray's errors say where a token is missing or wrong; it has no public class for all of them.
_TOKEN_WORDS = ("InvalidAuthToken", "RAY_AUTH_TOKEN", "Token authentication is enabled")
_PRINTS = "_worker_logs_enabled"


def check_extra() -> None:
    """Raise if Ray is not installed; it is not imported.

    Raises:
        InputError: it is not; the message names the extra.
    """
    if find_spec("ray") is None:
        raise InputError(
            "a cluster is used by way of Ray, which is not installed; install the extra ray "
            '(pip install "framecue[ray]"), or leave out --ray'
        )


def check_address(address: str) -> None:
    """Refuse what cannot be the address of a cluster; nobody is asked.

    Raises:
        InputError: it is neither ``auto`` nor ``local`` nor HOST:PORT.
    """
    if address in (AUTO, LOCAL):
        return
    _, host, port = _parts(address)
    if not host or not (port.isdecimal() and 0 < int(port) < 1 << 16):
        raise InputError(
            f"the address of a Ray cluster is {address!r}; give auto for the one that runs on this machine, local to "
            "start one here, or HOST:PORT as `ray start --head` prints it"
        )


def check_cluster(address: str, num_workers: int | None) -> None:
    """Refuse what no cluster can be asked for; nobody is asked.

    Args:
        address: see :func:`check_address`.
        num_workers: how many actors are to work at once; None for as many as the cluster has room for.

    Raises:
        InputError: Ray is not installed, the address is none, or the number is not a whole one above 0.
    """
    if num_workers is not None and not (is_whole(num_workers) and num_workers > 0):
        raise InputError(f"num_workers is {num_workers!r}; it must be a whole number above 0")
    check_extra()
    check_address(address)


@contextmanager
def connected(address: str, *, runtime_env: Mapping[str, object] | None = None) -> Iterator[None]:
    """Be connected to a cluster while the block runs. Where this process is connected already, that is kept.

    Where nodes import another framecue than this process, or none, this one is sent to them.

    Args:
        address: ``auto`` for the cluster that this machine belongs to (or that ``RAY_ADDRESS`` names), ``local`` for
            one of this machine alone that ends with the block, or HOST:PORT.
        runtime_env: what processes on the cluster need beside what is installed there, in Ray's words.

    Raises:
        InputError: Ray is not installed, or the address is none.
        FramecueError: nobody answers there, or no cluster runs here; or a node lacks what framecue needs.
    """
    check_extra()
    check_address(address)
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    import ray

    if ray.is_initialized():
        yield
        return
    try:
        with _own_signals():
            _connect(address, runtime_env)
            _say_nothing()
            nodes = _code_of_nodes()
            if any(found["digest"] != own_code()["digest"] for found in nodes.values()):
                ray.shutdown()
                _connect(address, {"py_modules": [str(package_folder())], **(runtime_env or {})})
                nodes = _code_of_nodes()
        check_nodes(nodes)
        yield
    finally:
        with _own_signals():
            ray.shutdown()


class Head:
    """The head of the cluster that this process is connected to, which is asked only while it answers.

    Args:
        where: its HOST:PORT.
        clock: gives the time, in seconds from any point.
    """

    def __init__(self, where: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.where, self._time = where, clock
        self._silent_since: float | None = None

    def answers(self) -> bool:
        """Whether it answers now.

        Raises:
            FramecueError: it has not for so long that it is taken to have ended.
        """
        _, host, port = _parts(self.where)
        try:
            socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS).close()
        except OSError as error:
            if self._silent_since is None:
                self._silent_since = self._time()
            if self._time() - self._silent_since >= SILENT_SECONDS:
                raise FramecueError(
                    f"{self.where}: the head of the Ray cluster has not answered for {SILENT_SECONDS:g} seconds "
                    f"({first_line(error)}); start the cluster again, and the same command goes on with what is left"
                ) from error
            return False
        self._silent_since = None
        return True


def _connect(address: str, runtime_env: Mapping[str, object] | None) -> None:
    import ray

    where = _found(address)
    if where != LOCAL:
        _greet(where, address)
    try:
        with warnings.catch_warnings():
            # What Ray starts here it starts by a fork, which goes on as another program at once.
            warnings.filterwarnings("ignore", message="lancedb fork support", category=RuntimeWarning)
            # Not the address that `auto` stands for: only where Ray itself finds the cluster does it take the token in
            # the user's home, as it does where it starts one.
            ray.init(
                address,
                log_to_driver=False,
                logging_level=logging.ERROR,
                runtime_env=None if runtime_env is None else dict(runtime_env),
                include_dashboard=False if where == LOCAL else None,
            )
    # Which of its own and of Python's errors Ray raises depends on where it finds that it cannot connect.
    except (ray.exceptions.RayError, OSError, RuntimeError, ValueError) as error:
        if _is_token_missing(error):
            raise FramecueError(
                f"{address}: the Ray cluster asks for a token, which this machine has not or has another of; copy "
                "~/.ray/auth_token from its head, and set RAY_AUTH_MODE=token"
            ) from error
        raise FramecueError(
            f"{address}: there is a Ray cluster that cannot be used: {first_line(error)}; it has to run the same "
            f"versions of Ray and Python as this machine (Ray {ray.__version__})"
        ) from error


def _is_token_missing(error: BaseException) -> bool:
    """Whether an error of Ray's, or what it came of, is about the token that all who speak with a cluster need."""
    each: BaseException | None = error
    while each is not None:
        if type(each).__name__ == "AuthenticationError" or any(word in str(each) for word in _TOKEN_WORDS):
            return True
        each = each.__cause__ or each.__context__
    return False


def _code_of_nodes() -> dict[str, Found]:
    """Return what there is on each node that says so in time, by its id."""
    return {node["NodeID"]: found for node, found in ask_each_node(find_code())}


def _say_nothing() -> None:
    """Have Ray not print what its nodes complain of: it goes to the standard output, in the midst of a document.

    That processes are lost there is seen, and told, by who works with them.
    """
    worker = sys.modules.get("ray._private.worker")
    # There is no public switch: what it is told of by `log_to_driver` is another thing.
    if hasattr(worker, _PRINTS):
        setattr(worker, _PRINTS, False)


def _found(address: str) -> str:
    """Return the address that ``auto`` stands for; any other as it is.

    Raises:
        FramecueError: no cluster runs here, or ``RAY_ADDRESS`` is no cluster's address.
    """
    if address != AUTO:
        return address
    from ray._private.services import canonicalize_bootstrap_address

    found = None
    try:
        with suppress(ConnectionError, OSError):
            found = canonicalize_bootstrap_address(AUTO)
    except ValueError as error:
        raise FramecueError(
            f"auto: RAY_ADDRESS is {os.environ.get('RAY_ADDRESS', '')!r}, which is no cluster's address but may be its "
            "dashboard's, for `ray job`; unset it, or name the cluster (--ray HOST:PORT)"
        ) from error
    if not found:
        raise FramecueError(
            "auto: no Ray cluster runs on this machine; start one (`ray start --head`), run this on one of its nodes, "
            "name one (--ray HOST:PORT), or start one for this run alone (--ray local)"
        )
    return str(found)


def _greet(where: str, address: str) -> None:
    """Raise unless something at an address answers as Ray's servers do.

    Raises:
        FramecueError: nobody answers within some seconds, or somebody else does.
    """
    if os.environ.get("RAY_USE_TLS") == "1":
        return  # there only who has the certificates is answered
    _, host, port = _parts(where)
    shown = address if where == address else f"{address} ({where})"
    try:
        with socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS) as link:
            link.sendall(_GREETING)
            head = link.recv(_FRAME_HEAD_BYTES)
    except OSError as error:
        raise FramecueError(
            f"{shown}: no Ray cluster answers there within {ANSWER_SECONDS:g} seconds ({first_line(error)}); check "
            "that it runs (`ray status` on its head), and that this machine may reach it"
        ) from error
    if len(head) < _FRAME_HEAD_BYTES or head[3] != _SETTINGS:
        raise FramecueError(
            f"{shown}: what answers there is no Ray cluster; give the port of its head, which `ray start --head` "
            "prints (6379 unless told), not that of its dashboard"
        )


def _parts(address: str) -> tuple[str, str, str]:
    """Return the scheme (``ray`` or none), the host and the port of an address."""
    scheme, _, rest = address.rpartition("://")
    host, _, port = rest.rpartition(":")
    return scheme, host.strip("[]"), port


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep what this process does at SIGTERM: Ray puts an answer of its own in its place."""
    try:
        before = signal.getsignal(signal.SIGTERM)
        yield
    finally:
        # Not from another thread (ValueError), where Ray changes nothing either.
        with suppress(ValueError, TypeError):
            signal.signal(signal.SIGTERM, before)
