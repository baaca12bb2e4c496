"""Folders in object stores that are followed, alone and beside one on a disk: reports are waited for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from framecue.errors import InputError
from framecue.library import AddOptions, Library
from framecue.library.results import AddReport
from framecue.library.watching.watch import WatchOptions, check_paths, watch
from framecue.object_store.stores import PATIENCE_VARIABLE
from framecue.video.read.moments import Event, ReadOptions, read_moments
from framecue.video.read.stored_object import reachable
from support.object_server import Bucket, ObjectServer

PATIENCE_SECONDS = 60.0
SRT = b"1\n00:00:00,100 --> 00:00:00,900\nA walrus\n"


def read_moments_of_objects(path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator[Event]:
    with reachable(path) as file:
        yield from read_moments(file, options, is_wanted)


@pytest.fixture(autouse=True)
def readers_that_reach_stores(monkeypatch: pytest.MonkeyPatch, readers_of_this_process: None) -> None:
    monkeypatch.setattr(
        "framecue.library.indexing.runner.open_readers", lambda **options: nullcontext([read_moments_of_objects])
    )
    monkeypatch.setenv(PATIENCE_VARIABLE, "0")


class Told:
    """What following has told so far."""

    def __init__(self) -> None:
        self.reports: queue.Queue[AddReport | BaseException] = queue.Queue()
        self.notices: queue.Queue[str] = queue.Queue()

    def report(self) -> AddReport:
        """Return the next report of a run that did something; one may have begun when a store stopped to answer."""
        while True:
            report = self.any_report()
            if report.added or report.changed or report.removed or report.subtitles_updated:
                return report

    def any_report(self) -> AddReport:
        report = self.reports.get(timeout=PATIENCE_SECONDS)
        if isinstance(report, BaseException):
            raise report
        return report

    def notice(self) -> str:
        return self.notices.get(timeout=PATIENCE_SECONDS)


@contextmanager
def following(library: Library, *paths: str, poll_seconds: float = 0.1, prune: bool = False) -> Iterator[Told]:
    told, stop = Told(), threading.Event()
    options = WatchOptions(settle_seconds=0.2, poll_seconds=poll_seconds, add=AddOptions(prune=prune))

    def follow() -> None:
        try:
            watch(
                library,
                list(paths),
                options=options,
                stop_event=stop,
                on_report=told.reports.put,
                on_notice=told.notices.put,
            )
        except BaseException as error:
            told.reports.put(error)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


@pytest.fixture
def library(tmp_path: Path, colour_model) -> Library:
    return Library(tmp_path / "library.lance", model=colour_model)


def test_a_store_is_listed_again_and_again(library: Library, bucket: Bucket, clips: Path) -> None:
    first = bucket.put("v/red.mp4", clips / "red.mp4")
    with following(library, f"{bucket.url}//v/", prune=True) as told:
        assert told.report().added == 1
        assert told.notice() == f"an object store sends no events: {bucket.url}/v is listed every 0.1 seconds"
        second = bucket.put("v/deep/green.mp4", clips / "green.mp4")
        assert told.report().added == 1
        bucket.put("v/red.srt", SRT)
        assert told.report().subtitles_updated == 1
        bucket.put("v/red.mp4", clips / "blue.mp4")
        assert told.report().changed == 1
        bucket.delete("v/deep/green.mp4")
        assert told.report().removed == 1
    held = {file.path for file in library.info().files}
    assert first in held
    assert second not in held


def test_a_disk_and_a_store_at_once(library: Library, bucket: Bucket, clips: Path) -> None:
    bucket.put("v/red.mp4", clips / "red.mp4")
    bucket.put("x", b"1")
    folder = clips / "more"
    with following(library, str(folder), f"{bucket.url}/v") as told:
        # In one pass or in two: the one may have been still for longer than the other.
        while told.report().num_videos < 2:
            pass
        (clips / "green.mp4").rename(folder / "green.mp4")
        assert told.report().added == 1
        bucket.put("v/blue.mp4", clips / "blue.mp4")
        assert told.report().added == 1


def test_a_store_that_does_not_answer_has_lost_nothing(
    library: Library, bucket: Bucket, object_server: ObjectServer, clips: Path
) -> None:
    bucket.put("v/red.mp4", clips / "red.mp4")
    with following(library, f"{bucket.url}/v", prune=True) as told:
        assert told.report().added == 1
        assert "sends no events" in told.notice()
        object_server.fault("status", status=403, code="AccessDenied", times=None)
        notice = told.notice()
        assert notice.startswith(f"{bucket.url}/v: cannot be listed: access denied")
        assert notice.endswith("; waiting for it, and the library keeps what it holds of it")
        bucket.put("v/green.mp4", clips / "green.mp4")
        object_server.heal()
        assert told.notice() == f"{bucket.url}/v is there"
        report = told.report()
        assert (report.added, report.removed) == (1, 0)
    assert len(library.info().files) == 2


def test_a_folder_in_which_nothing_is_yet(library: Library, bucket: Bucket, clips: Path) -> None:
    bucket.put("readme.txt", b"1")
    with following(library, f"{bucket.url}/v") as told:
        assert told.any_report().added == 0
        bucket.put("v/red.mp4", clips / "red.mp4")
        assert told.report().added == 1


def test_what_cannot_be_followed_is_said_at_once(bucket: Bucket) -> None:
    with pytest.raises(InputError, match="there is no bucket 'no-such-bucket'"):
        check_paths(["s3://no-such-bucket/v"])
    with pytest.raises(InputError, match="download it"):
        check_paths(["https://example.org/v"])
    assert check_paths([f"{bucket.url}/v/"]) == [f"{bucket.url}/v"]
