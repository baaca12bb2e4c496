"""Words, confidence and what comes after what, of videos in an object store that a cluster has read and heard."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import framecue
from framecue.datasets.moji_motion.grammar import caption
from framecue.library import InOrder, Library, Query
from framecue.library.store import Store
from support.object_server import Bucket
from support.ray_cluster import RayCluster
from support.shown_videos import SAID, ShownVideos, write_shown_videos
from support.spoken import SENTENCES, tiny_whisper, write_spoken_film

pytest.importorskip("ray", reason="the extra ray is not installed")
pytest.importorskip("rapidocr", reason="the extra screen-text is not installed")

MODEL, ADAPTER = "moji-clip", "moji-prompt-switch"
PATIENCE_SECONDS = 300
LISTENING = "ray::_RayWords.look"
"""What the process of an actor is called while it looks for words."""


def index(*words: str, while_it_runs: Callable[[subprocess.Popen[str]], None]) -> None:
    """Index with speech and text on the screen."""
    options = ("--model", MODEL, "--adapter", ADAPTER, "--speech-model", str(tiny_whisper()), "--speech-language", "en")
    command = [sys.executable, "-m", "framecue", "index", *words, *options, "--speech", "--screen-text"]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=os.environ)
    try:
        while_it_runs(run)
        _, said = run.communicate(timeout=PATIENCE_SECONDS)
    finally:
        run.kill()
    assert run.returncode == 0, said


def end_one_that_listens(run: subprocess.Popen[str]) -> None:
    """Kill one actor while it looks for words; this machine's processes are the suite's own."""
    until = time.monotonic() + PATIENCE_SECONDS
    while run.poll() is None and time.monotonic() < until:
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if place.read_bytes().startswith(LISTENING.encode()):
                    os.kill(int(place.parent.name), signal.SIGKILL)
                    return
            except OSError:  # it has just ended
                continue
        time.sleep(0.02)
    raise AssertionError("no actor looked for words")


def lines(uri: str) -> dict[str, list[object]]:
    store = Store.open(uri)
    return {held.video_id: list(store.timed_texts(held.video_id)) for held in store.held().values()}


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> ShownVideos:
    folder = tmp_path_factory.mktemp("shown") / "videos"
    folder.mkdir()
    shown = write_shown_videos(folder, num_clips=3)
    write_spoken_film(folder / "spoken.mp4")
    return shown


@pytest.fixture(scope="module")
def local(videos: ShownVideos, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The library that one machine makes of them."""
    model = framecue.load_model(MODEL, adapter=ADAPTER, device="cpu")
    library = Library(tmp_path_factory.mktemp("local") / "videos.lance", model=model)
    report = library.add(videos.folder, speech=str(tiny_whisper()), speech_language="en", screen_text=True)
    assert (report.skipped, report.words_failed, report.words_left_out) == ([], [], {})
    return library


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE_SECONDS)
def test_what_is_said_and_shown_is_found_as_on_one_machine(
    ray_cluster: RayCluster, bucket: Bucket, videos: ShownVideos, local: Library
) -> None:
    for path in sorted(path for path in videos.folder.rglob("*") if path.is_file()):
        bucket.put(f"videos/{path.relative_to(videos.folder).as_posix()}", path)
    here, there = local.uri, f"{bucket.url}/videos.lance"
    cluster = ("--ray", ray_cluster.address, "--ray-workers", "2")
    index(f"{bucket.url}/videos", "--library", there, *cluster, while_it_runs=end_one_that_listens)
    # The same words with the same times, of the same contents; an actor was lost meanwhile.
    assert lines(there) == lines(here)
    assert Store.open(there).words_notes.done().keys() == Store.open(here).words_notes.done().keys()

    stored = Library(there, model=local._model)
    start, end, _ = SENTENCES[0]
    (hit,) = stored.search(Query.parse('said:"the mortgage"'), k=9)
    assert hit.path == f"{bucket.url}/videos/spoken.mp4"
    assert start < hit.start_seconds < hit.end_seconds < end
    # By a subtitle file that lies beside its film, which the driver read.
    assert stored.search(Query.parse(f'said:"{SAID[1][2]}"'))[0].path == f"{bucket.url}/videos/film.mp4"
    assert stored.search(Query.parse('written:"houses for sale"'))[0].path.endswith("/spoken.mp4")
    # What is seen, and how sure it is (in another precision, perhaps); then one thing after another.
    for query in (caption(videos.old_meaning, np.random.default_rng(0)), "a dog plays the piano"):
        seen, as_here = stored.search(query, k=3), local.search(query, k=3)
        assert [Path(each.path).name for each in seen] == [Path(each.path).name for each in as_here]
        assert [each.confidence for each in seen] == pytest.approx([each.confidence for each in as_here], abs=0.02)
    parts = [event.caption for event in videos.events[:2]]
    (first,), (as_here,) = (library.search(InOrder(parts), k=1) for library in (stored, local))
    assert (Path(first.path).name, first.start_seconds, first.end_seconds) == (
        "film.mp4",
        as_here.start_seconds,
        as_here.end_seconds,
    )
    # And there is nothing left to do, there or here.
    report = stored.add(f"{bucket.url}/videos")
    assert (report.encoded, report.words) == (0, [])
