"""The Dockerfile's steps, carried out by an ordinary user in a new environment, and the service that comes of them.

No container engine is needed, and what it would do beyond the steps is not tested: the image that it begins with, and
the making of a user. Everything is downloaded and installed anew, 2 GB, so it has to be asked for:

    FRAMECUE_CONTAINER_STEPS=1 make serving TESTS=tests/suites/serving/test_container_steps.py

FRAMECUE_TORCH_FROM is the build argument TORCH_FROM: what tells uv where PyTorch is, such as
`--no-index --find-links FOLDER`.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framecue.video import write_video
from support.container import ROOT, is_sent, read_stages, words_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        not os.environ.get("FRAMECUE_CONTAINER_STEPS"),
        reason="it installs everything anew, in minutes and 2 GB: FRAMECUE_CONTAINER_STEPS=1 asks for it",
    ),
    pytest.mark.skipif(sys.platform != "linux", reason="the container is one of Linux"),
]

IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8")
BUILD, FINAL = read_stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))
TOKEN = "0123456789abcdef-a-token"
NOBODY = 65534


@dataclass(frozen=True)
class Place:
    """A folder that stands for the root of the container.

    Attributes:
        root: the folder; the ordinary user may write nowhere else.
        variables: of the environment in which steps are carried out.
    """

    root: Path
    variables: Mapping[str, str]

    def within(self, text: str) -> str:
        """Return a text whose absolute paths lie in the folder."""
        return re.sub(r"(?<![\w./$\"'])/(opt|src|library|cache)\b", rf"{self.root}/\1", text)

    def start(self, words: list[str] | str, **more: str) -> subprocess.Popen[str]:
        """Start a program as the ordinary user."""
        return _start(words, cwd=self.root / "src", env={**self.variables, **more})

    def call(self, words: list[str] | str, **more: str) -> str:
        """Run a program as the ordinary user, and return what it prints."""
        with self.start(words, **more) as program:
            out, _ = program.communicate()
        assert program.returncode == 0, out
        return out


@pytest.fixture(scope="module")
def built() -> Iterator[Place]:
    """What the steps of the first stage have made, in which nothing can be written any more."""
    # pytest's own folders can be entered by their owner alone.
    root = Path(tempfile.mkdtemp(prefix="framecue-container-"))
    root.chmod(0o755)
    try:
        for name in ("opt", "src", "library", "cache", "bin", "home", "tmp"):
            (root / name).mkdir()
        (root / "bin" / "python").symlink_to(_python())
        kept = {name: value for name, value in os.environ.items() if re.match(r"(PIP_|.*_proxy$|SSL_|REQUESTS_)", name)}
        arguments = {
            name: shlex.split(value)[0]
            for name, _, value in (rest.partition("=") for rest in BUILD.every("ARG"))
            if value
        }
        torch_from = os.environ.get("FRAMECUE_TORCH_FROM")
        place = Place(
            root,
            {
                **kept,
                **BUILD.environment(),
                **arguments,
                **({"TORCH_FROM": torch_from} if torch_from else {}),
                "PATH": f"{root / 'bin'}:/usr/local/bin:/usr/bin:/bin",
                "HOME": str(root / "home"),
                "TMPDIR": str(root / "tmp"),
            },
        )
        _own(root)
        for instruction, rest in BUILD.steps:
            if instruction == "COPY":
                *sources, target = rest.split()
                _copy(sources, root / "src" / target)
                _own(root / "src")
            elif instruction == "RUN":
                place.call(place.within(rest))
        # Neither pip's leavings nor the sources are in the image.
        shutil.rmtree(root / "home")
        for path in (root / "src").iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        subprocess.run(["chmod", "-R", "a-w", root / "opt"], check=True)
        environment = {name: place.within(value) for name, value in FINAL.environment().items()}
        path = environment.pop("PATH").replace("$PATH", "/usr/bin:/bin")
        yield Place(root, {**environment, "PATH": path, "TMPDIR": str(root / "tmp")})
    finally:
        subprocess.run(["chmod", "-R", "u+w", root / "opt"], check=True)
        shutil.rmtree(root)


def _python() -> str:
    """Return an interpreter that the ordinary user may run; one in somebody's home folder is none."""
    own = str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())
    others = [shutil.which(f"python3.{minor}", path="/usr/local/bin:/usr/bin") for minor in range(14, 9, -1)]
    for python in filter(None, [own, *others]):
        with _start([python, "-c", "import ensurepip, venv"], cwd="/", env={}) as tried:
            tried.communicate()
        if tried.returncode == 0:
            return python
    pytest.skip("no interpreter with venv is here that an ordinary user may run")


def _start(words: list[str] | str, **more: Any) -> subprocess.Popen[str]:
    """Start a program as an ordinary user."""
    is_root = os.geteuid() == 0
    other: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if is_root else {}
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    try:
        return subprocess.Popen(words, shell=isinstance(words, str), **streams, **other, **more)
    except PermissionError:
        return subprocess.Popen(["false"])


def _own(folder: Path) -> None:
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", folder], check=True)


def _copy(sources: list[str], target: Path) -> None:
    """Copy what is sent of some files and folders, as COPY does."""
    for source in sources:
        path = ROOT / source
        for file in [path] if path.is_file() else path.rglob("*"):
            name = file.relative_to(ROOT).as_posix()
            if file.is_file() and is_sent(name, IGNORED):
                place = target / (file.relative_to(path) if path.is_dir() else file.name)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)


def test_what_the_extras_bring_is_there_and_torch_has_no_cuda(built: Place) -> None:
    packages = "fastapi, faster_whisper, mcp, opentimelineio, prometheus_client, rapidocr, uvicorn"
    assert (
        built.call(["python", "-c", f"import {packages}, torch; print(torch.version.cuda)"]).splitlines()[-1] == "None"
    )
    # The environment stands for a root that is read-only.
    refused = built.call("touch /opt/framecue/bin/x 2>&1 || true".replace("/opt", f"{built.root}/opt"))
    assert "Permission denied" in refused


def test_it_indexes_serves_and_is_healthy_where_only_the_volumes_can_be_written(built: Place) -> None:
    videos = built.root / "videos"
    videos.mkdir()
    write_video(videos / "grey.mp4", [np.full((64, 64, 3), 128, np.uint8)] * 16, frames_per_second=8)
    built.call(["framecue", "index", str(videos), "--model", "moji-clip", "--yes"])
    assert (built.root / "library" / "videos.lance").is_dir()
    words = [*words_of(FINAL.every("ENTRYPOINT")[0]), *words_of(FINAL.every("CMD")[0]), "--port", "0"]
    server = built.start(words, FRAMECUE_TOKEN=TOKEN)
    assert server.stdout is not None
    try:
        found = next(filter(None, (re.search(r"http://[\w.]+:(\d+)/", line) for line in server.stdout)))
        port = found[1]
        check = [word.replace(":8000", f":{port}") for word in words_of(FINAL.every("HEALTHCHECK")[0].split("CMD ")[1])]

        def is_healthy() -> bool:
            with built.start(check) as program:
                program.communicate()
            return program.returncode == 0

        _wait_for(is_healthy)
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/search",
            data=json.dumps({"text": "grey"}).encode(),
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            assert len(json.load(answer)["results"]) == 1
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as page:
            assert b"<!doctype html>" in page.read()[:200].lower()
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)
    assert server.returncode == 0


def _wait_for(is_so: Callable[[], bool], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.2)
