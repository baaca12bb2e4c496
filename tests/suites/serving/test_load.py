"""Fifty who search at once for half a minute: all are answered, and the server's memory does not grow."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from support.served import make_served
from support.server_process import ServerProcess, serve

AT_ONCE, SECONDS, WARM_SECONDS = 50, 30.0, 10.0
# What is kept of queries and of the library is bounded; a leak of a query's vector alone would be seen.
MOST_GROWTH = 1.15


def memory(server: ServerProcess) -> int:
    """Return the resident memory of a server, in bytes."""
    pages = Path(f"/proc/{server.process.pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the memory of a process is read from /proc")
def test_fifty_at_once_for_half_a_minute(tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    served = make_served(tmp_path)
    numbers = count()
    ended = threading.Event()

    def ask(server: ServerProcess) -> list[tuple[int, bytes]]:
        """Ask for one search after the other, each another one; return the answers that are none."""
        failed = []
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)) as connection:
            while not ended.is_set():
                body = json.dumps({"text": f"the panda shrinks {next(numbers)}", "k": 3})
                connection.request("POST", "/api/search", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                content = answer.read()
                if answer.status != 200 or not json.loads(content)["results"]:
                    failed.append((answer.status, content[:200]))
        return failed

    with serve([served.library]) as server, ThreadPoolExecutor(AT_ONCE) as clients:
        asked = [clients.submit(ask, server) for _ in range(AT_ONCE)]
        try:
            time.sleep(WARM_SECONDS)
            warm = memory(server)
            time.sleep(SECONDS - WARM_SECONDS)
            end = memory(server)
        finally:
            ended.set()
        failed = [failure for each in asked for failure in each.result()]
        assert server.stop() == 0
    assert not failed, failed[:3]
    assert next(numbers) > 2 * AT_ONCE
    assert end < MOST_GROWTH * warm, (warm, end)
