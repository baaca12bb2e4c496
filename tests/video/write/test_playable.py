"""Videos made over for browsers: the same frames at the same times, the sound with them, in what they know."""

from fractions import Fraction

import av
import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.video import read_packet_index
from framecue.video.write import playable
from framecue.video.write.playable import PlayableParts, make_playable, playable_suffix
from support.playing import loud_seconds, make_film

ALL, NOTHING = PlayableParts(picture=True, sound=True), PlayableParts(picture=False, sound=False)
SOUND_ANEW = PlayableParts(picture=True, sound=False)


def convert(source, target, *, start=0.0, end=1e9, parts=NOTHING, suffix=".mp4", go_on=lambda share: True):
    return make_playable(source, target, suffix, start, end, parts=parts, go_on=go_on)


def shown(path):
    """The frames that a player shows of a file, by their grey levels, and their times."""
    with av.open(str(path)) as container:
        frames = [
            (frame.to_ndarray(format="rgb24"), float(frame.pts * frame.time_base))
            for frame in container.decode(video=0)
        ]
    numbers = [round(pixels[8:-8, 8:-8].mean() / 12) for pixels, _ in frames]
    return numbers, np.array([seconds for _, seconds in frames])


def codecs(path):
    with av.open(str(path)) as container:
        return [stream.codec_context.codec.canonical_name for stream in container.streams]


SOURCES = [
    ("film.mkv", "libx264", "ac3", SOUND_ANEW, True),
    ("film.ts", "libx264", "aac", ALL, True),
    ("film.mov", "libx264", "pcm_s16le", SOUND_ANEW, True),
    ("film.avi", "mpeg4", "libmp3lame", NOTHING, False),
    ("film.mpg", "mpeg2video", "mp2", NOTHING, False),
    ("film.wmv", "wmv2", None, NOTHING, False),
    ("film.webm", "libvpx", "libopus", NOTHING, False),
]


@pytest.mark.parametrize("source", SOURCES, ids=lambda case: case[0])
def test_all_of_a_film(tmp_path, source):
    name, picture, sound, parts, is_copied = source
    path = make_film(tmp_path / name, picture, sound, options={"b": "2M"} if picture != "libx264" else None)
    made = convert(path, tmp_path / "made.mp4", parts=parts)
    assert made.is_copied is is_copied
    assert codecs(tmp_path / "made.mp4") == ["h264", "aac"][: 2 if sound else 1]
    numbers, times = shown(tmp_path / "made.mp4")
    assert numbers == shown(path)[0]
    assert len(numbers) == 20
    index = read_packet_index(path)
    np.testing.assert_allclose(times, index.times_seconds, atol=0.002)
    if sound is not None:
        before, after = loud_seconds(path), loud_seconds(tmp_path / "made.mp4")
        assert after == (
            pytest.approx(before[0] - float(index.zero), abs=0.03),
            pytest.approx(before[1] - float(index.zero), abs=0.03),
        )


@pytest.mark.parametrize("parts", [ALL, SOUND_ANEW, NOTHING])
def test_a_span_begins_at_its_frame_whatever_is_copied(tmp_path, parts):
    path = make_film(tmp_path / "film.mkv")
    made = convert(path, tmp_path / "made.mp4", start=0.7, end=1.3, parts=parts)
    assert made.is_copied is parts.picture
    numbers, times = shown(tmp_path / "made.mp4")
    assert numbers[:6] == [7, 8, 9, 10, 11, 12]  # a copy may have some more
    assert times[0] == pytest.approx(0, abs=0.001)
    assert (made.start_seconds, made.end_seconds) == (pytest.approx(0.7), pytest.approx(1.3, abs=0.25))
    assert loud_seconds(tmp_path / "made.mp4")[1] == pytest.approx(0.3, abs=0.06)


@pytest.mark.parametrize("parts", [ALL, NOTHING])
def test_times_stay_where_the_frame_rate_varies(tmp_path, parts):
    times = [0, 40, 80, 500, 540, 1000, 1900]
    path = make_film(tmp_path / "film.mkv", sound=None, num_frames=len(times), times=times)
    convert(path, tmp_path / "made.mp4", parts=parts)
    numbers, found = shown(tmp_path / "made.mp4")
    assert numbers == list(range(7))
    np.testing.assert_allclose(found, np.array(times) / 1000, atol=0.002)


def test_pictures_that_begin_late_stay_late(tmp_path):
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        track = container.add_stream("aac", rate=48_000, layout="mono")
        for number in range(20):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.float32), format="fltp", layout="mono")
            silence.sample_rate, silence.pts, silence.time_base = 48_000, number * 4800, Fraction(1, 48_000)
            container.mux(track.encode(silence))
            if number >= 5:
                grey = np.full((48, 64, 3), number * 12, np.uint8)
                frame = av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format="yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, 10)
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        container.mux(track.encode(None))
    for parts in (ALL, NOTHING):
        made = convert(path, tmp_path / "made.mp4", parts=parts)
        assert made.start_seconds == 0
        index = read_packet_index(tmp_path / "made.mp4")
        assert index.start_seconds == pytest.approx(0.5, abs=0.03)
        assert index.duration_seconds == pytest.approx(2.0, abs=0.06)


def test_large_pictures_are_scaled_down_and_turned_ones_turned(tmp_path, monkeypatch):
    monkeypatch.setattr(playable, "PLAYABLE_SHORT_SIDE", 48)
    path = make_film(tmp_path / "film.avi", "mpeg4", None, size=(128, 96), num_frames=3)
    convert(path, tmp_path / "made.mp4")
    with av.open(str(tmp_path / "made.mp4")) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (64, 48)


def test_pixels_become_square(tmp_path):
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg2video", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 99, np.uint8), format="rgb24")
            frame = frame.reformat(format="yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    convert(path, tmp_path / "made.mp4")
    with av.open(str(tmp_path / "made.mp4")) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (84, 48)


def test_it_tells_how_far_it_has_come_and_can_be_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(playable, "_SECONDS_PER_WORD", 0.0)
    path = make_film(tmp_path / "film.avi", "mpeg4", None)
    told = []
    convert(path, tmp_path / "made.mp4", go_on=lambda share: told.append(share) or True)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, pytest.approx(0.95))
    for parts in (ALL, NOTHING):
        with pytest.raises(VideoError, match="given up, as nobody waits"):
            convert(path, tmp_path / "made.mp4", parts=parts, go_on=lambda share: share < 0.5)


def test_vp9_where_h264_cannot_be_encoded(tmp_path, monkeypatch):
    path = make_film(tmp_path / "film.avi", "mpeg4", "libmp3lame", num_frames=5)
    monkeypatch.setattr(playable, "_H264", playable._H264._replace(picture="no such encoder"))
    assert playable_suffix() == ".webm"
    convert(path, tmp_path / "made.webm", suffix=".webm")
    assert codecs(tmp_path / "made.webm") == ["vp9", "opus"]
    assert shown(tmp_path / "made.webm")[0] == list(range(5))


def test_what_has_no_moment_there_has_words(tmp_path):
    path = make_film(tmp_path / "film.mp4", num_frames=5)
    with pytest.raises(VideoError, match="the moment starts at 7 seconds, but the video lasts"):
        convert(path, tmp_path / "made.mp4", start=7)
