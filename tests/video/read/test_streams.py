"""What files are made of, as players see it."""

import pytest

from framecue.errors import VideoError
from framecue.video.isolate.isolated import IsolatedReader
from framecue.video.isolate.questions.streams import StreamsQuestion
from framecue.video.read.streams import read_streams
from support.playing import make_film
from support.recordings import record


def test_an_mp4(tmp_path):
    found = read_streams(make_film(tmp_path / "film.mp4"))
    assert (found.format, found.brand, found.is_webm) == ("mov,mp4,m4a,3gp,3g2,mj2", "isom", False)
    picture = found.picture
    assert (picture.codec, picture.pixel_format, picture.bits, picture.tag) == ("h264", "yuv420p", 8, "avc1")
    assert (picture.width, picture.height, picture.frames_per_second) == (64, 48, 10)
    assert picture.setup[0] == 1  # avcC
    assert found.sound is not None
    assert found.sound.codec == "aac"
    assert found.seconds == pytest.approx(2, abs=0.1)


def test_matroska_that_is_webm_and_that_is_not(tmp_path):
    assert read_streams(make_film(tmp_path / "film.webm", "libvpx", "libopus")).is_webm
    found = read_streams(make_film(tmp_path / "film.mkv", sound=None))
    assert not found.is_webm
    assert found.sounds == ()
    assert found.sound is None


def test_ten_bits(tmp_path):
    picture = read_streams(make_film(tmp_path / "film.mp4", pixel_format="yuv420p10le")).picture
    assert (picture.bits, picture.profile) == (10, "High 10")


def test_the_track_to_play_is_the_one_that_is_marked():
    from framecue.video.read.streams import FileStreams, PictureStream, SoundStream

    picture = PictureStream("h264", None, None, "yuv420p", 8, "", b"", 64, 48, None)
    first, second = (SoundStream(name, None, b"", is_default=name == "ac3") for name in ("aac", "ac3"))
    assert FileStreams("avi", None, False, picture, (first, second), None).sound is second
    assert FileStreams("avi", None, False, picture, (first, first), None).sound is first


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_sound_that_goes_on_says_when_it_ends(tmp_path, suffix):
    (sound,) = read_streams(record(tmp_path / f"film{suffix}", pictures=(0, 2), sound=(0, 4))).sounds
    assert sound.seconds == pytest.approx(4, abs=1.5 if suffix == ".ts" else 0.1)


def test_what_is_no_video_has_words(tmp_path):
    (tmp_path / "film.mp4").write_text("no video " * 99)
    with pytest.raises(VideoError, match="not a video file"):
        read_streams(tmp_path / "film.mp4")


@pytest.mark.isolated
def test_another_process_says_the_same(tmp_path):
    path = make_film(tmp_path / "film.mp4")
    with IsolatedReader() as reader:
        assert list(reader.ask(StreamsQuestion(str(path)))) == [read_streams(path)]
