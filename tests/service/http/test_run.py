from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import urllib.request

import pytest
from fastapi import FastAPI

from framecue.cli.signals import requests_to_end
from framecue.errors import InputError
from framecue.service.http.options import ServeOptions
from framecue.service.http.run import address_of, listen, run


def test_a_port_that_is_taken_is_told() -> None:
    with listen(ServeOptions(port=0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=rf"port {port} at 127\.0\.0\.1 is taken.*--port"):
            listen(ServeOptions(port=port))


@pytest.mark.parametrize("host", ["203.0.113.7", "nonsense.invalid"])
def test_an_address_of_another_machine_is_told(host: str) -> None:
    with pytest.raises(InputError, match="is no address of this machine"):
        listen(ServeOptions(host=host, port=0, is_open=True))


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("localhost", "localhost"), ("0.0.0.0", "127.0.0.1")]
)
def test_the_address_is_one_that_a_browser_opens(host: str, shown: str) -> None:
    options = ServeOptions(host=host, port=0, is_open=True)
    with listen(options) as listening:
        assert address_of(listening, options) == f"http://{shown}:{listening.getsockname()[1]}/"


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_address_of_ipv6_is_in_brackets() -> None:
    options = ServeOptions(host="::1", port=0)
    try:
        listening = listen(options)
    except InputError:
        pytest.skip("this machine has no IPv6")
    with listening:
        assert address_of(listening, options) == f"http://[::1]:{listening.getsockname()[1]}/"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_request_to_end_is_the_normal_end(name: str) -> None:
    app = FastAPI()
    told: list[str] = []

    @app.get("/")
    def hello() -> str:
        return "hello"

    options = ServeOptions(port=0)
    listening = listen(options)
    address = address_of(listening, options)

    def ask_and_end() -> None:
        with urllib.request.urlopen(address, timeout=60) as answer:
            told.append(answer.read().decode())
        os.kill(os.getpid(), getattr(signal, name))

    asking = threading.Thread(target=ask_and_end)
    with requests_to_end():
        asking.start()
        run(app, listening, on_end=lambda: told.append("ends"))
    asking.join()
    assert told == ['"hello"', "ends"]
    assert listening.fileno() == -1
    # Anybody could fill the log with lines of it.
    assert not logging.getLogger("python_multipart.multipart").isEnabledFor(logging.WARNING)
