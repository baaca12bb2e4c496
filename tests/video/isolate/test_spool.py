"""Copies of objects: one for all who read it, within a bound, and none that stays."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from framecue.errors import InputError, VideoError
from framecue.object_store.objects import ObjectTag
from framecue.user_cache import CACHE_VARIABLE
from framecue.video.isolate import spool
from framecue.video.isolate.spool import kept_spool, spooled
from framecue.video.limits import SPOOL_VARIABLE
from framecue.video.read.stored_object import StoredObject

KILOBYTE_GB = 1e-6


@dataclass(frozen=True)
class Counted(StoredObject):
    """An object that counts how often it is read."""

    reads: list[tuple[int, int]] = field(default_factory=list, compare=False)
    reason: str = field(default="", compare=False)

    def read(self, start: int, length: int) -> bytes:
        self.reads.append((start, length))
        if self.reason:
            raise VideoError(self.url, self.reason)
        return b"x" * length


def an_object(name: str = "a.mp4", *, size_bytes: int = 1000, reason: str = "") -> Counted:
    return Counted(f"s3://bucket/films/{name}", size_bytes, ObjectTag(f'"{name}"'), reason=reason)


def go_on() -> None:
    pass


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr(spool, "_PIECE_BYTES", 400)
    yield tmp_path / "spool"
    assert [path for path in (tmp_path / "spool").rglob("*") if path.name != ".lock"] == []


def test_it_is_there_while_it_is_read_under_the_object_s_name(folder: Path) -> None:
    stored = an_object("a b.mp4")
    with spooled(stored, go_on) as path:
        assert path is not None
        assert (path.name, path.read_bytes()) == ("a b.mp4", b"x" * 1000)
        assert path.is_relative_to(folder)
        assert os.name != "posix" or path.parent.stat().st_mode & 0o077 == 0
        with spooled(stored, go_on, makes=False) as other:
            assert other == path
    assert not path.exists()
    assert stored.reads == [(0, 400), (400, 400), (800, 200)]
    with spooled(stored, go_on, makes=False) as path:
        assert path is None


@pytest.mark.parametrize("name", ["x" * 250 + ".mp4", "\t.mp4"])
def test_a_name_that_no_file_can_have_keeps_its_ending(name: str) -> None:
    with spooled(an_object(name), go_on) as path:
        assert path is not None
        assert path.name == "object.mp4"


def test_several_who_want_it_at_once_share_one() -> None:
    stored, meeting = an_object(), threading.Barrier(4, timeout=60)

    def read(_: int) -> bytes:
        meeting.wait()
        with spooled(stored, go_on) as path:
            meeting.wait()
            assert path is not None
            return path.read_bytes()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(read, range(4))) == {b"x" * 1000}
    assert len(stored.reads) == 3


def test_a_run_keeps_what_has_room_and_lets_go_of_what_was_used_last() -> None:
    first, second, third = (an_object(name) for name in "abc")
    with kept_spool(2.5 * KILOBYTE_GB):
        for stored in (first, second, third, first, second):
            with spooled(stored, go_on) as path:
                assert path is not None
        # `second` went for `third`, and that for `second`: what came first is read through first again.
        assert [len(stored.reads) for stored in (first, second, third)] == [3, 6, 3]


def test_what_is_being_read_stays_and_others_get_no_copy(caplog: pytest.LogCaptureFixture) -> None:
    with kept_spool(2.5 * KILOBYTE_GB), ExitStack() as stack:
        for name in "ab":
            assert stack.enter_context(spooled(an_object(name), go_on)) is not None
        assert stack.enter_context(spooled(an_object("c"), go_on)) is None
    assert "s3://bucket/films/c is read by ranges, perhaps more than once: 1e-06 GB; FRAMECUE_SPOOL_GB" in caplog.text
    with spooled(an_object("c"), go_on) as path:
        assert path is not None


def test_the_smallest_bound_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SPOOL_VARIABLE, "0.0000005")
    with spooled(an_object(), go_on) as path:
        assert path is None
    with kept_spool(1), spooled(an_object(), go_on) as path:
        assert path is not None
        with kept_spool(0), spooled(an_object("b"), go_on) as other:
            assert other is None


def test_a_disk_that_is_nearly_full_gets_no_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(Path.cwd())
    monkeypatch.setattr(spool.shutil, "disk_usage", lambda _: usage._replace(free=(1 << 30) + 900))
    with kept_spool(), spooled(an_object(), go_on) as path:
        assert path is None


def test_a_disk_that_is_full_after_all_costs_the_copy(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", no_room)
    with kept_spool(), spooled(an_object(), go_on) as path:
        assert path is None
    assert "s3://bucket/films/a.mp4 is read by ranges: it cannot be copied (No space left on device)" in caplog.text


def test_what_cannot_be_fetched_leaves_nothing() -> None:
    stored = an_object(reason="access denied")
    with kept_spool():
        for _ in range(2):
            with pytest.raises(VideoError, match=r"^s3://bucket/films/a\.mp4: access denied"), spooled(stored, go_on):
                pass
    assert len(stored.reads) == 2


def test_a_download_that_nobody_waits_for_ends() -> None:
    stored = an_object()

    def give_up() -> None:
        if len(stored.reads) == 2:
            raise RuntimeError("closed")

    with pytest.raises(RuntimeError, match="closed"), spooled(stored, give_up):
        pass
    assert len(stored.reads) == 2


@pytest.mark.parametrize("given", ["much", "-1", "nan"])
def test_a_bound_that_is_none(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(SPOOL_VARIABLE, given)
    with pytest.raises(InputError, match=rf"FRAMECUE_SPOOL_GB is '{given}'; give a number"), kept_spool():
        pass
    with pytest.raises(InputError, match="spool_gb is -1; give a number of gigabytes"), kept_spool(-1):
        pass
