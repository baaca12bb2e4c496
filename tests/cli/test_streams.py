from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from framecue.cli import streams

PROGRAM = [sys.executable, "-c", "import sys; from framecue.cli.main import main; sys.exit(main())"]


def program(*args: str, shell: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a shell line, in which {} stands for it."""
    line = shell.replace("{}", '"$@"')
    return subprocess.run(
        ["/bin/sh", "-c", line, "sh", *PROGRAM, *args],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **env},
        capture_output=True,
        check=False,
    )


needs_shell = pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")


@needs_shell
@pytest.mark.parametrize(
    ("shell", "code"),
    [
        ("{} >&-", 1),
        ("{} 2>&-", 0),
        ("{} <&-", 0),
        ("{} <&- >&- 2>&-", 1),
        ("{} >/dev/full", 1),
        ("{} >/dev/full 2>/dev/full", 1),
    ],
)
def test_streams_that_are_closed_or_full(shell: str, code: int) -> None:
    done = program("--version", shell=shell)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 1
    if code and "2>" not in shell:
        reason = b"standard output is closed" if ">&-" in shell else b"No space left on device"
        assert done.stderr == b"Error: cannot write the output: " + reason + b"\n"


@needs_shell
def test_a_closed_output_is_no_fault_where_nothing_is_printed(tmp_path: Path) -> None:
    done = program("moji-motion", str(tmp_path / "made"), "--clips", "1", shell="{} >&-")
    assert done.returncode == 0


@needs_shell
def test_a_reader_that_has_read_enough() -> None:
    done = program("--help", shell="{} | head -c 1")
    assert (done.stdout, done.stderr) == (b"U", b"")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "koi8-r", "utf-8"])
def test_every_text_can_be_written_in_every_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    streams.prepare_streams()
    print("0:40\u20130:45 \u2026 \u732b \U0001f600", flush=True)
    shown = written.getvalue().decode(encoding)
    if encoding == "utf-8":
        assert shown == "0:40\u20130:45 \u2026 \u732b \U0001f600\n"
    elif encoding == "ascii":
        assert shown == "0:40-0:45 ... \\u732b \\U0001f600\n"
    else:
        assert "\\u732b \\U0001f600" in shown


def test_what_a_locale_lacks_is_written_plainly() -> None:
    done = program("info", "/no\u2013where \u732b", shell="{}", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"Error: no library at /no-where \\u732b; make one with")


def test_an_input_that_was_read_before_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(b"one\ntwo\n"), encoding="utf-8")
    assert stream.readline() == "one\n"
    monkeypatch.setattr(sys, "stdin", stream)
    streams.prepare_streams()
    assert stream.readline() == "two\n"


def test_an_input_of_any_bytes_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"caf\xe9"), encoding="utf-8"))
    streams.prepare_streams()
    assert sys.stdin.read() == "caf\udce9"
