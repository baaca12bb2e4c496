"""A process has a folder of its own, which goes when it ends, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from framecue.user_cache import CACHE_VARIABLE
from framecue.video.isolate.spool_folder import SpoolFolder

SCRIPT = """
import sys
from framecue.video.isolate.spool_folder import SpoolFolder
folder = SpoolFolder()
(folder.path / "copy").write_bytes(b"half a film")
print(folder.path, flush=True)
sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    return tmp_path


def start() -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_what_a_killed_process_left_is_removed_and_nothing_else(cache: Path) -> None:
    (killed, left), (living, kept) = start(), start()
    killed.send_signal(signal.SIGKILL)
    with killed:
        pass
    assert left.is_dir()
    folder = SpoolFolder()
    assert not left.exists()
    assert (kept / "copy").read_bytes() == b"half a film"
    with living:
        pass
    assert not kept.exists()
    folder.remove()
    assert [path.name for path in (cache / "spool").iterdir()] == [".lock"]


def test_without_a_cache_it_is_where_temporary_files_are(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, "relative")
    monkeypatch.setattr("tempfile.tempdir", str(cache))
    folder = SpoolFolder()
    assert folder.path.parent == cache
    folder.remove()
    assert not folder.path.exists()
