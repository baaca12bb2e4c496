"""Moments of a library's videos as files to save."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import av
import pytest
from fastapi import Request
from fastapi.testclient import TestClient
from starlette.requests import ClientDisconnect

from framecue.errors import FramecueError
from framecue.service.desk import Desk
from framecue.service.http.app import create_app
from framecue.service.http.routes import clips
from framecue.service.media.media import Media
from framecue.video.isolate.isolated import IsolatedReader
from support.playing import make_film, write_library


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def video_id(folder: Path) -> str:
    return write_library(folder / "videos.lance", {"film": make_film(folder / "d\u00f6g.mp4")})["film"]


@pytest.fixture(scope="module")
def client(folder: Path, video_id: str) -> Iterator[TestClient]:
    app = create_app(Desk([str(folder / "videos.lance")]))
    with Media(folder / "cache") as app.state.media, TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield client


def test_a_clip_is_sent_and_nothing_of_it_stays(client: TestClient, folder: Path, video_id: str) -> None:
    answer = client.get(f"/clips/{video_id}?start=0.5&end=1.5")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"d_g 0.00.5-0.01.5.mp4\"; filename*=UTF-8''d%C3%B6g%200.00.5-0.01.5.mp4"
    )
    (folder / "clip.mp4").write_bytes(answer.content)
    with av.open(str(folder / "clip.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        assert len([frame for frame in container.decode(video=0) if frame.pts >= 0]) in (10, 11, 12, 13)
    assert list((folder / "cache").iterdir()) == []


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("", "start: field required"),
        ("start=1&end=1", "give 0 <= start < end"),
        ("start=0&end=601", "the clip is too long; ask for 600 seconds at most"),
        ("start=7&end=8", "lasts 2.000 seconds; start earlier"),
        ("start=inf&end=nan", "start: input should be"),
    ],
)
def test_moments_that_make_no_sense(client: TestClient, video_id: str, query: str, detail: str) -> None:
    answer = client.get(f"/clips/{video_id}?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert detail in answer.json()["detail"]


def test_unknown_ones(client: TestClient) -> None:
    assert client.get("/clips/abc?start=0&end=1").status_code == 404


def test_a_client_that_has_left_is_no_failure_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    class Left:
        async def is_disconnected(self) -> bool:
            return True

    class Reader:
        def close(self) -> None:
            told.set()

    def cut() -> BinaryIO:
        assert told.wait(60)
        raise FramecueError("it was ended")

    async def main() -> None:
        cutting = asyncio.ensure_future(asyncio.to_thread(cut))
        # What is answered as a client that has left, and not as a server that cannot.
        with pytest.raises(ClientDisconnect):
            await clips._unless_gone(cast("Request", Left()), cutting, cast("IsolatedReader", Reader()))

    told = threading.Event()
    monkeypatch.setattr(clips, "_LOOK_SECONDS", 0.001)
    asyncio.run(main())
