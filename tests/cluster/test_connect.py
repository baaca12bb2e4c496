from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType

import pytest

from framecue.cluster import connect
from framecue.cluster.same_code import own_code, package_folder
from framecue.errors import FramecueError, InputError


class FakeRay(ModuleType):
    """As much of Ray as connecting takes, with the answers of a cluster that is there."""

    __version__ = "2.60"

    def __init__(self) -> None:
        super().__init__("ray")
        self.exceptions = ModuleType("ray.exceptions")
        self.exceptions.RayError = type("RayError", (Exception,), {})  # type: ignore[attr-defined]
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.error: Exception | None = None
        self.is_there = False

    def is_initialized(self) -> bool:
        return self.is_there

    def init(self, address: str, **options: object) -> None:
        self.asked.append((address, options))
        if self.error is not None:
            raise self.error
        self.is_there = True
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def shutdown(self) -> None:
        self.is_there = False


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    fake = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.setattr("framecue.cluster.connect.find_spec", lambda name: object())
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    monkeypatch.setattr("framecue.cluster.connect._code_of_nodes", lambda: {"1": own_code()})
    return fake


@contextmanager
def listening(answer: bytes) -> Iterator[str]:
    """Listen on a port, and answer whoever connects with some bytes; yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    link, _ = server.accept()
                    with link:
                        link.sendall(answer)
                        link.recv(64)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


SETTINGS = bytes((0, 0, 6, 4, 0, 0, 0, 0, 0)) + bytes(6)


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framecue.cluster.connect.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'pip install "framecue\[ray\]"'), connect.connected("auto"):
        pass


@pytest.mark.parametrize("address", ["", "nowhere", "host:", ":6379", "host:port", "host:0", "host:99999", "http://x"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="HOST:PORT"):
        connect.check_address(address)


@pytest.mark.parametrize("address", ["auto", "local", "host:6379", "10.0.0.1:6379", "[::1]:6379", "ray://host:10001"])
def test_addresses(address: str) -> None:
    connect.check_address(address)


def test_it_is_connected_as_long_as_the_block_runs(ray: FakeRay) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with listening(SETTINGS) as address, connect.connected(address):
        assert ray.is_there
        # What the process does when it is asked to end is still its own.
        assert signal.getsignal(signal.SIGTERM) is before
        with connect.connected(address):
            pass
        assert ray.is_there
    assert not ray.is_there
    [(asked, options)] = ray.asked
    assert (asked, options["log_to_driver"], options["include_dashboard"]) == (address, False, None)


def test_a_cluster_of_this_machine_alone_has_no_dashboard(ray: FakeRay) -> None:
    with connect.connected("local"):
        pass
    [(asked, options)] = ray.asked
    assert (asked, options["include_dashboard"]) == ("local", False)


def test_an_address_at_which_nobody_answers_is_told_of_soon(ray: FakeRay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framecue.cluster.connect.ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        said = f"{address}: no Ray cluster answers there within 0.2 seconds"
        with pytest.raises(FramecueError, match=said), connect.connected(address):
            pass
    with pytest.raises(FramecueError, match="no Ray cluster answers there"), connect.connected(address):
        pass
    assert ray.asked == []


def test_what_answers_as_something_else_is_told_of(ray: FakeRay) -> None:
    said = "what answers there is no Ray cluster; give the port of its head"
    with (
        listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as address,
        pytest.raises(FramecueError, match=said),
        connect.connected(address),
    ):
        pass
    assert ray.asked == []


def test_a_cluster_of_another_version_is_told_of(ray: FakeRay) -> None:
    ray.error = RuntimeError("Version mismatch: the cluster was started with:\n Ray: 2.1")
    with (
        listening(SETTINGS) as address,
        pytest.raises(FramecueError, match=r"cannot be used: Version mismatch.*the same versions of Ray and Python"),
        connect.connected(address),
    ):
        pass


def test_nodes_with_another_framecue_are_sent_this_one(ray: FakeRay, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [{**own_code(), "digest": digest} for digest in ("another", own_code()["digest"])]
    monkeypatch.setattr("framecue.cluster.connect._code_of_nodes", lambda: {"1": found.pop(0)})
    with listening(SETTINGS) as address, connect.connected(address):
        assert ray.is_there
    assert [options["runtime_env"] for _, options in ray.asked] == [None, {"py_modules": [str(package_folder())]}]


def test_a_head_that_is_silent_for_long_is_told_of_and_one_that_comes_back_is_not() -> None:
    now = 0.0
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        head = connect.Head(f"127.0.0.1:{port}", clock=lambda: now)
        assert head.answers()
    now = 100.0  # nobody has looked meanwhile
    assert not head.answers()
    now += connect.SILENT_SECONDS - 1
    assert not head.answers()
    with socket.create_server(("127.0.0.1", port)):
        assert head.answers()
    now += 2
    assert not head.answers()
    now += connect.SILENT_SECONDS
    with pytest.raises(
        FramecueError, match=rf"^127.0.0.1:{port}: the head .* the same command goes on with what is left$"
    ):
        head.answers()


def test_ray_itself_finds_the_cluster_that_runs_here(ray: FakeRay, monkeypatch: pytest.MonkeyPatch) -> None:
    # It takes the token in the user's home only then.
    with listening(SETTINGS) as address:
        monkeypatch.setattr("framecue.cluster.connect._found", lambda asked: address)
        with connect.connected("auto"):
            pass
    assert [asked for asked, _ in ray.asked] == ["auto"]


def test_a_missing_token_is_told_of(ray: FakeRay) -> None:
    ray.error = ConnectionError("Failed to connect to Ray cluster at host:6379")
    ray.error.__cause__ = RuntimeError("RPC error: InvalidAuthToken: Authentication token is missing or incorrect")
    with (
        listening(SETTINGS) as address,
        pytest.raises(FramecueError, match=r"asks for a token.*~/\.ray/auth_token from its head.*RAY_AUTH_MODE=token"),
        connect.connected(address),
    ):
        pass


def test_the_address_of_a_dashboard_in_the_environment_is_told_of(
    ray: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(address: str) -> str:
        raise ValueError("Invalid address format: http://host:8265")

    services = ModuleType("ray._private.services")
    services.canonicalize_bootstrap_address = refuse  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ray._private", ModuleType("ray._private"))
    monkeypatch.setitem(sys.modules, "ray._private.services", services)
    monkeypatch.setenv("RAY_ADDRESS", "http://host:8265")
    with pytest.raises(FramecueError, match=r"RAY_ADDRESS is 'http://host:8265'.*unset it"), connect.connected("auto"):
        pass
    assert ray.asked == []
