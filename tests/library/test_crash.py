"""Runs that are killed, that may not write, that lose their files, and that have to wait.

`tests/suites/processes/test_index_killed.py` kills them at many moments, also together with their readers, and
fills their disk.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from framecue.errors import LibraryError
from framecue.library import Library
from framecue.library.store.lock import library_lock
from support.index_runs import Run, contents, index_runs, num_commits, small_disk, wait_until

__all__ = ["small_disk"]

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see who is left")


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Run]]:
    with index_runs(tmp_path_factory.mktemp("output")) as start:
        yield start


def test_a_run_that_is_killed_keeps_what_it_has_and_the_next_one_finishes(
    start, tmp_path: Path, write_clip, colour_model
) -> None:
    folder, uri = tmp_path / "clips", tmp_path / "l.lance"
    for number in range(12):
        write_clip(folder / f"{number:02}.mp4", "red", seed=number)
    Library(tmp_path / "whole.lance", model=colour_model).add(folder)
    after = contents(tmp_path / "whole.lance")
    run = start(uri, folder)
    wait_until(lambda: num_commits(uri) > 3)
    assert run.kill(group=False)
    held = contents(uri)
    assert 0 < len(held) < 12
    assert held.items() <= after.items()
    code, err = start(uri, folder).wait()
    assert (code, f"{12 - len(held)} added" in err) == (0, True), err
    assert contents(uri) == after


def test_a_run_that_has_to_wait_says_so(start, tmp_path: Path, clips: Path) -> None:
    uri = tmp_path / "l.lance"
    with library_lock(str(uri)):
        run = start(uri, clips)
        wait_until(lambda: bool(run.err))
        assert run.err == f"waiting for another run that writes {uri}\n"
    assert run.wait()[0] == 0
    assert len(contents(uri)) == 4


def test_a_disk_that_may_only_be_read(small_disk: Path, tmp_path: Path, colour_model, clips: Path) -> None:
    Library(small_disk / "l.lance", model=colour_model).add(clips / "red.mp4")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for uri in (small_disk / "l.lance", small_disk / "new.lance"):
        library = Library(uri, model=colour_model)
        with pytest.raises(LibraryError, match="cannot be written: Read-only file system; check its folder's perm"):
            library.add(clips)
    library = Library(small_disk / "l.lance", model=colour_model)
    assert library.search("red", k=1)[0].path == str(clips / "red.mp4")
    assert library.add(clips / "red.mp4").unchanged == 1


def test_files_that_vanish_are_skipped(tmp_path: Path, colour_model, clips: Path) -> None:
    library = Library(tmp_path / "l.lance", model=colour_model)
    plan = library.plan(clips)
    (clips / "red.mp4").unlink()
    shutil.rmtree(clips / "more")
    report = library.add(plan)
    assert [(Path(item.path).name, item.reason) for item in report.skipped] == [
        ("red.mp4", "no such file"),
        ("yellow.mp4", "no such file"),
    ]
    assert report.added == 2
