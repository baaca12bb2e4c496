"""Sound on the clock of the pictures: beeps are heard when the pictures flash, whatever the file is like."""

import struct
import wave
from itertools import pairwise

import av
import numpy as np
import pytest

from framecue.errors import InputError, VideoError
from framecue.video import SoundChunk, SoundOptions, SoundTrack, probe, read_sound
from support.beeps import record
from support.recordings import record as record_apart

RATE = 16_000


def heard(path, **options):
    """The track, the chunks, and the error at their end."""
    parts, error = [], None
    try:
        for part in read_sound(path, SoundOptions(**options)):
            parts.append(part)
    except VideoError as raised:
        error = raised
    chunks = [part for part in parts if isinstance(part, SoundChunk)]
    for chunk in chunks:
        assert chunk.samples.dtype == np.float32
        assert chunk.samples.ndim == 1
        assert 0 < len(chunk.samples) <= 10 * RATE
        assert np.isfinite(chunk.samples).all()
        assert np.abs(chunk.samples).max() <= 1
    for one, other in pairwise(chunks):
        assert one.start_seconds + len(one.samples) / RATE <= other.start_seconds + 1e-6
    return parts[0] if parts else None, chunks, error


def beeps(chunks):
    """When beeps begin."""
    times = np.concatenate(
        [chunk.start_seconds + np.flatnonzero(np.abs(chunk.samples) > 0.1) / RATE for chunk in chunks]
    )
    return [float(time) for time, step in zip(times, np.diff(times, prepend=-1), strict=True) if step > 0.1]


def end_of(chunks):
    return chunks[-1].start_seconds + len(chunks[-1].samples) / RATE


@pytest.mark.parametrize(
    ("suffix", "file_format", "begins"),
    [(".mp4", None, 0), (".mkv", None, 0), (".ts", "mpegts", 95_440), (".vob", "vob", 5), (".avi", None, 0)],
)
def test_a_beep_is_heard_when_it_flashes(tmp_path, suffix, file_format, begins):
    path = record(tmp_path / f"a{suffix}", (0.52, 2.0), file_format=file_format, begin_seconds=begins)
    track, chunks, error = heard(path)
    assert (track.number, error) == (1, None)
    assert beeps(chunks) == pytest.approx([0.52, 2.0], abs=0.05)
    assert end_of(chunks) == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
def test_sound_that_begins_after_the_pictures_and_before_them(tmp_path, suffix):
    _, chunks, _ = heard(record_apart(tmp_path / f"a{suffix}", pictures=(600, 604), sound=(602, 604)))
    assert chunks[0].start_seconds == pytest.approx(2, abs=0.08)
    _, chunks, _ = heard(record_apart(tmp_path / f"b{suffix}", pictures=(607, 609), sound=(600, 609)))
    assert chunks[0].start_seconds == pytest.approx(0, abs=0.08)
    assert end_of(chunks) == pytest.approx(9, abs=0.1)


@pytest.mark.parametrize("begins", [(0, 0, 0), (30, 20, 10), (50, 0, 50)])
def test_recordings_that_were_put_together(tmp_path, begins):
    film = tmp_path / "film.ts"
    for begin in begins:
        part = record(tmp_path / "part", (0.5,), seconds=2, file_format="mpegts", begin_seconds=begin)
        with film.open("ab") as file:
            file.write(part.read_bytes())
    _, chunks, error = heard(film)
    flashes = [2 * number + 0.5 for number in range(3)]
    assert probe(film).duration_seconds == pytest.approx(6, abs=0.1)
    assert error is None
    assert beeps(chunks) == pytest.approx(flashes, abs=0.1)


def test_a_hole_in_the_sound_is_a_hole(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for start in (0, 16, 32, 3600 * RATE, 3600 * RATE + 16):
            piece = av.AudioFrame.from_ndarray(np.full((1, 16), 9000, np.int16), format="s16", layout="mono")
            piece.sample_rate, piece.pts = RATE, start
            container.mux(stream.encode(piece))
    _, chunks, error = heard(path)
    assert [(chunk.start_seconds, len(chunk.samples)) for chunk in chunks] == [(0, 48), (3600, 32)]
    assert error is None


def test_the_usual_track_and_another_one(tmp_path):
    path = record(tmp_path / "a.mkv", (0.5,), seconds=1, sounds=({"language": "eng"}, {"language": "ger"}))
    assert heard(path)[0] == SoundTrack(1, "aac", "en")
    assert heard(path, track=2)[0].number == heard(path, track="de")[0].number == 2
    _, _, error = heard(path, track=3)
    assert str(error) == f"{path}: it has no sound track 3; it has 1 (aac, en), 2 (aac, de)"
    with pytest.raises(InputError, match="there is no sound track 0"):
        SoundOptions(track=0)


def test_a_file_without_sound_and_a_picture_give_nothing(tmp_path, videos):
    assert list(read_sound(record(tmp_path / "a.mp4", (0.5,), seconds=1, sounds=()))) == []
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert list(read_sound(tmp_path / "a.png")) == []


def test_a_file_of_sound_alone(tmp_path, videos):
    videos.sound(tmp_path / "a.wav", seconds=25)
    track, chunks, error = heard(tmp_path / "a.wav")
    assert (track.codec, error) == ("pcm_s16le", None)
    assert [(chunk.start_seconds, len(chunk.samples)) for chunk in chunks] == [
        (0, 160_000),
        (10, 160_000),
        (20, 80_000),
    ]


def test_a_track_that_is_damaged_half_way(tmp_path):
    path = record(tmp_path / "a.mp4", (0.5, 3.5), sound_codec="flac", sound_rate=44_100, seconds=4)
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [(p.pos, p.size, float(p.pts * p.time_base)) for p in container.demux(audio=0) if p.size]
    for position, size, seconds in packets:
        if seconds > 2:
            data[position : position + size] = bytes(size)
    path.write_bytes(data)
    _, chunks, error = heard(path)
    assert beeps(chunks) == pytest.approx([0.5], abs=0.05)
    assert end_of(chunks) == pytest.approx(2.1, abs=0.15)
    assert error.reason.startswith("its sound track 1 (flac) cannot be decoded from 0:02 on (")
    assert error.cause == "content"

    damaged = bytearray(path.read_bytes())
    for position, size, _ in packets:
        damaged[position : position + size] = bytes(size)
    path.write_bytes(damaged)
    _, chunks, error = heard(path)
    assert chunks == []
    assert error.reason.startswith("nothing of its sound track 1 (flac) can be decoded (")


def test_damage_in_the_middle_is_silent(tmp_path):
    path = record(tmp_path / "a.mp4", (0.5, 3.5), sound_codec="flac", sound_rate=44_100, seconds=4)
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [(p.pos, p.size, float(p.pts * p.time_base)) for p in container.demux(audio=0) if p.size]

    def spoil(start, end):
        for position, size, seconds in packets:
            if start <= seconds < end:
                data[position : position + size] = bytes(size)
        path.write_bytes(data)

    spoil(2, 2.1)  # one packet
    _, chunks, error = heard(path)
    assert beeps(chunks) == pytest.approx([0.5, 3.5], abs=0.05)
    assert error is None
    spoil(1, 3)
    _, chunks, error = heard(path)
    assert beeps(chunks) == pytest.approx([0.5, 3.5], abs=0.05)
    assert error.reason.startswith("its sound track 1 (flac) cannot be decoded in parts (")


def test_a_recording_that_was_cut_off_is_heard_as_far_as_it_goes(tmp_path):
    path = record(tmp_path / "a.mkv", (0.5, 3.5))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    _, chunks, error = heard(path)
    assert beeps(chunks) == pytest.approx([0.5], abs=0.05)
    assert error is None  # that the file is cut off is said of its pictures


def wav(path, *, rate, channels, seconds, sample=b"\x20\x30"):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(sample * int(channels * rate * seconds))
    return path


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (44_100, 2), (96_000, 6), (11_025, 3), (16_000, 24)])
def test_any_rate_and_number_of_channels(tmp_path, rate, channels):
    _, chunks, error = heard(wav(tmp_path / "a.wav", rate=rate, channels=channels, seconds=2))
    assert error is None
    samples = np.concatenate([chunk.samples for chunk in chunks])
    assert len(samples) == pytest.approx(2 * RATE, abs=20)
    assert np.abs(samples[1000:-1000] - samples[1000]).max() < 0.01
    assert samples[1000] > 0.1


@pytest.mark.parametrize(
    ("rate", "channels", "what"),
    [(1, 1, "1 channels of 1 samples"), (500, 2, "2 channels of 500 samples"), (8000, 200, "200 channels of 8000")],
)
def test_what_is_no_sound_is_refused(tmp_path, rate, channels, what):
    _, chunks, error = heard(wav(tmp_path / "a.wav", rate=rate, channels=channels, seconds=max(0.1, 2000 // rate)))
    assert chunks == []
    assert what in error.reason
    assert error.cause == "content"


def test_numbers_that_are_none_are_silent(tmp_path):
    samples = np.array([0.5, np.nan, np.inf, -np.inf, 9e30] * 3200, np.float32)
    head = struct.pack("<HHIIHH", 3, 1, RATE, 4 * RATE, 4, 32)
    data = (
        b"WAVEfmt "
        + struct.pack("<I", len(head))
        + head
        + b"data"
        + struct.pack("<I", samples.nbytes)
        + samples.tobytes()
    )
    (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", len(data)) + data)
    _, (chunk,), error = heard(tmp_path / "a.wav")
    assert error is None
    assert chunk.samples[:5].tolist() == [0.5, 0, 1, -1, 1]


def test_what_is_no_video(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no video " * 99)
    with pytest.raises(VideoError, match=r"a\.mp4: not a video file that ffmpeg can read"):
        list(read_sound(tmp_path / "a.mp4"))
    with pytest.raises(VideoError, match=r"gone\.mp4: no such file"):
        list(read_sound(tmp_path / "gone.mp4"))
