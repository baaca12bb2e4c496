"""Reading in a process of its own: the same as without, and whatever that process does costs one file."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framecue.errors import FramecueError, InputError, VideoError
from framecue.video import Content, FrameSampling, IsolatedReader, Moment, Progress, ReadOptions, read_moments
from framecue.video.isolate import asking, process
from framecue.video.isolate.process import default_memory_bytes

OPTIONS = ReadOptions(FrameSampling(4))
SCRIPT = "import sys, runpy; sys.path[:] = sys.argv[2:]; runpy.run_path(sys.argv[1], run_name='__main__')"
MISBEHAVING = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent / "misbehaving.py"), *sys.path]

posix = pytest.mark.skipif(os.name != "posix", reason="needs signals")


def everything(reader, path, is_wanted=lambda video_id: True):
    return [event for event in reader.read(str(path), OPTIONS, is_wanted) if not isinstance(event, Progress)]


def whoami(reader):
    """The number of the process, and how many files it has read."""
    _, moment = everything(reader, "whoami.mp4")
    return int(moment.start_seconds), int(moment.end_seconds)


def is_alive(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture(scope="module")
def reader():
    with IsolatedReader(command=MISBEHAVING) as reader:
        yield reader


@pytest.fixture
def films(videos):
    noise = np.random.default_rng(0).integers(0, 255, (20, 48, 64, 3), dtype=np.uint8)
    for name, options in {"a.mp4": {}, "b.mkv": {}, "c.avi": {"codec": "mpeg4"}}.items():
        videos.encode(videos.folder / name, list(noise), **options)
    Image.fromarray(noise[0]).save(videos.folder / "d.png")
    (videos.folder / "e.mp4").write_text("no video" * 100)
    return sorted(videos.folder.iterdir())


def outcome(read, path):
    try:
        return [event for event in read(str(path), OPTIONS, lambda _: True) if not isinstance(event, Progress)]
    except VideoError as error:
        return str(error)


def test_what_is_read_is_what_read_moments_gives(films):
    with IsolatedReader() as reader:
        for path in films:
            here, there = outcome(read_moments, path), outcome(reader.read, path)
            if isinstance(here, str):
                assert there == here
                continue
            assert [type(event) for event in there] == [type(event) for event in here] == [Content, Moment]
            for one, other in zip(here, there, strict=True):
                if isinstance(one, Content):
                    assert other == one
                    continue
                assert (other.start_seconds, other.end_seconds) == (one.start_seconds, one.end_seconds)
                assert other.thumbnail == one.thumbnail
                np.testing.assert_array_equal(other.pixels, one.pixels)
                assert other.pixels.dtype == np.uint8
                assert other.pixels.flags.writeable


def test_what_is_not_wanted_is_not_read(reader):
    asked = []

    def is_wanted(video_id):
        asked.append((video_id, threading.get_ident()))
        return False

    assert everything(reader, "it.mp4", is_wanted) == [Content("id of it.mp4", False, 3.0, 3)]
    assert asked == [("id of it.mp4", threading.get_ident())]


def test_all_files_are_read_by_one_process(reader):
    process_id, num_read = whoami(reader)
    assert whoami(reader) == (process_id, num_read + 1)


@posix
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("segfault-later.mp4", r"the decoder crashed on this file \(SIGSEGV\): .*"),
        ("segfault-first.mp4", r"the decoder crashed on this file \(SIGSEGV\): .*"),
        ("abort-first.mp4", r"the decoder crashed on this file \(SIGABRT\): .*"),
        ("kill-first.mp4", r"the decoder was killed \(SIGKILL\) while it read this file, .* runs out of memory"),
        ("user-first.mp4", r"the decoder was ended from outside \(SIGUSR1\) while it read this file; index it again"),
        ("exit-later.mp4", r"the decoder crashed on this file \(exit code 3\): .*"),
        (
            "defect-first.mp4",
            r"a defect in framecue, .*: ZeroDivisionError: one and a half in misbehaving.py, line \d+",
        ),
    ],
)
def test_what_ends_the_process_costs_one_file(reader, name, reason):
    before, _ = whoami(reader)
    got = []
    with pytest.raises(VideoError, match=f"^{name}: {reason}$") as caught:
        got.extend(reader.read(name, OPTIONS, lambda _: True))
    assert "\n" not in str(caught.value)
    # A second process tried it from the beginning, and what was given already was not given again.
    assert [type(event) for event in got] == ([] if "first" in name else [Content, Moment])
    after, num_read = whoami(reader)
    assert (after != before, num_read) == (True, 1)
    assert not is_alive(before)


@posix
@pytest.mark.parametrize("deed", ["term", "hangup"])
def test_what_asks_all_processes_to_end_is_for_the_other_side_to_answer(reader, deed):
    before, _ = whoami(reader)
    assert len(everything(reader, f"{deed}-later.mp4")) == 4
    assert whoami(reader)[0] == before


@posix
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGUSR1])
def test_a_process_that_is_ended_from_outside_is_replaced_and_its_file_read(reader, number):
    before, _ = whoami(reader)

    def kill(video_id):
        os.kill(before, number)
        return True

    assert [type(event) for event in everything(reader, "it.mp4", kill)] == [Content, Moment, Moment, Moment]
    assert whoami(reader)[0] != before


@posix
def test_a_process_that_is_ended_while_it_starts_is_started_again(tmp_path, monkeypatch):
    monkeypatch.setattr(asking, "_SECONDS_BETWEEN_STARTS", 0.01)
    first = tmp_path / "first"
    script = (
        "import os, pathlib, signal, sys\n"
        f"first = pathlib.Path({str(first)!r})\n"
        "if not first.exists():\n"
        "    first.touch()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"os.execv({MISBEHAVING[0]!r}, {MISBEHAVING!r})\n"
    )
    with IsolatedReader(command=[sys.executable, "-c", script]) as reader:
        assert len(everything(reader, "it.mp4")) == 4


@posix
def test_a_process_that_is_always_ended_while_it_starts_is_told_as_that(monkeypatch):
    monkeypatch.setattr(asking, "_SECONDS_BETWEEN_STARTS", 0.01)
    command = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    says = r"that decodes videos ended while it started \(SIGKILL\), 3 times in a row: .*; run it again later"
    with IsolatedReader(command=command) as reader, pytest.raises(FramecueError, match=says) as caught:
        everything(reader, "it.mp4")
    assert not isinstance(caught.value, VideoError)


@posix
def test_a_file_is_not_blamed_for_what_another_did(reader):
    before, _ = whoami(reader)
    assert len(everything(reader, "poison.mp4")) == 4
    asked = []
    events = everything(reader, "innocent.mp4", lambda video_id: asked.append(video_id) or True)
    assert [type(event) for event in events] == [Content, Moment, Moment, Moment]
    assert asked == ["id of innocent.mp4"]
    assert whoami(reader)[0] != before


@posix
@pytest.mark.parametrize("name", ["busy-first.mp4", "busy-later.mp4", "stuck-later.mp4"])
def test_a_file_that_takes_too_much_time_of_the_processor_is_given_up(name):
    with IsolatedReader(command=MISBEHAVING, max_cpu_seconds=0.4) as reader:
        whoami(reader)
        reason = r"reading it took more than 0.4 seconds of processor time, .*; max_cpu_seconds allows more"
        with pytest.raises(VideoError, match=reason):
            everything(reader, name)
        # The next file has all of its time again.
        assert len(everything(reader, "innocent.mp4")) == 4


def test_a_process_that_hangs_is_ended(videos):
    with IsolatedReader(command=MISBEHAVING, stall_seconds=0.5) as reader:
        before, _ = whoami(reader)
        events = reader.read("hang-later.mp4", OPTIONS, lambda _: True)
        assert isinstance(next(events), Content)
        assert isinstance(next(events), Moment)
        with pytest.raises(VideoError, match=r"nothing came of it for 0.5 seconds.*; stall_seconds allows more"):
            next(events)
        assert whoami(reader)[0] != before


def test_signs_of_life_are_enough(videos):
    with IsolatedReader(command=MISBEHAVING, stall_seconds=0.75) as reader:
        events = list(reader.read("slow-first.mp4", OPTIONS, lambda _: True))
        assert isinstance(events[0], Content)
        events = list(reader.read("slow-later.mp4", OPTIONS, lambda _: True))
        assert Progress() in events


def test_time_in_which_nobody_waits_does_not_count(videos):
    with IsolatedReader(command=MISBEHAVING, stall_seconds=0.3) as reader:
        events = reader.read("it.mp4", OPTIONS, lambda _: time.sleep(0.6) or True)
        assert isinstance(next(events), Content)
        time.sleep(0.6)
        assert len(list(events)) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="no limit elsewhere")
def test_memory_is_bounded():
    with IsolatedReader(command=MISBEHAVING, memory_bytes=512 << 20) as reader:
        with pytest.raises(VideoError, match=r"takes more memory than the 0\.5 GB .*its pictures are too large"):
            everything(reader, "memory-later.mp4")
        assert whoami(reader)[1] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="no limit elsewhere")
def test_a_picture_of_absurd_size_is_refused(videos):
    path = videos.folder / "huge.png"
    Image.new("1", (14_000, 14_000)).save(path)  # a file of some kilobytes, 588 MB as RGB
    with IsolatedReader(memory_bytes=512 << 20) as reader:
        with pytest.raises(VideoError, match="memory"):
            everything(reader, path)
        videos.encode(videos.folder / "good.mp4", [videos.grey_frame(n) for n in range(8)])
        assert len(everything(reader, videos.folder / "good.mp4")) == 2


@pytest.mark.parametrize("when", ["first", "later"])
def test_what_is_printed_there_disturbs_nothing(reader, when, capfd):
    assert len(everything(reader, f"print-{when}.mp4")) == 4
    assert capfd.readouterr() == ("", "")


def test_a_process_that_sends_nonsense_is_ended(reader, monkeypatch):
    monkeypatch.setattr(process, "_SECONDS_TO_END", 0.2)  # it would go on for minutes
    with pytest.raises(VideoError, match="the decoder sent nonsense"):
        everything(reader, "nonsense-later.mp4")
    assert whoami(reader)[1] == 1


def test_closing_early_leaves_the_reader_usable(reader):
    events = reader.read("it.mp4", OPTIONS, lambda _: True)
    next(events)
    with pytest.raises(RuntimeError, match="one file at a time"):
        everything(reader, "other.mp4")
    events.close()
    assert len(everything(reader, "other.mp4")) == 4
    never_started = reader.read("it.mp4", OPTIONS, lambda _: True)
    never_started.close()
    assert len(everything(reader, "other.mp4")) == 4


def test_an_error_of_the_callers_own_comes_through(reader):
    with pytest.raises(KeyError, match=r"id of it\.mp4"):
        everything(reader, "it.mp4", lambda video_id: {}[video_id])
    assert len(everything(reader, "other.mp4")) == 4


@posix
def test_closing_ends_the_process_and_leaves_nothing_open():
    gc.collect()
    descriptors = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reader = IsolatedReader(command=MISBEHAVING)
        process_id, _ = whoami(reader)
        reader.close()
        reader.close()
        gc.collect()
    assert not is_alive(process_id)
    if descriptors is not None:
        assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    with pytest.raises(RuntimeError, match="closed"):
        everything(reader, "it.mp4")


def test_closing_while_another_thread_reads_gives_its_file_up():
    reader = IsolatedReader(command=MISBEHAVING)
    whoami(reader)
    caught = []

    def read():
        try:
            everything(reader, "hang-later.mp4")
        except VideoError as error:
            caught.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    while not (reader._child is not None and reader._child._is_waiting):
        time.sleep(0.01)
    reader.close()
    thread.join(30)
    assert not thread.is_alive()
    assert len(caught) == 1
    assert reader._child is None


def test_closing_while_the_process_starts_does_not_wait_for_it():
    reader = IsolatedReader(command=[sys.executable, "-c", "import time; time.sleep(100)"])
    caught = []

    def read():
        try:
            everything(reader, "it.mp4")
        except RuntimeError as error:
            caught.append(str(error))

    thread = threading.Thread(target=read)
    thread.start()
    while reader._beginning is None:
        time.sleep(0.01)
    process = reader._beginning._process
    reader.close()
    thread.join(30)
    assert (thread.is_alive(), caught) == (False, ["this reader is closed"])
    assert process.poll() is not None
    assert (reader._beginning, reader._child) == (None, None)


@posix
def test_ctrl_c_is_not_for_that_process(reader):
    process_id, num_read = whoami(reader)
    for event in reader.read("slow-later.mp4", OPTIONS, lambda _: True):
        if isinstance(event, Content):
            os.kill(process_id, signal.SIGINT)
    assert whoami(reader) == (process_id, num_read + 2)


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="needs /proc")
@pytest.mark.parametrize("deed", ["it", "hang-first", "hang-later"])
def test_the_process_ends_with_the_one_that_started_it(tmp_path, deed):
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys, time\n"
        f"sys.path[:] = {sys.path!r}\n"
        "from framecue.video import *\n"
        f"reader = IsolatedReader(command={MISBEHAVING!r})\n"
        "options = ReadOptions(FrameSampling(4))\n"
        "_, moment = reader.read('whoami.mp4', options, lambda _: True)\n"
        "print(int(moment.start_seconds), flush=True)\n"
        f"for event in reader.read({deed + '.mp4'!r}, options, lambda _: True):\n"
        "    pass\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        time.sleep(0.2)
        assert is_alive(child)
        parent.kill()
    deadline = time.monotonic() + 30
    while is_alive(child):
        assert time.monotonic() < deadline, "the process outlived the one that started it"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ([sys.executable, "-c", "raise SystemExit('no luck today')"], "no luck today"),
        ([sys.executable, "-c", "import no_such_module"], "ModuleNotFoundError.*no_such_module"),
        ([str(Path(__file__).parent / "nowhere")], "No such file|cannot find"),
    ],
)
def test_a_process_that_cannot_start_stops_everything(command, reason):
    with (
        IsolatedReader(command=command) as reader,
        pytest.raises(FramecueError, match=f"process that decodes videos cannot be started: .*({reason})") as caught,
    ):
        everything(reader, "it.mp4")
    assert not isinstance(caught.value, VideoError)


def test_modules_in_the_working_folder_are_not_run(films, tmp_path, monkeypatch):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in ("av", "numpy", "signal", "pickle"):
        (folder / f"{name}.py").write_text("raise SystemExit('this is not for you')")
    monkeypatch.chdir(folder)
    with IsolatedReader() as reader:
        assert len(everything(reader, films[0])) == 2


def test_the_process_imports_no_more_than_decoding_takes():
    script = (
        "import sys, framecue.video.isolate.serve\n"
        "framecue.video.isolate.serve.import_questions()\n"
        "assert 'av' in sys.modules\n"
        "heavy = {'torch', 'transformers', 'lancedb', 'pyarrow', 'multiprocessing.spawn', 'scenedetect'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    "limits",
    [
        *(
            {name: value}
            for name in ("stall_seconds", "max_cpu_seconds", "max_megapixels")
            for value in (0, float("nan"))
        ),
        *({"memory_bytes": 0}, {"max_cpu_seconds": -1}, {"max_megapixels": float("inf")}),
    ],
)
def test_limits_that_make_no_sense(limits):
    with pytest.raises(InputError, match=next(iter(limits))):
        IsolatedReader(**limits)


def test_the_usual_limit_on_memory_leaves_half_to_others():
    limit = default_memory_bytes()
    assert limit is None or 0 < limit <= 8 << 30
