"""A forked decoding process is, to whoever asks it, one that was started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from framecue.errors import VideoError
from framecue.video.isolate import process as decoding
from framecue.video.isolate.isolated import IsolatedReader
from framecue.video.limits import STALL_SECONDS
from framecue.video.read.budget import Limits
from support.colours import write_clip

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="they are started elsewhere")


@pytest.fixture
def red(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "red.mp4", "red")


def is_forked(reader: IsolatedReader) -> bool:
    assert reader._child is not None
    return type(reader._child._process).__module__ == "support.forked_decoders"


def test_it_reads_refuses_and_ends_as_one_that_was_started(red: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with IsolatedReader() as reader:
        forked = reader.condition(red)
        assert is_forked(reader)
        child = reader._child._process
        assert child.pid != os.getpid()
        assert child.poll() is None
    assert child.wait(timeout=5) == child.poll() == -signal.SIGKILL
    monkeypatch.setattr(decoding, "subprocess", subprocess)
    with IsolatedReader() as reader:
        assert reader.condition(red) == forked
        assert not is_forked(reader)


@pytest.mark.parametrize("ended_by", [signal.SIGKILL, signal.SIGSEGV])
def test_how_it_ended_is_told(red: Path, ended_by: signal.Signals) -> None:
    process = decoding.DecodingProcess(None, None, Limits(None, None), STALL_SECONDS)
    process.begin()
    os.kill(process._process.pid, ended_by)
    with pytest.raises(decoding.LostError, match=ended_by.name):
        process.receive()
    assert process._process.poll() == -ended_by
    process.end()


def test_it_has_the_folder_of_whoever_asks_and_files_of_its_own(
    red: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with IsolatedReader() as reader:
        assert reader.probe("red.mp4").duration_seconds == 1
        place = Path(f"/proc/{reader._child._process.pid}")
        assert (place / "cwd").resolve() == tmp_path
        # Files that are open are its own: pipes, and where it writes nothing.
        names = {str(file.readlink()).split(":")[0] for file in (place / "fd").iterdir()}
        assert names <= {"pipe", os.devnull}


def test_another_program_is_started(red: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import sys; sys.path[:] = sys.argv[1:]\n"
        "from framecue.video.isolate import serve\n"
        "serve.main(lambda question, decide: 1 / 0)"
    )
    monkeypatch.setattr(decoding, "_BOOTSTRAP", script)
    with IsolatedReader() as reader, pytest.raises(VideoError, match="ZeroDivisionError"):
        reader.probe(red)
