"""Clips are cut in another process: what ends it costs that clip, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from framecue.errors import InputError, OutputError, VideoError
from framecue.video import IsolatedReader, clip_video, probe
from framecue.video.isolate.clip import answer_of
from framecue.video.isolate.questions.clip import ClipQuestion
from support.beeps import record

posix = pytest.mark.skipif(os.name != "posix", reason="needs signals")
# A decoding process that begins to write, and then does what the source's name says.
MISBEHAVING = """
import os, signal, sys, time
sys.path[:] = sys.argv[1:]
from pathlib import Path
from framecue.video.isolate import serve

def answer(question, decide):
    Path(question.partial).write_bytes(b"half of it")
    deed = Path(question.path).stem
    if deed == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif deed == "hanging":
        time.sleep(600)
    elif deed == "memory":
        raise MemoryError
    raise ZeroDivisionError("a defect")
    yield

serve.main(answer)
"""


def the_files(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.fixture
def film(tmp_path):
    return record(tmp_path / "film.mp4", (1.0,), seconds=3)


@pytest.mark.isolated
def test_one_process_cuts_several_clips(film, tmp_path):
    with IsolatedReader() as reader:
        for number in range(2):
            made = clip_video(film, tmp_path / f"{number}.mp4", 0.5, 2.0, reader=reader)
            assert (made.output, made.source, made.num_sounds) == (tmp_path / f"{number}.mp4", film, 1)
            assert probe(made.output).duration_seconds == pytest.approx(1.5, abs=0.2)
        with pytest.raises(VideoError, match="the moment starts at 5"):
            clip_video(film, tmp_path / "late.mp4", 5, 6, reader=reader)
    assert the_files(tmp_path) == ["0.mp4", "1.mp4", "film.mp4"]


@posix
@pytest.mark.isolated
@pytest.mark.parametrize(
    ("deed", "says"),
    [
        ("killed", "the decoder was killed"),
        ("hanging", "nothing came of it for 0.5 seconds"),
        ("memory", "takes more memory than"),
        ("defect", "a defect in framecue"),
    ],
)
def test_what_ends_the_process_leaves_what_was_there(tmp_path, deed, says):
    film = record(tmp_path / f"{deed}.mp4", (1.0,), seconds=1)
    output = tmp_path / "clip.mp4"
    output.write_text("mine")
    command = [sys.executable, "-c", MISBEHAVING, *sys.path]
    with IsolatedReader(command=command, stall_seconds=0.5) as reader, pytest.raises(VideoError, match=says):
        clip_video(film, output, 0, 1, overwrite=True, reader=reader)
    assert output.read_text() == "mine"
    assert the_files(tmp_path) == sorted(["clip.mp4", film.name])


def test_what_cannot_be_written_is_said_of_the_output(film, tmp_path):
    question = ClipQuestion(str(film), str(tmp_path / "none" / "x.mp4"), ".mp4", 0.5, 2.0, exact=True)
    (part,) = question.answer(lambda told: True)
    assert isinstance(part, OutputError)


@posix
@pytest.mark.isolated
def test_a_killed_clip_leaves_the_old_one_and_the_next_removes_the_rest(film, tmp_path):
    output = tmp_path / "clip.mp4"
    output.write_text("mine")
    script = (
        "import sys, time\n"
        "from framecue.video.isolate import clip\n"
        "def answer_of(reader, question):\n"
        "    open(question.partial, 'wb').write(b'half of it')\n"
        "    print('writing', flush=True)\n"
        "    time.sleep(600)\n"
        "clip.answer_of = answer_of\n"
        f"clip.clip_video({str(film)!r}, {str(output)!r}, 0, 1, overwrite=True)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert output.read_text() == "mine"
    assert len(the_files(tmp_path)) == 3
    with IsolatedReader() as reader:
        clip_video(film, tmp_path / "other.mp4", 0, 1, reader=reader)
    assert the_files(tmp_path) == ["clip.mp4", "film.mp4", "other.mp4"]


@pytest.mark.parametrize("form", ["{}/a.mp4", "https://example.org/a.mp4"])
@pytest.mark.parametrize("make", [str, Path])
def test_a_file_that_is_on_no_disk_is_named_as_it_was_written(bucket, film, tmp_path, form, make):
    url = make(form.format(bucket.url))
    with pytest.raises(InputError, match=r"^(s3|https)://[\w./-]+: no (such object$|place in an object store)"):
        clip_video(url, tmp_path / "clip.mp4", 0, 1)
    with pytest.raises(InputError, match=r"^(s3|https)://[\w./-]+: files in object stores .* cannot be written yet"):
        clip_video(film, url, 0, 1)


def test_files_that_are_kept_are_never_replaced(film, tmp_path):
    other = tmp_path / "indexed.mp4"
    other.write_text("mine")
    link = tmp_path / "link.mp4"
    os.link(other, link)
    for output in (other, link):
        with pytest.raises(InputError, match=r"is the video itself.*never replaced"):
            clip_video(film, output, 0, 1, overwrite=True, kept=lambda: [other])
    assert other.read_text() == "mine"


def test_the_answer_is_one_part(film, tmp_path):
    class Reader:
        def ask(self, question):
            yield from question.answer(lambda told: True)

    question = ClipQuestion(str(film), str(tmp_path / "x.mp4"), ".mp4", 0.5, 2.0, exact=False)
    assert answer_of(Reader(), question).is_copied
