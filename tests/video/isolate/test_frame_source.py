"""Frames from other processes: as from this one, for any number of files, threads and processes."""

import multiprocessing
import os
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from framecue.errors import FramecueError, InputError, VideoError
from framecue.video import FrameSampling, IsolatedFrameSource, PlainFrameSource

SAMPLING = FrameSampling(4)

CRASHING = """
import sys; sys.path[:] = sys.argv[1:]
import ctypes
from pathlib import Path
from framecue.video.isolate import serve

def answer(question, decide):
    if Path(question.path).name.startswith("crash"):
        ctypes.string_at(0)
    yield from question.answer(decide)

serve.main(answer)
"""


@pytest.fixture
def films(videos):
    paths = [videos.folder / f"{number}.mp4" for number in range(6)]
    for number, path in enumerate(paths):
        videos.encode(path, [videos.grey_frame(number * 8 + step) for step in range(8)])
    return paths


def first_number(videos, source, path):
    return videos.numbers(source.read_frames(path, SAMPLING).pixels)[0] // 8


def test_what_it_gives_is_what_the_plain_one_gives(films):
    plain = PlainFrameSource()
    with IsolatedFrameSource() as source:
        for path in films[:2]:
            for options in ({}, {"start_seconds": 0.2, "end_seconds": 0.6, "short_side": 16}):
                one, other = source.read_frames(path, SAMPLING, **options), plain.read_frames(path, SAMPLING, **options)
                np.testing.assert_array_equal(one.pixels, other.pixels)
                np.testing.assert_array_equal(one.times_seconds, other.times_seconds)
            assert source.probe(path) == plain.probe(path)
        draws = [np.random.default_rng(3) for _ in range(2)]
        one, other = (s.read_frames(films[0], SAMPLING, rng=r) for s, r in zip((source, plain), draws, strict=True))
        np.testing.assert_array_equal(one.pixels, other.pixels)


def test_no_process_is_started_before_a_file_is_read(films, monkeypatch):
    started = []
    from framecue.video.isolate import asking

    process = asking.DecodingProcess
    monkeypatch.setattr(asking, "DecodingProcess", lambda *args: started.append(1) or process(*args))
    with IsolatedFrameSource(num_processes=3) as source:
        assert not started
        for path in films:
            source.read_frames(path, SAMPLING)
        assert len(started) == 1  # no more than are used at once


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_a_crash_costs_one_file(videos, films, monkeypatch):
    monkeypatch.setattr("framecue.video.isolate.process._BOOTSTRAP", CRASHING)
    films[1].rename(videos.folder / "crash.mp4")
    with IsolatedFrameSource() as source:
        assert first_number(videos, source, films[0]) == 0
        with pytest.raises(VideoError, match=r"crash\.mp4: the decoder crashed on this file \(SIGSEGV\)"):
            source.read_frames(videos.folder / "crash.mp4", SAMPLING)
        assert first_number(videos, source, films[2]) == 2


@pytest.mark.parametrize("num_processes", [1, 2])
def test_threads_share_it(videos, films, num_processes):
    with IsolatedFrameSource(num_processes=num_processes) as source, ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda path: first_number(videos, source, path), films * 2)) == [*range(6)] * 2


def test_it_travels_and_has_processes_of_its_own_there(videos, films):
    with IsolatedFrameSource(stall_seconds=50) as source:
        source.read_frames(films[0], SAMPLING)
        with pickle.loads(pickle.dumps(source)) as other:
            assert first_number(videos, other, films[3]) == 3
        assert first_number(videos, source, films[4]) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="needs a fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # threads and a fork, from Python 3.12 on
def test_a_forked_process_does_not_take_this_ones_frames(videos, films):
    context = multiprocessing.get_context("fork")
    with IsolatedFrameSource() as source:
        source.read_frames(films[0], SAMPLING)
        found = context.Queue()

        def read():
            found.put([first_number(videos, source, films[number]) for number in (1, 2, 3)])
            source.close()

        forked = context.Process(target=read)
        forked.start()
        mine = [first_number(videos, source, films[number]) for number in (3, 4, 5)]
        assert found.get(timeout=60) == [1, 2, 3]
        assert mine == [3, 4, 5]
        forked.join(60)
        assert forked.exitcode == 0
        assert first_number(videos, source, films[5]) == 5


def test_a_closed_one_reads_nothing(films):
    before = threading.enumerate()
    source = IsolatedFrameSource(num_processes=2)
    source.read_frames(films[0], SAMPLING)
    source.close()
    source.close()
    with pytest.raises(RuntimeError, match="closed"):
        source.read_frames(films[0], SAMPLING)
    assert not [thread for thread in threading.enumerate() if thread not in before and "framecue-" in thread.name]


def test_options_that_make_no_sense(monkeypatch, films):
    for options in ({"num_processes": 0}, {"stall_seconds": 0}, {"memory_bytes": 0}):
        with pytest.raises(InputError, match=next(iter(options))):
            IsolatedFrameSource(**options)
    monkeypatch.setattr("framecue.video.isolate.process._BOOTSTRAP", "raise SystemExit('not today')")
    with IsolatedFrameSource() as source, pytest.raises(FramecueError, match="cannot be started: not today") as caught:
        source.read_frames(films[0], SAMPLING)
    assert not isinstance(caught.value, VideoError)
