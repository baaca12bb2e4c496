"""Several servers on one library, in a folder and in an object store: each shows at once what anybody commits.

The server's own process keeps a library open, with caches; the test's process is the other one, which writes.
"""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framecue.library import Library
from support.object_server import Bucket
from support.server_process import ServerProcess, serve


def ask(server: ServerProcess, library: str) -> Any:
    """Ask a library of a server for anything; return the answer's document, or the problem's."""
    request = urllib.request.Request(
        f"{server.url}/api/search",
        json.dumps({"text": "a panda", "k": 20, "library": library}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)


def found(server: ServerProcess, library: str) -> list[str]:
    """Return the names of all videos that a library of a server has."""
    document = ask(server, library)
    assert "results" in document, document
    return sorted(Path(hit["path"]).name for hit in document["results"])


@pytest.mark.slow
def test_each_server_shows_what_another_process_commits(tmp_path: Path, bucket: Bucket) -> None:
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    from framecue.datasets.moji_motion.files import draw_meanings, write_clips
    from framecue.model import load_model

    drawn = list(draw_meanings("test", num_clips=4, rng=np.random.default_rng(3)))
    clips = sorted(str(clip.video) for clip in write_clips(tmp_path / "clips", drawn, seed=3, twins=False))
    names = [Path(clip).name for clip in clips]
    model = load_model("moji-clip", adapter="moji-prompt-switch")
    libraries = {name: Library(f"{place}/{name}.lance", model=model) for name, place in
                 {"local": tmp_path, "remote": bucket.url}.items()}  # fmt: skip
    uris = [library.uri for library in libraries.values()]

    def delete(name: str) -> None:
        if name == "local":
            shutil.rmtree(libraries[name].uri)
        for key in bucket.keys() if name == "remote" else ():
            bucket.delete(key)

    for library in libraries.values():
        library.add(clips[0])
    with serve(uris) as one, serve(uris) as two:
        for name, library in libraries.items():

            def all_find(*expected: str, name: str = name) -> None:
                assert [found(server, name) for server in (one, two)] == [sorted(expected)] * 2

            all_find(names[0])
            library.add(clips[1:3])
            all_find(*names[:3])
            # It drops the commits that the servers have open.
            library.optimize()
            library.remove(clips[0])
            all_find(*names[1:3])
            # The first commits of the next library have the numbers of those that the servers know.
            delete(name)
            for server in (one, two):
                assert "no library" in json.dumps(ask(server, name))
            library.add(clips[3])
            all_find(names[3])
            library.add(clips[0])
            all_find(names[0], names[3])
        assert [server.stop() for server in (one, two)] == [0, 0]
    for server in (one, two):
        assert not [line for line in server.lines if "Traceback" in line]
