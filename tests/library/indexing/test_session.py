from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from framecue.errors import FramecueError, InputError
from framecue.library import AddOptions, Library, Query
from framecue.library.files.local import LOCAL_FILES
from framecue.library.indexing.metadata import read_metadata
from framecue.library.indexing.runner import EncodingTask, Runner, local_runner
from framecue.library.indexing.session import Hooks, Session
from framecue.library.search.query import VideoMoment
from framecue.library.store.kept import KeptStore
from framecue.library.store.lock import library_lock
from framecue.user_cache import CACHE_VARIABLE
from framecue.video import Segmentation
from support.colours import ColourEncoder, ColourOfEach
from support.far_films import make_long_film
from support.object_server import Bucket, ObjectServer
from support.subtitled import Track, write_subtitled


def test_a_plan_is_carried_out_with_what_it_is_given(tmp_path: Path, clips: Path, colour_model) -> None:
    uri = str(tmp_path / "l.lance")
    plan = Library(uri).plan(clips)
    done: list[float] = []
    session = Session(
        KeptStore(uri), lambda store: colour_model, lambda store, wanted: wanted or Segmentation(), files=LOCAL_FILES
    )
    with library_lock(uri):
        outcome = session.carry_out(
            plan,
            AddOptions(segmentation=Segmentation("whole")),
            read_metadata({plan.units[0].path: {"rating": 5}}, plan.seen, where="there"),
            Hooks(progress=lambda number, total: done.append(number)),
        )
    assert (outcome.added, outcome.encoded, done[-1]) == (4, 4, 4)
    library = Library(uri, model=colour_model)
    assert library.info().num_videos == 4
    rated = {hit.path for hit in library.search("red") if (hit.metadata or {}).get("rating") == 5}
    assert rated == {plan.units[0].path}


def test_a_model_is_asked_for_only_if_something_is_encoded(tmp_path: Path, clips: Path, colour_model) -> None:
    uri = str(tmp_path / "l.lance")
    Library(uri, model=colour_model).add(clips)
    (clips / "red.mp4").unlink()

    def none(store):
        raise FramecueError("no model is needed")

    session = Session(KeptStore(uri), none, lambda store, wanted: Segmentation(), files=LOCAL_FILES)
    own = read_metadata(None, frozenset(), where="there")
    with library_lock(uri):
        outcome = session.carry_out(Library(uri).plan(clips), AddOptions(prune=True), own, Hooks())
    assert (outcome.removed, outcome.encoded) == (1, 0)
    (clips / "new.mp4").write_bytes((clips / "blue.mp4").read_bytes() + b"\0")
    with library_lock(uri), pytest.raises(FramecueError, match="no model is needed"):
        session.carry_out(Library(uri).plan(clips), AddOptions(), own, Hooks())


def test_a_decoder_that_is_not_there_is_told_before_a_model_is_loaded(
    tmp_path: Path, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("framecue.library.indexing.gpu_use.find_spec", lambda name: None)

    def none(store):
        raise AssertionError("a model is loaded")

    uri = str(tmp_path / "l.lance")
    session = Session(KeptStore(uri), none, lambda store, wanted: Segmentation(), files=LOCAL_FILES)
    own = read_metadata(None, frozenset(), where="there")
    with library_lock(uri), pytest.raises(InputError, match="torchcodec"):
        session.carry_out(Library(uri).plan(clips), AddOptions(gpu_decode=True), own, Hooks())


def test_a_library_keeps_the_windows_it_was_made_with(tmp_path: Path, clips: Path) -> None:
    paths = sorted(clips.glob("*.mp4"))
    wanted = Segmentation("windows", 4.0, 2.0)
    for made_with, model in ((False, ColourEncoder()), (True, ColourOfEach())):
        uri = str(tmp_path / f"{made_with}.lance")
        Library(uri, model=model).add(paths[0], segmentation=wanted)
        # With an encoder of the other sort, and the same segmentation asked for.
        other = ColourEncoder() if made_with else ColourOfEach()
        Library(uri, model=other).add(paths[1:], segmentation=wanted)
        store = KeptStore(uri).open()
        assert (store.segmentation, store.segmentation.shares_frames) == (wanted, made_with)
        assert Library(uri).info().num_videos == len(paths)


def test_a_run_is_encoded_by_the_runner_that_it_is_given(tmp_path: Path, clips: Path, colour_model) -> None:
    tasks: list[EncodingTask] = []
    has_ended: list[bool] = []

    @contextmanager
    def elsewhere(task: EncodingTask) -> Iterator[Runner]:
        tasks.append(task)
        with local_runner(task) as runner:
            yield runner
        has_ended.append(True)

    library = Library(tmp_path / "l.lance", model=colour_model)
    wanted = Segmentation("windows", 1.0, 0.0)
    report = library.add(clips, segmentation=wanted, stall_seconds=7, max_cpu_seconds=8, runner=elsewhere)
    [task] = tasks
    assert (report.encoded, has_ended) == (4, [True])
    assert (task.encoder, task.segmentation, task.captions) == (colour_model, wanted, False)
    assert (task.stall_seconds, task.max_cpu_seconds, task.max_megapixels, task.gpu_tally) == (7, 8, None, None)
    assert {unit.path for unit in task.units} == {str(path) for path in clips.rglob("*.mp4")}
    # With nothing to encode, none is made.
    assert library.add(clips, runner=elsewhere).unchanged == 4
    assert len(tasks) == 1


@pytest.mark.isolated
def test_each_object_is_fetched_once_for_its_pictures_and_its_words(
    tmp_path: Path, bucket: Bucket, object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what comes later reads a part of it."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    track = Track(lines=((1000, 2000, "a word"),))
    films = {
        "a.mp4": make_long_film(tmp_path / "a.mp4", seconds=40),
        "b.mkv": write_subtitled(tmp_path / "b.mkv", track),
    }
    for name, film in films.items():
        bucket.put(f"films/{name}", film)
    library = Library(tmp_path / "l.lance", model=ColourEncoder())
    report = library.add(f"{bucket.url}/films", words_from=["subtitles"], segmentation=Segmentation("windows"))
    assert (report.added, report.encoded, report.skipped) == (2, 2, [])
    assert [text.text for text in library.words(f"{bucket.url}/films/b.mkv")] == ["a word"]
    for name, film in films.items():
        asked = object_server.requests("GET", key=name)
        assert sum(request.sent for request in asked) == film.stat().st_size
    assert [path.name for path in (tmp_path / "cache" / "spool").iterdir()] == [".lock"]
    object_server.forget_requests()
    hit = next(hit for hit in library.search("red", explain=True) if hit.path.endswith("a.mp4"))
    assert hit.path == f"{bucket.url}/films/a.mp4"
    assert hit.explanation is not None
    assert hit.explanation.frame is not None
    sent = sum(request.sent for request in object_server.requests("GET", key="a.mp4"))
    assert 0 < sent < films["a.mp4"].stat().st_size / 2
    # What a library holds of an object is not read again.
    object_server.forget_requests()
    example = VideoMoment(hit.path, hit.start_seconds + 1)
    assert library.search(Query(videos=[example]))[0].path == hit.path
    assert library.add(f"{bucket.url}/films").unchanged == 2
    assert object_server.requests("GET", key="a.mp4") == []
