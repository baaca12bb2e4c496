"""One run at a time: who waits, who goes first, and what a lock leaves behind."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from framecue.errors import LibraryError, LibraryNotFoundError
from framecue.library import Library
from framecue.library.store import Store
from framecue.library.store.lock import LOCK_FILE, library_lock
from framecue.library.store.table import TABLE
from support.object_server import Bucket

FINGERPRINT = {"backbone": "b", "embedding_dim": 3}


def in_thread(action) -> threading.Thread:
    thread = threading.Thread(target=action)
    thread.start()
    return thread


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_the_second_waits_and_is_told_so_once(tmp_path: Path, prefix: str) -> None:
    uri = f"{prefix}{tmp_path / 'l.lance'}"
    order: list[str] = []
    is_waiting = threading.Event()

    def second() -> None:
        with library_lock(uri, on_wait=lambda: (order.append("waits"), is_waiting.set())):
            order.append("second")

    with library_lock(uri, on_wait=lambda: order.append("never")):
        thread = in_thread(second)
        assert is_waiting.wait(30)
        order.append("first")
    thread.join(30)
    assert order == ["waits", "first", "second"]


def test_who_will_not_wait_is_told_what_to_do(tmp_path: Path) -> None:
    uri = str(tmp_path / "l.lance")
    with library_lock(uri):
        caught: list[LibraryError] = []

        def impatient() -> None:
            try:
                with library_lock(uri, wait_seconds=0.2):
                    pass
            except LibraryError as error:
                caught.append(error)

        in_thread(impatient).join(30)
    assert str(caught[0]) == (
        f"library {uri} is being written by another run, which did not end within 0.2 seconds; try again when it has"
    )


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    uri = str(tmp_path / "l.lance")
    script = (
        "import sys, time\n"
        f"sys.path[:] = {sys.path!r}\n"
        "from framecue.library.store.lock import library_lock\n"
        f"with library_lock({uri!r}):\n"
        "    print('locked', flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(LibraryError, match="being written by another run"), library_lock(uri, wait_seconds=0):
            pass
        other.kill()
    with library_lock(uri, wait_seconds=30):
        pass


def test_a_folder_made_for_the_lock_alone_goes_again(tmp_path: Path) -> None:
    uri = tmp_path / "some" / "where" / "l.lance"
    with library_lock(str(uri)):
        assert (uri / LOCK_FILE).is_file()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyError), library_lock(str(uri)):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_there_or_is_used_stays(tmp_path: Path) -> None:
    there, used = tmp_path / "there", tmp_path / "used"
    there.mkdir()
    with library_lock(str(there)):
        pass
    with library_lock(str(used)):
        Store.create(str(used), FINGERPRINT)
    assert Store.open(str(used)).num_rows() == 0
    with pytest.raises(LibraryNotFoundError):
        Store.open(str(there))  # the lock's file alone makes no library
    Store.create(str(there), FINGERPRINT)


def test_many_at_once_of_which_none_makes_anything(tmp_path: Path) -> None:
    uri, inside, most = str(tmp_path / "l.lance"), [0], [0]

    def use() -> None:
        for _ in range(20):
            with library_lock(uri):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    for thread in [in_thread(use) for _ in range(4)]:
        thread.join(60)
    assert most == [1]
    # One that found the folder of another leaves it, and that is no library.
    assert {path.name for path in tmp_path.rglob("*")} <= {"l.lance", LOCK_FILE}
    with pytest.raises(LibraryNotFoundError):
        Store.open(uri)


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LibraryError, match=r"cannot be written: .*; check its folder's permissions"):
        library_lock(str(tmp_path / "file" / "l.lance")).__enter__()


def test_a_link_to_nothing_is_no_place_for_a_library(tmp_path: Path) -> None:
    (tmp_path / "l.lance").symlink_to(tmp_path / "a disk that is away" / "l.lance")
    with pytest.raises(LibraryError, match="cannot be written: File exists"):
        library_lock(str(tmp_path / "l.lance")).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["l.lance"]


def test_a_folder_behind_a_link_to_nothing_is_not_tried_for_ever(tmp_path: Path) -> None:
    (tmp_path / "disk").symlink_to(tmp_path / "a disk that is away")
    with pytest.raises(LibraryError, match="cannot be written: File exists"):
        library_lock(str(tmp_path / "disk" / "l.lance")).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["disk"]


def test_a_folder_that_is_taken_away_meanwhile_does_not_keep_the_lock(tmp_path: Path) -> None:
    uri = tmp_path / "l.lance"
    for _ in range(2):
        with library_lock(str(uri), wait_seconds=0):
            shutil.rmtree(uri)
    assert list(tmp_path.iterdir()) == []


def test_object_stores_have_a_lease(bucket: Bucket) -> None:
    uri = f"{bucket.url}/l.lance"
    with library_lock(uri, wait_seconds=0):
        assert bucket.keys() == ["l.lance/.framecue.lease"]
        with pytest.raises(LibraryError, match="is being written by another run"), library_lock(uri, wait_seconds=0):
            pass
    with library_lock(uri, wait_seconds=0):
        pass


def leave_unfinished(uri: Path, state: str) -> None:
    """Leave what a run leaves that is killed while it makes a library."""
    uri.mkdir()
    if state != "only a folder":
        (uri / LOCK_FILE).touch()
    if state == "a table's folder":
        (uri / f"{TABLE}.lance").mkdir()
    if state == "no commit":
        Store.create(str(tmp := uri.parent / "other"), FINGERPRINT)
        (tmp / f"{TABLE}.lance").rename(uri / f"{TABLE}.lance")
        (manifest,) = (uri / f"{TABLE}.lance" / "_versions").glob("*.manifest")
        manifest.rename(f"{manifest}#1")


@pytest.mark.parametrize("state", ["only a folder", "the lock", "a table's folder", "no commit"])
def test_a_library_that_was_not_made_to_its_end_is_made_anew(
    tmp_path: Path, colour_model, clips: Path, state: str
) -> None:
    uri = tmp_path / "l.lance"
    leave_unfinished(uri, state)
    library = Library(uri, model=colour_model)
    assert not library.exists
    with pytest.raises(LibraryNotFoundError):
        library.info()
    assert library.add(clips).added == 4
    assert Library(uri, model=colour_model).search("red", k=1)[0].path == str(clips / "red.mp4")


def test_a_table_that_has_lost_its_commits_is_not_written_over(tmp_path: Path, colour_model, clips: Path) -> None:
    uri = tmp_path / "l.lance"
    Library(uri, model=colour_model).add(clips)
    for manifest in (uri / f"{TABLE}.lance" / "_versions").glob("*.manifest"):
        manifest.unlink()
    files = sorted(uri.rglob("*"))
    with pytest.raises(LibraryError, match="cannot be opened"):
        Library(uri, model=colour_model).add(clips)
    assert sorted(uri.rglob("*")) == files


def test_another_run_has_done_it_meanwhile(tmp_path: Path, make_model, clips: Path, write_clip) -> None:
    uri = tmp_path / "l.lance"
    late = Library(uri, model=make_model())
    plan = late.plan(clips)
    assert Library(uri, model=make_model()).add(clips).added == 4
    write_clip(clips / "red.mp4", "white")
    report = late.add(plan)
    # Its plan is from before: the file that was changed since has to be read, and has no second row.
    assert (report.added, report.changed, report.unchanged, report.num_videos, report.num_segments) == (0, 0, 4, 4, 4)
    report = late.add(clips)
    assert (report.changed, report.unchanged, report.num_segments) == (1, 3, 4)


def test_a_folder_that_cannot_be_made_is_not_tried_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As in /proc, where nothing is denied and nothing can be made.
    def nowhere(self: Path) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(self))

    monkeypatch.setattr(Path, "mkdir", nowhere)
    with (
        pytest.raises(LibraryError, match=r"l\.lance cannot be written: No such file or directory"),
        library_lock(str(tmp_path / "l.lance")),
    ):
        pass
