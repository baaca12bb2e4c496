"""What can be asked of the other process: each answer is what this process would have read itself."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framecue.errors import InputError, VideoError
from framecue.video import (
    FrameSampling,
    GridOptions,
    IsolatedReader,
    SoundOptions,
    SoundTrack,
    probe,
    read_frames,
    read_grid,
    read_sound,
)
from support.beeps import record

SAMPLING = FrameSampling(6, chunk_frames=3)

posix = pytest.mark.skipif(os.name != "posix", reason="needs signals")


@pytest.fixture(scope="module")
def reader():
    with IsolatedReader() as reader:
        yield reader


@pytest.fixture
def film(videos):
    path = videos.folder / "film.mp4"
    videos.encode(path, [videos.grey_frame(number) for number in range(50)], gop=10)
    return path


def assert_same(one, other):
    np.testing.assert_array_equal(one.pixels, other.pixels)
    np.testing.assert_array_equal(one.times_seconds, other.times_seconds)
    assert (one.pixels.dtype, one.times_seconds.dtype) == (np.uint8, np.float64)


@pytest.mark.parametrize(
    "options",
    [{}, {"start_seconds": 1.0, "end_seconds": 2.5}, {"start_seconds": 3}, {"short_side": 20}],
    ids=lambda options: " ".join(options) or "all",
)
def test_frames_are_those_of_this_process(reader, film, options):
    for video in (film, str(film), film.read_bytes()):
        found = reader.read_frames(video, SAMPLING, **options)
        assert_same(found, read_frames(film, SAMPLING, **options))
        assert found.pixels.flags.writeable


def test_a_picture_is_read_from_its_bytes(reader, tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "it.png")
    found = reader.read_frames((tmp_path / "it.png").read_bytes(), FrameSampling(1))
    np.testing.assert_array_equal(found.pixels[0], noise)


def test_a_generator_draws_as_in_this_process(reader, film):
    here, there = np.random.default_rng(5), np.random.default_rng(5)
    for _ in range(3):
        assert_same(reader.read_frames(film, SAMPLING, rng=there), read_frames(film, SAMPLING, rng=here))
    assert here.random() == there.random()


def test_what_a_file_is(reader, film):
    assert reader.probe(film) == probe(film)
    info = reader.probe(film.read_bytes())
    assert str(info.path) == "the given bytes"
    assert (info.num_frames, info.duration_seconds, info.width, info.height) == (50, 5.0, 64, 48)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"short_side": 0}, "short_side is 0; it must be at least 1 pixel"),
        ({"start_seconds": 2, "end_seconds": 2}, "no window runs from 2 to 2 seconds: give 0 <= start < end"),
        ({"start_seconds": -1}, "no window runs from -1 to None seconds"),
        ({"start_seconds": float("nan")}, "no window runs from nan to None seconds"),
    ],
)
def test_what_makes_no_sense_is_refused_as_in_this_process(film, options, message):
    with IsolatedReader(command=["a process that is not started"]) as reader:
        for read in (reader.read_frames, read_frames):
            with pytest.raises(InputError, match=message) as caught:
                read(film, SAMPLING, **options)
            assert not isinstance(caught.value, VideoError)


def test_a_file_that_cannot_be_used_has_the_same_words(reader, film, tmp_path):
    (tmp_path / "text.mp4").write_text("no video " * 99)
    for name, options in (("text.mp4", {}), ("gone.mp4", {}), ("film.mp4", {"start_seconds": 9})):
        with pytest.raises(VideoError) as here:
            read_frames(tmp_path / name, SAMPLING, **options)
        with pytest.raises(VideoError) as there:
            reader.read_frames(tmp_path / name, SAMPLING, **options)
        assert str(there.value) == str(here.value)
    with pytest.raises(VideoError, match=r"^the given bytes: not a video file that ffmpeg can read"):
        reader.read_frames(b"no video " * 99, SAMPLING)
    with pytest.raises(VideoError, match=r"^the given bytes: the file is empty$"):
        reader.probe(b"")
    assert reader.probe(film).num_frames == 50  # by the same process


QUESTION = """
import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from framecue.video.isolate.question import Decide, Question

@dataclass(frozen=True)
class LinesQuestion(Question[str]):
    number: int

    def answer(self, decide: Decide) -> Iterator[str]:
        for line in open(self.path).read().splitlines()[: self.number]:
            if line == "crash":
                ctypes.string_at(0)
            if decide(line):
                yield line
"""


@posix
def test_a_new_question_is_one_new_file(tmp_path, monkeypatch):
    (tmp_path / "lines_question.py").write_text(QUESTION)
    monkeypatch.syspath_prepend(tmp_path)
    from lines_question import LinesQuestion

    (tmp_path / "it.txt").write_text("one\ntwo\nthree\ncrash\n")
    with IsolatedReader() as reader:
        path = str(tmp_path / "it.txt")
        assert list(reader.ask(LinesQuestion(path, 3), lambda line: line != "two")) == ["one", "three"]
        got = []
        with pytest.raises(VideoError, match=r"it\.txt: the decoder crashed on this file \(SIGSEGV\)"):
            got.extend(reader.ask(LinesQuestion(path, 4), lambda line: True))
        # It was asked a second time, and what was given already was not given again.
        assert got == ["one", "two", "three"]
        with pytest.raises(TypeError, match="this question decides nothing, but the decoding process told 'one'"):
            list(reader.ask(LinesQuestion(path, 1)))


@posix
def test_bytes_leave_no_file_behind(tmp_path, film, monkeypatch):
    script = (
        "import sys; sys.path[:] = sys.argv[1:]\n"
        "import ctypes\n"
        "from framecue.video.isolate import serve\n"
        "serve.main(lambda question, decide: ctypes.string_at(0))\n"
    )
    monkeypatch.setattr("framecue.video.isolate.process._BOOTSTRAP", script)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with IsolatedReader() as reader, pytest.raises(VideoError, match=r"^the given bytes: the decoder crashed"):
        reader.read_frames(film.read_bytes(), SAMPLING)
    assert not list(Path(tmp_path / "temporary").iterdir())


def test_a_grid_is_that_of_this_process(reader, film, tmp_path):
    options = GridOptions(frames_per_second=3, short_side=30)
    there, here = reader.read_grid(film, options), read_grid(film, options)
    assert there.jpegs == here.jpegs
    assert (there.extent, there.first_moment, there.stand_ins) == (here.extent, here.first_moment, here.stand_ins)
    np.testing.assert_array_equal(there.moment_frames, here.moment_frames)
    np.testing.assert_array_equal(there.times_seconds, here.times_seconds)
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    with pytest.raises(VideoError, match=r"broken\.mp4"):
        reader.read_grid(tmp_path / "broken.mp4", options)
    assert reader.read_grid(str(film), options).jpegs == here.jpegs  # the next question is answered


def test_sound_is_that_of_this_process(reader, film, tmp_path):
    path = record(tmp_path / "a.mkv", (0.5,), seconds=12, sounds=({"language": "eng"}, {"language": "ger"}))
    options = SoundOptions(track="de")
    track, *here = read_sound(path, options)
    for _ in range(2):
        other_track, *there = reader.read_sound(path, options)
        assert track == other_track == SoundTrack(2, "aac", "de")
        assert [chunk.start_seconds for chunk in there] == [chunk.start_seconds for chunk in here]
        for one, other in zip(here, there, strict=True):
            np.testing.assert_array_equal(one.samples, other.samples)
    sound = reader.read_sound(path)
    assert next(sound).number == 1
    sound.close()  # early
    assert list(reader.read_sound(film)) == []
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    with pytest.raises(VideoError, match=r"broken\.mp4"):
        list(reader.read_sound(tmp_path / "broken.mp4"))
    with pytest.raises(VideoError, match=r"a\.mkv: it has no sound track 3; it has 1 \(aac, en\), 2 \(aac, de\)"):
        list(reader.read_sound(path, SoundOptions(track=3)))
