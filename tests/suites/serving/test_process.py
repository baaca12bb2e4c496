"""The server as a program: it says where it is, answers, and ends when it is told to."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

from support.served import make_served
from support.server_process import serve


@pytest.mark.slow
def test_it_says_where_it_listens_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    served = make_served(tmp_path)
    with serve([served.library]) as server:
        with urllib.request.urlopen(f"{server.url}/healthz", timeout=60) as answer:
            assert json.load(answer)["status"] == "ok"
        assert any(f"{server.url}/" in line for line in server.lines)
        assert server.stop() == 0
    assert not [line for line in server.lines if "Traceback" in line or "Exception" in line]
