"""Clips: the frames that were asked for, by our reader and by another one, the sound, and what cannot be."""

import struct
from itertools import pairwise

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from framecue.errors import InputError, OutputError, VideoError
from framecue.video import FrameSampling, clip_video, probe, read_frames, read_packet_index
from framecue.video.write import cut, reencode
from support.recordings import record

B_FRAMES = {"bf": "3", "x264-params": "b-pyramid=normal:b-adapt=0:scenecut=0:threads=1"}
NUM = 60  # frames, 10 a second
# name, codec, options of the encoder
SOURCES = [
    ("film.mp4", "libx264", B_FRAMES),
    ("film.mkv", "libx264", B_FRAMES),
    ("film.ts", "libx264", B_FRAMES),
    ("film.avi", "mpeg4", {"b": "2M", "sc_threshold": "1000000000"}),
    ("film.webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "b": "1M"}),
    ("hevc.mp4", "libx265", {"x265-params": "bframes=3:log-level=none:pools=none:frame-threads=1"}),
    ("film.mpg", "mpeg2video", {"bf": "2", "b": "3M"}),
]


@pytest.fixture
def build(videos):
    def build(name="film.mp4", codec="libx264", codec_options=B_FRAMES, gop=24, **options):
        pictures = [videos.grey_frame(number) for number in range(NUM)]
        path = videos.folder / name
        videos.encode(path, pictures, codec=codec, codec_options=codec_options, gop=gop, **options)
        return path

    return build


def with_sound(path, *, codec="aac", picture_codec="libx264", rate=16000):
    """Six seconds of pictures, and a tone that is silent but from second 2 to 3."""
    wave = (8000 * np.sin(np.arange(rate * 6) / 8)).astype(np.int16)
    wave[: 2 * rate] = wave[3 * rate :] = 0
    with av.open(str(path), "w") as container:
        stream = container.add_stream(picture_codec, rate=10, options=B_FRAMES if picture_codec == "libx264" else {})
        stream.width, stream.height, stream.pix_fmt, stream.codec_context.gop_size = 64, 48, "yuv420p", 24
        sound = container.add_stream(codec, rate=rate, layout="mono")
        for number in range(NUM):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number * 4, np.uint8), format="rgb24")
            picture.pts = number
            container.mux(stream.encode(picture))
            piece = np.ascontiguousarray(wave[None, number * rate // 10 : (number + 1) * rate // 10])
            frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
            frame.sample_rate, frame.pts = rate, number * rate // 10
            container.mux(sound.encode(frame))
        container.mux(stream.encode(None))
        container.mux(sound.encode(None))
    return path


def numbers_of(videos, path):
    """Which of the source's frames a clip shows, by our own reader."""
    return videos.numbers(read_frames(path, FrameSampling(read_packet_index(path).num_frames)).pixels)


def numbers_by_opencv(videos, path):
    capture = cv2.VideoCapture(str(path))
    pictures = []
    while (read := capture.read())[0]:
        pictures.append(read[1])
    capture.release()
    return videos.numbers(np.stack(pictures))


def loud_seconds(path):
    """From when to when a clip's sound is loud, in its own time."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=16000)
        pieces = [piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
        at = np.concatenate([float(p.pts * p.time_base) + np.arange(p.samples) / 16000 for p in pieces])
        loud = np.abs(np.concatenate([p.to_ndarray()[0] for p in pieces])) > 0.05
    return at[loud].min(), at[loud].max()


@pytest.mark.parametrize("source", SOURCES, ids=lambda case: case[0])
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_a_copy_shows_the_moment(build, videos, source, suffix):
    path, output = build(*source), videos.folder / f"clip{suffix}"
    made = clip_video(path, output, 3.1, 4.5)
    assert made.output == output
    shown = numbers_of(videos, output)
    assert shown == list(range(round(made.start_seconds * 10), round(made.end_seconds * 10)))
    assert numbers_by_opencv(videos, output) == shown
    if made.is_copied:
        # The key frame before is the 24th; at most the frames of one group of B frames come after.
        assert shown[0] == (24 if suffix == ".mkv" else 31)
        assert 44 <= shown[-1] <= 47
    else:
        assert shown == list(range(31, 45))
    # QuickTime files hold no VP9, and in program streams one cannot jump to a keyframe.
    assert made.is_copied == (path.suffix != ".mpg" and not (path.suffix == ".webm" and suffix == ".mov"))
    assert sorted(file.name for file in videos.folder.iterdir()) == sorted([path.name, output.name])


@pytest.mark.parametrize("source", SOURCES, ids=lambda case: case[0])
def test_an_exact_clip_shows_the_moment_and_no_frame_more(build, videos, source):
    path = build(*source)
    for name in ("clip.mp4", "clip.mkv"):
        made = clip_video(path, videos.folder / name, 3.1, 4.5, exact=True)
        assert (made.start_seconds, made.end_seconds, made.is_copied) == (pytest.approx(3.1), pytest.approx(4.5), False)
        assert numbers_of(videos, made.output) == list(range(31, 45))
        assert numbers_by_opencv(videos, made.output) == list(range(31, 45))


def test_webm_holds_what_it_can(build, videos):
    made = clip_video(build(*SOURCES[4]), videos.folder / "copied.webm", 3.1, 4.5)
    assert made.is_copied
    made = clip_video(build(), videos.folder / "encoded.webm", 3.1, 4.5)
    assert not made.is_copied
    assert numbers_of(videos, made.output) == list(range(31, 45))


def test_a_clip_of_a_clip(build, videos):
    first = clip_video(build(), videos.folder / "first.mp4", 3.1, 5.5)
    second = clip_video(first.output, videos.folder / "second.mp4", 0.5, 1.2)
    assert second.is_copied
    shown = numbers_of(videos, second.output)
    assert shown[:7] == list(range(36, 43))
    assert len(shown) < 12
    assert numbers_by_opencv(videos, second.output) == shown


def test_the_whole_video_and_its_ends(build, videos):
    path = build()
    whole = clip_video(path, videos.folder / "whole.mp4", 0.0, 99.0)
    assert numbers_of(videos, whole.output) == list(range(NUM))
    assert (whole.start_seconds, whole.end_seconds) == (0.0, 6.0)
    one = clip_video(path, videos.folder / "one.mp4", 5.9, 5.95, exact=True)
    assert numbers_of(videos, one.output) == [59]


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_a_variable_frame_rate_keeps_its_times(build, videos, name):
    gaps = np.random.default_rng(0).integers(20, 300, NUM)
    times = np.concatenate([[0], np.cumsum(gaps)[:-1]])
    path = build(name, times=times.tolist())
    start, end = times[31] / 1000, times[45] / 1000
    for exact in (False, True):
        made = clip_video(path, videos.folder / f"clip-{exact}.mp4", start, end, exact=exact)
        assert made.is_copied is not exact
        assert made.start_seconds == pytest.approx(start)
        shown = numbers_by_opencv(videos, made.output)
        assert shown[:14] == list(range(31, 45))
        found = read_packet_index(made.output).times_seconds
        np.testing.assert_allclose(found, times[shown] / 1000 - start, atol=0.002)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_the_sound_stays_with_the_pictures(videos, exact, suffix):
    path = with_sound(videos.folder / "film.mp4")
    made = clip_video(path, videos.folder / f"clip{suffix}", 1.6, 4.0, exact=exact)
    assert made.is_copied == (not exact and suffix != ".webm")
    start, end = loud_seconds(made.output)
    assert start + made.start_seconds == pytest.approx(2.0, abs=0.08)
    assert end + made.start_seconds == pytest.approx(3.0, abs=0.08)


def test_sound_at_a_rate_that_the_encoder_does_not_know(videos):
    path = videos.folder / "film.mkv"
    with_sound(path, codec="pcm_s16le", rate=15000)
    made = clip_video(path, videos.folder / "clip.mp4", 1.6, 4.0, exact=True)
    start, end = loud_seconds(made.output)
    assert (start, end) == (pytest.approx(0.4, abs=0.08), pytest.approx(1.4, abs=0.08))


def test_sound_that_the_container_cannot_hold_is_encoded(videos):
    path = with_sound(videos.folder / "film.mkv", codec="libmp3lame", picture_codec="libvpx-vp9")
    made = clip_video(path, videos.folder / "clip.webm", 1.6, 4.0)
    assert not made.is_copied
    start, end = loud_seconds(made.output)
    assert (start, end) == (pytest.approx(0.4, abs=0.08), pytest.approx(1.4, abs=0.08))


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("turn", [(0, 1, -1, 0), (-1, 0, 0, -1)])
def test_a_turned_picture_stays_upright(videos, exact, turn):
    stored = np.kron(np.array([[20, 80], [140, 200]], np.uint8), np.ones((24, 32), np.uint8))
    path = videos.folder / "turned.mp4"
    videos.encode(path, [np.repeat(stored[..., None], 3, axis=2)] * 30, gop=10)
    data = bytearray(path.read_bytes())
    a, b, c, d = (value << 16 for value in turn)
    place = data.index(b"tkhd") + 4 + 40
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    made = clip_video(path, videos.folder / "clip.mp4", 1.0, 2.0, exact=exact)
    assert made.is_copied is not exact
    expected = read_frames(path, FrameSampling(1)).pixels[0].astype(int)
    found = read_frames(made.output, FrameSampling(1)).pixels[0].astype(int)
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean() < 3


def test_odd_sizes_and_transparency_are_encoded(videos):
    pictures = [np.full((33, 17, 3), 90, np.uint8)] * 20
    path = videos.folder / "odd.mkv"
    videos.encode(path, pictures, codec="ffv1", pix_fmt="bgr0")
    made = clip_video(path, videos.folder / "odd.mp4", 0.5, 1.5, exact=True)
    assert (probe(made.output).width, probe(made.output).height, probe(made.output).num_frames) == (16, 32, 10)
    frames = [Image.new("RGBA", (32, 32), (255, 0, 0, 0 if n % 2 else 255)) for n in range(10)]
    gif = videos.folder / "it.gif"
    frames[0].save(gif, save_all=True, append_images=frames[1:], duration=100, disposal=2)
    made = clip_video(gif, videos.folder / "gif.mp4", 0.0, 1.0)
    assert not made.is_copied
    assert probe(made.output).num_frames == read_packet_index(gif).num_frames


def test_a_damaged_copy_is_encoded(build, videos, monkeypatch):
    monkeypatch.setattr(cut, "copy_packets", lambda *a, **k: (0, 59))  # an empty file
    made = clip_video(build(), videos.folder / "clip.mp4", 3.1, 4.5)
    assert not made.is_copied
    assert numbers_of(videos, made.output) == list(range(31, 45))


def test_names_that_are_not_utf_8(build, videos):
    path = build()
    odd = path.rename(videos.folder / "caf\udce9 @ 100%.mp4")
    assert clip_video(odd, videos.folder / "50% ü.mp4", 3.1, 4.5).is_copied
    with pytest.raises(InputError, match="not UTF-8"):
        clip_video(odd, videos.folder / "caf\udce9.mp4", 3.1, 4.5)


@pytest.mark.parametrize(
    ("output", "start", "end", "error", "says"),
    [
        (
            "clip.xyz",
            1,
            2,
            InputError,
            r"clip\.xyz: no kind of clip ends in '\.xyz'; known: \.m4v, \.mkv, \.mov, \.mp4",
        ),
        ("clip", 1, 2, InputError, "no kind of clip ends in ''"),
        ("none/clip.mp4", 1, 2, InputError, r"clip\.mp4: there is no folder .*none"),
        (
            "there.mp4",
            1,
            2,
            InputError,
            r"there\.mp4: exists already; name another file, or replace it \(overwrite=True\)",
        ),
        ("folder.mp4", 1, 2, InputError, "is a folder; name the file to write"),
        ("film.mp4", 1, 2, InputError, r"film\.mp4: is the video itself"),
        ("clip.mp4", 2, 1, InputError, "no moment runs from 2 to 1 seconds: give 0 <= start < end"),
        ("clip.mp4", -1, 1, InputError, "no moment runs from -1"),
        ("clip.mp4", 1, float("nan"), InputError, "no moment runs from 1 to nan"),
        (
            "clip.mp4",
            6,
            7,
            VideoError,
            r"film\.mp4: the moment starts at 6 seconds, but the video lasts 6\.0",
        ),
    ],
)
def test_what_makes_no_sense_is_told_and_nothing_is_left(build, videos, output, start, end, error, says):
    path = build()
    (videos.folder / "there.mp4").write_text("mine")
    (videos.folder / "folder.mp4").mkdir()
    before = {file: file.read_bytes() for file in videos.folder.iterdir() if file.is_file()}
    with pytest.raises(error, match=says):
        clip_video(path, videos.folder / output, start, end)
    assert {file: file.read_bytes() for file in videos.folder.iterdir() if file.is_file()} == before


def test_the_source_is_not_replaced_even_by_force(build, videos):
    path = build()
    (videos.folder / "link.mp4").symlink_to(path)
    for output in ("film.mp4", "link.mp4"):
        with pytest.raises(InputError, match="is the video itself"):
            clip_video(path, videos.folder / output, 1, 2, overwrite=True)


def test_an_existing_output_is_replaced_on_demand(build, videos):
    output = videos.folder / "clip.mp4"
    output.write_text("old")
    clip_video(build(), output, 3.1, 4.5, overwrite=True)
    assert numbers_of(videos, output)[0] == 31


def test_sources_that_cannot_be_used(videos):
    with pytest.raises(VideoError, match="no such file"):
        clip_video(videos.folder / "gone.mp4", videos.folder / "clip.mp4", 1, 2)
    Image.new("RGB", (32, 32)).save(videos.folder / "it.png")
    with pytest.raises(VideoError, match="is a still image"):
        clip_video(videos.folder / "it.png", videos.folder / "clip.mp4", 0, 1)
    assert not (videos.folder / "clip.mp4").exists()


def test_a_failure_leaves_nothing_half_written(build, videos, monkeypatch):
    path, output = build(), videos.folder / "clip.mp4"
    output.write_text("old")
    decode_places = reencode.decode_places

    def failing(*arguments, **options):
        for number, step in enumerate(decode_places(*arguments, **options)):
            if number == 5:
                raise OSError(28, "No space left on device")
            yield step

    monkeypatch.setattr(reencode, "decode_places", failing)
    with pytest.raises(OutputError, match=r"clip\.mp4: cannot be written \(No space left on device\)"):
        clip_video(path, output, 1, 4, exact=True, overwrite=True)
    assert output.read_text() == "old"
    assert sorted(file.name for file in videos.folder.iterdir()) == ["clip.mp4", "film.mp4"]


def test_a_damaged_source_gives_what_can_be_decoded(build, videos):
    path = build("film.mkv", gop=10)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 3 // 4])
    index = read_packet_index(path)
    made = clip_video(path, videos.folder / "clip.mp4", 2.0, 99.0)
    assert made.end_seconds == pytest.approx(index.duration_seconds)
    shown = numbers_by_opencv(videos, made.output)
    assert shown[0] == 20
    assert shown[-1] > 30
    assert all(earlier < later for earlier, later in pairwise(shown))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
@pytest.mark.parametrize(("start", "end"), [(5.0, 7.0), (12.0, 30.0), (22.5, 24.0), (4.5, 21.0)])
def test_a_moment_within_a_long_picture_begins_where_it_was_asked_to(videos, suffix, start, end):
    path, output = videos.folder / "slides.mkv", videos.folder / f"clip{suffix}"
    videos.encode(path, [videos.grey_frame(number) for number in (5, 25, 45)], times=[0, 10_000, 20_000])
    with_tail = record(videos.folder / "tail.mp4", pictures=(0, 3), sound=(0, 30))
    for source in (path, with_tail):
        index = read_packet_index(source)
        if start >= index.duration_seconds:
            continue
        made = clip_video(source, output, start, end, overwrite=True)
        assert not made.is_copied
        assert made.why_encoded.startswith("its first picture is shown since")
        assert made.start_seconds == pytest.approx(start, abs=0.001)
        assert made.end_seconds == pytest.approx(min(end, index.duration_seconds), abs=0.05)
        cut_out = read_packet_index(output)
        assert cut_out.duration_seconds == pytest.approx(made.end_seconds - start, abs=0.1)
        assert cut_out.start_seconds < 0.1
        wanted = read_frames(source, FrameSampling(1), start_seconds=start, end_seconds=start + 0.1).pixels.mean()
        assert read_frames(output, FrameSampling(3)).pixels[0].mean() == pytest.approx(wanted, abs=3)


def test_why_a_clip_is_encoded_is_told(build, videos):
    program_stream = build("film.mpg", "mpeg2video", {"bf": "2", "b": "3M"})  # in which one cannot jump
    assert clip_video(program_stream, videos.folder / "a.mp4", 3, 4).why_encoded == "its packets cannot be copied"
    film = build()
    assert clip_video(film, videos.folder / "b.mp4", 3, 4).why_encoded is None
    assert clip_video(film, videos.folder / "c.mp4", 3, 4, exact=True).why_encoded is None
