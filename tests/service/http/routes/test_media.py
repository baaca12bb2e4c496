"""Files of a library over HTTP, as they are and as browsers play them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from framecue.object_store.stores import PATIENCE_VARIABLE
from framecue.service.desk import Desk
from framecue.service.http.app import create_app
from framecue.service.media.media import Media
from framecue.user_cache import CACHE_VARIABLE
from support.far_films import make_long_film
from support.object_server import Bucket, ObjectServer
from support.playing import make_film, write_library


@dataclass
class Shown:
    """A served library of films and pictures that no model has seen."""

    client: TestClient
    folder: Path
    cache: Path
    ids: dict[str, str]

    def url(self, name: str) -> str:
        return f"/media/{self.ids[name]}"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder = tmp_path_factory.mktemp("shown")
    Image.fromarray(np.full((20, 30, 3), 99, np.uint8)).save(folder / "picture.tiff")
    (folder / "broken.avi").write_bytes(b"RIFF\x10\0\0\0AVI " + b"nothing " * 99)
    files = {
        "mp4": make_film(folder / "a film.mp4"),
        "avi": make_film(folder / "film.avi", "mpeg4", "libmp3lame", options={"b": "2M"}),
        "picture": folder / "picture.tiff",
        "broken": folder / "broken.avi",
    }
    ids = write_library(folder / "videos.lance", files)
    app = create_app(Desk([str(folder / "videos.lance")]))
    with Media(folder / "cache") as app.state.media, TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield Shown(client, folder, folder / "cache", ids)


def test_a_file_as_it_is(shown: Shown) -> None:
    answer = shown.client.get(shown.url("mp4"))
    assert (answer.status_code, answer.content) == (200, (shown.folder / "a film.mp4").read_bytes())
    headers = answer.headers
    assert (headers["content-type"], headers["etag"]) == ("video/mp4", f'"{shown.ids["mp4"]}"')
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"].startswith('inline; filename="a film.mp4"')
    assert headers["cache-control"].startswith("private")
    part = shown.client.get(shown.url("mp4"), headers={"range": "bytes=-5"})
    assert (part.status_code, part.content) == (206, answer.content[-5:])
    head = shown.client.head(shown.url("mp4"))
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", headers["content-length"])


def test_it_is_converted_once_and_can_be_sought_in(shown: Shown) -> None:
    url = f"{shown.url('avi')}?converted=1"
    answer = shown.client.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    (shown.folder / "made.mp4").write_bytes(answer.content)
    with av.open(str(shown.folder / "made.mp4")) as container:
        assert [stream.codec_context.codec.canonical_name for stream in container.streams] == ["h264", "aac"]
        assert container.streams.video[0].frames == 20
    assert answer.headers["content-disposition"].startswith('inline; filename="film.mp4"')
    (kept,) = shown.cache.glob("*.mp4")
    written = kept.stat().st_ino
    part = shown.client.get(url, headers={"range": "bytes=0-99", "if-range": answer.headers["etag"]})
    assert (part.status_code, part.content) == (206, answer.content[:100])
    assert kept.stat().st_ino == written


def test_a_span_alone(shown: Shown) -> None:
    url = f"{shown.url('avi')}?converted=1&start=0.5&end=1"
    answer = shown.client.get(url)
    assert answer.status_code == 200
    (shown.folder / "span.mp4").write_bytes(answer.content)
    with av.open(str(shown.folder / "span.mp4")) as container:
        assert container.streams.video[0].frames == 5


def test_who_can_ask_again_does_not_wait(shown: Shown) -> None:
    url = f"{shown.url('avi')}?converted=1&start=1&end=1.5"
    answer = shown.client.get(url, headers={"prefer": "respond-async"})
    assert answer.status_code == 202
    assert (answer.headers["retry-after"], answer.headers["cache-control"]) == ("1", "no-store")
    document = answer.json()
    assert document["state"] in ("waiting", "converting")
    assert 0 <= document["share"] <= 1
    assert document["reason"] == "Browsers do not play AVI files and MPEG-4 part 2."
    assert shown.client.head(url, headers={"prefer": "wait=0"}).status_code in (200, 202)
    assert shown.client.get(url).status_code == 200


def test_a_picture_becomes_jpeg(shown: Shown) -> None:
    assert shown.client.get(shown.url("picture")).headers["content-type"] == "image/tiff"
    answer = shown.client.get(f"{shown.url('picture')}?converted=1")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    (shown.folder / "made.jpg").write_bytes(answer.content)
    with Image.open(shown.folder / "made.jpg") as picture:
        assert (picture.format, picture.size) == ("JPEG", (30, 20))


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("start=1", "give start and end, in seconds, or neither"),
        ("start=1&end=1", "give 0 <= start < end"),
        ("start=0&end=9000", "ask for 600 seconds at most"),
        ("start=5&end=6", "it lasts 2.000 seconds; start earlier"),
        ("start=-1&end=2", "start: input should be greater than or equal to 0"),
        ("start=nan&end=inf", "start: input should be"),
        ("start=x&end=2", "start: input should be"),
    ],
)
def test_spans_that_make_no_sense(shown: Shown, query: str, detail: str) -> None:
    answer = shown.client.get(f"{shown.url('avi')}?converted=1&{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert detail in answer.json()["detail"]


def test_what_cannot_be_converted_says_why(shown: Shown) -> None:
    answer = shown.client.get(f"{shown.url('broken')}?converted=1")
    assert answer.status_code == 415
    assert answer.json()["detail"].startswith("broken.avi: ")
    assert str(shown.folder) not in answer.text


def test_a_long_film_wants_a_span(shown: Shown, tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.avi", "mpeg4", None, num_frames=2)
    ids = write_library(tmp_path / "long.lance", {"film": path}, seconds=7200.0)
    app = create_app(Desk([str(tmp_path / "long.lance")]))
    with Media(tmp_path / "cache") as app.state.media, TestClient(app, base_url="http://127.0.0.1:8000") as client:
        answer = client.get(f"/media/{ids['film']}?converted=1")
    assert answer.status_code == 422
    assert answer.json()["detail"] == (
        "it lasts 2:00:00 and has to be encoded, so ask for a part of it: add start and end, in seconds, at most 600 "
        "apart"
    )


@pytest.mark.parametrize("query", ["", "?converted=1"])
def test_unknown_and_gone(shown: Shown, tmp_path: Path, query: str) -> None:
    answer = shown.client.get(f"/media/{'cd' * 16}{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    path = make_film(tmp_path / "film.mp4", num_frames=2)
    ids = write_library(tmp_path / "gone.lance", {"film": path})
    path.unlink()
    app = create_app(Desk([str(tmp_path / "gone.lance")]))
    with Media(tmp_path / "cache") as app.state.media, TestClient(app, base_url="http://127.0.0.1:8000") as client:
        answer = client.get(f"/media/{ids['film']}{query}")
    assert answer.status_code == 410
    assert answer.json()["detail"].startswith("film.mp4 is no longer where it was indexed; put it back")


def test_a_made_file_that_somebody_removed_is_made_again(shown: Shown) -> None:
    url = f"{shown.url('picture')}?converted=1"
    first = shown.client.get(url)
    for kept in shown.cache.glob("*.jpg"):
        kept.unlink()
    again = shown.client.get(url)
    assert (again.status_code, again.content) == (200, first.content)


def test_an_object_of_a_store_is_sent_by_ranges_cut_and_converted(
    bucket: Bucket, object_server: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    film = make_long_film(tmp_path / "far.mp4", seconds=20)
    content, url = film.read_bytes(), bucket.put("films/far.mp4", film)
    odd = bucket.put("films/odd.avi", make_film(tmp_path / "odd.avi", "mpeg4", "libmp3lame"))
    ids = write_library(tmp_path / "videos.lance", {"far": url, "odd": odd}, seconds=20)
    app = create_app(Desk([str(tmp_path / "videos.lance")]))
    with Media(tmp_path / "made") as app.state.media, TestClient(app, base_url="http://127.0.0.1:8000") as client:
        object_server.forget_requests()
        media = f"/media/{ids['far']}"
        head = client.head(media)
        assert (head.status_code, head.headers["content-length"]) == (200, str(len(content)))
        assert (head.headers["content-type"], head.headers["etag"]) == ("video/mp4", f'"{ids["far"]}"')
        part = client.get(media, headers={"range": "bytes=1000000-1000999"})
        assert (part.status_code, part.content) == (206, content[1_000_000:1_001_000])
        assert client.get(media, headers={"if-none-match": head.headers["etag"]}).status_code == 304
        assert sum(request.sent for request in object_server.requests("GET")) < 1_000_000
        assert client.get(media).content == content
        clip = client.get(f"/clips/{ids['far']}?start=5&end=7")
        assert (clip.status_code, clip.headers["content-type"]) == (200, "video/mp4")
        (tmp_path / "clip.mp4").write_bytes(clip.content)
        with av.open(str(tmp_path / "clip.mp4")) as container:
            assert container.streams.video[0].frames >= 10
        made = client.get(f"/media/{ids['odd']}?converted=1")
        assert (made.status_code, made.headers["content-type"]) == (200, "video/mp4")
        # A store that fails for a while has lost nothing.
        monkeypatch.setenv(PATIENCE_VARIABLE, "0")
        for method, kind in (("HEAD", "status"), ("GET", "cut")):
            object_server.fault(kind, status=503, method=method, key=r"far\.mp4$", times=None)
            away = client.get(media, headers={"range": "bytes=0-9"})
            assert (away.status_code, away.json()["detail"][:27]) == (503, "far.mp4 cannot be read (the")
            assert bucket.name not in away.text
            assert "far.mp4 cannot be read" in str(client.get(f"/api/videos/{ids['far']}").json()["media"]["problem"])
            object_server.heal()
        bucket.put("films/far.mp4", content[:-1])
        gone = client.get(media)
        assert gone.status_code == 410
        assert "far.mp4 has changed since it was indexed" in gone.text
    assert bucket.name not in gone.text
