from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import framecue
from framecue.library.state import FileState
from framecue.library.store.attempt import connect
from framecue.library.store.failures import Failures
from framecue.library.store.records import Failure
from framecue.video import READING

FAILURE = Failure(FileState(3, 1.5), "content", "no video stream")


def test_failures_are_noted_with_what_read_the_file(tmp_path: Path) -> None:
    failures = Failures(str(tmp_path), connect(str(tmp_path)))
    failures.note({"/b": FAILURE, "/a": replace(FAILURE, cause="sound", reason="it is " + os.fsdecode(b"\xe9"))})
    found = Failures(str(tmp_path), connect(str(tmp_path))).read()
    assert list(found) == ["/a", "/b"]
    assert found["/b"] == FAILURE
    assert (FAILURE.version, FAILURE.reading) == (framecue.__version__, READING)
    assert found["/a"].reason == "it is ?"
    failures.note({}, forget=["/b"])
    assert list(failures.read()) == ["/a"]


def test_a_note_holds_until_the_file_or_what_reads_it_changes() -> None:
    assert FAILURE.still_holds(FileState(3, 1.5))
    assert not FAILURE.still_holds(FileState(4, 1.5))
    assert not FAILURE.still_holds(FileState(3, 2.5))
    assert not replace(FAILURE, version="0.0.1").still_holds(FAILURE.state)
    assert not replace(FAILURE, reading=READING - 1).still_holds(FAILURE.state)
