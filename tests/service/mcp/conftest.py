"""A server of tools for the small library, and the package's own client, which talks to it in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

import pytest

pytest.importorskip("mcp", reason='tools for assistants need the extra: pip install "framecue[mcp]"')

from framecue.service.desk import Desk
from framecue.service.mcp.server import make_server
from framecue.service.mcp.untrusted import marked
from support.assistant import Call, caller, told


@pytest.fixture(scope="session")
def call(desk: Desk) -> Call:
    """Calls a tool for the small library."""
    return caller(make_server(desk))


@pytest.fixture(scope="session")
def id_of(call: Call) -> Callable[[str], str]:
    """The id of a file of the small library."""
    ids = {video["name"]: video["id"] for video in told(call("info", limit=100))["videos"]}
    return lambda path: ids[marked(PurePath(path).name)]
