"""A small model hub on loopback: what the hub's client asks for, and what may go wrong with it."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

__all__ = ["COMMIT", "NOWHERE", "UNNEEDED", "Hub", "point_at", "serve_hub", "use_hub"]

COMMIT = "0123456789abcdef0123456789abcdef01234567"
UNNEEDED = ("pytorch_model.bin", "flax_model.msgpack", "README.md", "open_clip_pytorch_model.bin")
NOWHERE = "http://127.0.0.1:9"
"""The address of a hub that is down."""


class Hub:
    """One model in a folder, under a name, and what is wrong with the hub.

    Attributes:
        url: the hub's address.
        folder: the model's files.
        name: the model's name.
        status: what every question is answered with instead; 0 for the right answer.
        code: the error code that goes with it, as the hub's client understands it.
        cut_after: how many bytes of an answer come before the hub breaks off; 0 for all, -1 for none.
        only_cut: the one file with which it does so.
        asked: the requests so far: method, path and range.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.url, self.folder, self.name = "", folder, name
        self.status, self.code = 0, ""
        self.cut_after, self.only_cut = 0, "model.safetensors"
        self.asked: list[tuple[str, str, str]] = []

    def files(self) -> dict[str, int]:
        """Return the size of each file by its name."""
        found = sorted(file for file in self.folder.rglob("*") if file.is_file())
        return {file.relative_to(self.folder).as_posix(): file.stat().st_size for file in found}


def point_at(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what HF_ENDPOINT does when the hub's client is imported."""
    monkeypatch.setattr(constants, "ENDPOINT", url)
    template = f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


@contextmanager
def use_hub(model: Path, name: str, work: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Serve a copy of a model, with files beside it that nobody needs; the client uses this hub and an empty cache.

    Args:
        model: a model's folder.
        name: its name on the hub.
        work: for the copy and the cache, `work/cache`.
        monkeypatch: of the test.
    """
    folder = shutil.copytree(model, work / "on-the-hub")
    for extra in UNNEEDED:
        (folder / extra).write_bytes(b"x" * 100_000)
    with serve_hub(folder, name) as hub:
        point_at(hub.url, monkeypatch)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(work / "cache"))
        monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1024)  # what breaks off within a chunk is lost
        # Between two tries the client waits; not here.
        monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
        monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
        yield hub


@contextmanager
def serve_hub(folder: Path, name: str) -> Iterator[Hub]:
    """Serve a model's folder while the block runs."""
    hub = Hub(folder, name)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def _answer(self) -> None:
            path = self.path.partition("?")[0]
            if path != "/api/agent-harnesses":  # which the client asks once for itself
                hub.asked.append((self.command, path, self.headers.get("Range", "")))
            if hub.status:
                self._refuse(hub.status, hub.code)
            elif path.startswith(f"/api/models/{hub.name}/tree/"):
                sizes = hub.files().items()
                self._send_json([{"type": "file", "path": name, "size": size, "oid": name} for name, size in sizes])
            elif path.startswith(f"/api/models/{hub.name}"):
                files = [{"rfilename": name, "size": size} for name, size in hub.files().items()]
                self._send_json({"id": hub.name, "sha": COMMIT, "siblings": files, "tags": ["license:apache-2.0"]})
            elif path.startswith(f"/{hub.name}/resolve/"):
                self._send_file(path.removeprefix(f"/{hub.name}/resolve/").partition("/")[2])
            else:
                self._refuse(404, "RepoNotFound")

        def _refuse(self, status: int, code: str) -> None:
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("X-Error-Message", "no")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _send_json(self, document: object) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _send_file(self, name: str) -> None:
            file = hub.folder / name
            if not file.is_file():
                self._refuse(404, "EntryNotFound")
                return
            body = file.read_bytes()
            first = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")[0])
            self.send_response(206 if first else 200)
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Accept-Ranges", "bytes")
            if first:
                self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
            self.send_header("Content-Length", str(len(body) - first))
            self.end_headers()
            if self.command == "GET":
                rest = body[first:]
                sent = rest[: max(0, hub.cut_after)] if hub.cut_after and name == hub.only_cut else rest
                self.wfile.write(sent)
                self.close_connection = len(sent) < len(rest)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    return Handler
