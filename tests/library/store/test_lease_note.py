"""What stands in a lease object."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from framecue.library.store.lease_note import Holder, LeaseNote

NOTE = LeaseNote("a token", 3, 30.0, Holder("host", 17, "kernel", "2026-11-26T12:00:00+00:00"))


def test_it_is_read_as_it_was_written() -> None:
    assert LeaseNote.from_bytes(NOTE.to_bytes()) == NOTE
    assert str(NOTE.holder) == "process 17 on host, since 2026-11-26T12:00:00+00:00"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"3",
        b"{}",
        NOTE.to_bytes().replace(b'lease": 1', b'lease": 2'),
        NOTE.to_bytes().replace(b"17", b'"no number"'),
    ],
)
def test_another_object_is_no_lease(content: bytes) -> None:
    assert LeaseNote.from_bytes(content) is None


def test_a_holder_on_this_machine_that_has_ended_is_gone() -> None:
    here = Holder.this_process()
    assert not here.is_gone()
    if not here.kernel:
        pytest.skip("this system does not tell its processes' numbering from another's")
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    assert replace(here, process=ended.pid).is_gone()
    assert not replace(here, process=ended.pid, kernel="another").is_gone()
    assert not replace(here, process=ended.pid, kernel="").is_gone()
