"""Several servers on one library, in a folder and in an object store: each shows what anybody commits, at once."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.object_server import bucket, object_server, session_object_server
from support.server_process import ServerProcess, framecue, serve

__all__ = ["bucket", "object_server", "session_object_server"]

pytest.importorskip("fastapi", reason="the extra serve is not installed")

MODEL = ("--model", "moji-clip", "--adapter", "moji-prompt-switch")


def search(server: ServerProcess) -> Any:
    """Ask for anything; return the answer's document, or the problem's."""
    request = urllib.request.Request(
        f"{server.url}/api/search",
        json.dumps({"text": "a panda", "k": 20}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)


def found(server: ServerProcess) -> list[str]:
    """Return the names of all videos that a server finds."""
    document = search(server)
    assert "results" in document, document
    return sorted(Path(hit["path"]).name for hit in document["results"])


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four clips."""
    from framecue.datasets.moji_motion.files import draw_meanings, write_clips

    numpy = pytest.importorskip("numpy")
    drawn = list(draw_meanings("test", num_clips=4, rng=numpy.random.default_rng(3)))
    made = write_clips(tmp_path_factory.mktemp("clips"), drawn, seed=3, twins=False, overwrite=True)
    return sorted(Path(clip.video) for clip in made)


@pytest.fixture(params=["a folder", "an object store"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Callable[[], None]]:
    """A library's place, and what deletes all that is there."""
    if request.param == "a folder":
        return str(tmp_path / "videos.lance"), lambda: shutil.rmtree(tmp_path / "videos.lance")
    bucket = request.getfixturevalue("bucket")

    def delete() -> None:
        for key in bucket.keys():  # noqa: SIM118 (a method that asks the store)
            bucket.delete(key)

    return f"{bucket.url}/videos.lance", delete


@pytest.mark.slow
def test_each_server_shows_what_another_process_commits(
    place: tuple[str, Callable[[], None]], clips: list[Path]
) -> None:
    uri, delete = place
    names = [clip.name for clip in clips]
    framecue("index", clips[0], "--library", uri, *MODEL)
    with serve([uri]) as one, serve([uri]) as two:
        for server in (one, two):
            assert found(server) == names[:1]
        framecue("index", clips[1], clips[2], "--library", uri)
        for server in (one, two):
            assert found(server) == names[:3]
        framecue("optimize", "--library", uri)
        framecue("remove", clips[0], "--library", uri)
        for server in (one, two):
            assert found(server) == names[1:3]
        # Its first commits have the numbers of those that the servers know.
        delete()
        for server in (one, two):
            assert "no library" in json.dumps(search(server))
        framecue("index", clips[3], "--library", uri, *MODEL)
        for server in (one, two):
            assert found(server) == names[3:]
        framecue("index", clips[0], "--library", uri)
        for server in (one, two):
            assert found(server) == [names[0], names[3]]
            assert server.stop() == 0
    for server in (one, two):
        assert not [line for line in server.lines if "Traceback" in line]
