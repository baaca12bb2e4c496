"""Reading frames: the right ones, at the right times, from every kind of file, whichever way they are decoded."""

import os
import shutil
import struct
from dataclasses import replace

import av
import numpy as np
import pytest
from PIL import Image

from framecue.errors import InputError, VideoError
from framecue.video import FrameSampling, VideoReader, probe, read_frames, read_packet_index
from framecue.video.read import decode, packets, plan, run

B_FRAMES = {"bf": "2", "x264-params": "b-adapt=0:scenecut=0:threads=1"}
# name, codec, options of the encoder, pixel format, keyframe distance
FORMATS = [
    ("h264.mp4", "libx264", B_FRAMES, "yuv420p", 5),
    ("h264.mkv", "libx264", B_FRAMES, "yuv420p", 5),
    ("h264.ts", "libx264", B_FRAMES, "yuv420p", 5),
    ("h264.flv", "libx264", B_FRAMES, "yuv420p", 5),
    ("h264.avi", "libx264", {"bf": "0"}, "yuv420p", 5),
    ("h264.mov", "libx264", B_FRAMES, "yuv420p", None),
    ("raw.h264", "libx264", B_FRAMES, "yuv420p", None),
    ("mpeg4.avi", "mpeg4", {"bf": "2", "b": "8M", "qmin": "1"}, "yuv420p", 5),
    ("mpeg2.mpg", "mpeg2video", {"bf": "2", "b": "3M"}, "yuv420p", 5),
    ("mjpeg.mov", "mjpeg", {}, "yuvj420p", None),
    ("vp8.webm", "libvpx", {"b": "1M", "auto-alt-ref": "1", "lag-in-frames": "10"}, "yuv420p", 8),
    ("wmv2.wmv", "wmv2", {"b": "1M"}, "yuv420p", 5),
    ("picture.gif", "gif", {}, "rgb8", None),
    ("picture.apng", "apng", {}, "rgb24", None),
    ("lossless.mkv", "ffv1", {}, "bgr0", None),
]
NUM = 30


@pytest.fixture
def build(videos):
    def build(name, codec, codec_options, pix_fmt, gop, num_frames=NUM):
        path = videos.folder / name
        pictures = [videos.grey_frame(number) for number in range(num_frames)]
        if pix_fmt == "rgb8":  # 3 bits of green: levels that survive
            pictures = [np.full((48, 64, 3), 0 if number % 2 else 255, np.uint8) for number in range(num_frames)]
        videos.encode(path, pictures, codec=codec, codec_options=codec_options, pix_fmt=pix_fmt, gop=gop)
        return path

    return build


@pytest.mark.parametrize("case", FORMATS, ids=lambda case: case[0])
def test_every_frame_in_order_of_presentation(build, videos, case):
    path = build(*case)
    info = probe(path)
    frames = read_frames(path, FrameSampling(NUM))
    if case[3] == "rgb8":
        assert frames.pixels[::2].min() > 250
        assert frames.pixels[1::2].max() < 5
    else:
        assert videos.numbers(frames.pixels) == list(range(NUM))
    assert frames.pixels.dtype == np.uint8
    assert frames.times_seconds.dtype == np.float64
    assert (info.num_frames, info.width, info.height, info.path) == (NUM, 64, 48, path)
    np.testing.assert_allclose(frames.times_seconds, np.arange(NUM) / 10, atol=0.002)
    assert info.duration_seconds == pytest.approx(NUM / 10, abs=0.002)
    assert read_packet_index(path).warning is None


@pytest.mark.parametrize("case", [case for case in FORMATS if case[3] != "rgb8"], ids=lambda case: case[0])
def test_jumping_and_decoding_through_give_the_same_pixels(build, monkeypatch, case):
    path = build(*case)
    index = read_packet_index(path)
    rng = np.random.default_rng(0)
    reads = []
    read_runs = VideoReader._read_runs
    monkeypatch.setattr(VideoReader, "_read_runs", lambda *a, **k: reads.append(a[1]) or read_runs(*a, **k))
    num_jumps = 0
    for _ in range(5):
        places = np.sort(rng.choice(NUM, 4, replace=False))
        places[-1] = NUM - 1
        monkeypatch.setattr(decode, "choose_places", lambda *a, places=places, **k: places)
        monkeypatch.setattr(plan, "_MIN_SAVED_FRAMES", 10**6)
        straight = read_frames(path, FrameSampling(4))
        monkeypatch.setattr(plan, "_MIN_SAVED_FRAMES", 0)
        jumping = read_frames(path, FrameSampling(4))
        np.testing.assert_array_equal(straight.pixels, jumping.pixels)
        np.testing.assert_array_equal(straight.times_seconds, jumping.times_seconds)
        assert [run.key for run in reads[0]] == [None]
        num_jumps += sum(run.key is not None for run in reads[1])
        # No third read: the jumps found all the frames by themselves. (Small MPEG-2 frames share their time stamps.)
        assert len(reads) == 2 or path.suffix == ".mpg"
        reads.clear()
    assert (num_jumps > 0) == (len(index.key_times) > 1)


def test_far_keyframes_are_jumped_to(build, videos):
    path = build("long.mp4", "libx264", B_FRAMES, "yuv420p", 5, num_frames=60)
    index = read_packet_index(path)
    runs = plan.plan_runs(index, [6, 30, 59])
    assert sum(run.num_decoded for run in runs) < plan.straight_run(index, [6, 30, 59]).num_decoded
    assert len(runs) == 3
    frames = read_frames(path, FrameSampling(2), index=index)
    assert videos.numbers(frames.pixels) == [14, 44]


def test_open_groups_of_pictures(build, monkeypatch):
    # A frame shown before a keyframe but decoded after it refers to frames on both sides.
    options = {"bf": "3", "x264-params": "open-gop=1:b-adapt=0:scenecut=0:keyint=8:min-keyint=1:threads=1"}
    path = build("open.mkv", "libx264", options, "yuv420p", 8, num_frames=40)
    index = read_packet_index(path)
    assert len(index.key_times) > 3
    for place in range(12, 40):
        monkeypatch.setattr(decode, "choose_places", lambda *a, place=place, **k: np.array([place]))
        monkeypatch.setattr(plan, "_MIN_SAVED_FRAMES", 10**6)
        straight = read_frames(path, FrameSampling(1))
        monkeypatch.setattr(plan, "_MIN_SAVED_FRAMES", 0)
        np.testing.assert_array_equal(straight.pixels, read_frames(path, FrameSampling(1)).pixels)


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv"])
def test_variable_frame_rate_is_sampled_evenly_in_time(videos, name):
    # Ten quick frames in the first second, then one every two seconds.
    times = [*range(0, 1000, 100), 1000, 3000, 5000, 7000, 9000]
    path = videos.folder / name
    videos.encode(path, [videos.grey_frame(n) for n in range(len(times))], times=times, codec_options={"bf": "0"})
    index = read_packet_index(path)
    np.testing.assert_allclose(index.times_seconds, np.array(times) / 1000, atol=0.002)
    frames = read_frames(path, FrameSampling(5))
    # 15 frames, so a grid of 15 parts; each of 5 intervals gives the middle one of its 3 parts.
    at = (np.array([1, 4, 7, 10, 13]) + 0.5) / 15 * index.duration_seconds
    expected = np.searchsorted(np.array(times) / 1000, at, side="right") - 1
    assert videos.numbers(frames.pixels) == expected.tolist()
    assert len(set(expected)) == 5
    np.testing.assert_allclose(frames.times_seconds, np.array(times)[expected] / 1000, atol=0.002)


def test_chunked_order_and_repeated_frames(build, videos, monkeypatch):
    path = build(*FORMATS[0])
    sampling = FrameSampling(12, chunk_frames=6)
    assert videos.numbers(read_frames(path, sampling).pixels) == sampling.test_indices(NUM)
    short = build("short.mp4", "libx264", {}, "yuv420p", None, num_frames=5)
    converted = []
    convert = decode.RgbConverter.__call__
    monkeypatch.setattr(
        decode.RgbConverter, "__call__", lambda self, f, s: converted.append(f.pts) or convert(self, f, s)
    )
    frames = read_frames(short, sampling)
    assert videos.numbers(frames.pixels) == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 4, 4]
    np.testing.assert_allclose(frames.times_seconds * 10, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 4, 4])
    assert len(converted) == 5


def test_training_frames_are_random_but_repeatable(build, videos):
    path = build(*FORMATS[0])
    sampling = FrameSampling(3)
    drawn = [videos.numbers(read_frames(path, sampling, rng=np.random.default_rng(s)).pixels) for s in (1, 2, 1)]
    assert drawn[0] == drawn[2] == sampling.train_indices(NUM, np.random.default_rng(1))
    assert drawn[0] != drawn[1]


def test_windows(build, videos):
    path = build(*FORMATS[0])
    # Frames 10 to 19 start in [1, 2).
    window = read_frames(path, FrameSampling(10), start_seconds=1.0, end_seconds=2.0)
    assert videos.numbers(window.pixels) == list(range(10, 20))
    np.testing.assert_allclose(window.times_seconds, np.arange(10, 20) / 10)
    assert videos.numbers(read_frames(path, FrameSampling(2), end_seconds=1.0).pixels) == [2, 7]
    assert videos.numbers(read_frames(path, FrameSampling(2), start_seconds=2.0, end_seconds=99).pixels) == [22, 27]
    # Between two frames the one that is shown then counts.
    assert videos.numbers(read_frames(path, FrameSampling(1), start_seconds=1.03, end_seconds=1.07).pixels) == [10]
    # The edges of segments that tile the video may be off by rounding; each frame is in one of them.
    tiles = [
        read_frames(path, FrameSampling(10), start_seconds=n * 1.0000001, end_seconds=(n + 1) * 0.9999999)
        for n in range(3)
    ]
    assert [n for tile in tiles for n in videos.numbers(tile.pixels)] == list(range(30))


@pytest.mark.parametrize(("start", "end"), [(2.0, 1.0), (1.0, 1.0), (-1.0, 1.0), (None, 0.0)])
def test_impossible_windows(build, start, end):
    with pytest.raises(InputError, match="0 <= start < end"):
        read_frames(build(*FORMATS[0]), FrameSampling(2), start_seconds=start, end_seconds=end)


def test_a_window_after_the_end(build):
    with pytest.raises(VideoError, match=r"starts at 3\.0 seconds, but the video lasts 3\.000 seconds"):
        read_frames(build(*FORMATS[0]), FrameSampling(2), start_seconds=3.0, end_seconds=4.0)


def test_one_index_serves_many_windows(build, monkeypatch):
    path = build(*FORMATS[0])
    index = read_packet_index(path)
    expected = read_frames(path, FrameSampling(4), start_seconds=1).pixels
    monkeypatch.setattr(packets, "scan_packets", None)
    monkeypatch.setattr(decode, "scan_packets", None)
    np.testing.assert_array_equal(read_frames(path, FrameSampling(4), start_seconds=1, index=index).pixels, expected)


def test_no_duration_in_the_header(videos):
    path = videos.folder / "piped.mkv"

    class Pipe:
        name = "pipe"

        def __init__(self, file):
            self.write = file.write

    with path.open("wb") as file:
        videos.encode(Pipe(file), [videos.grey_frame(n) for n in range(NUM)], file_format="matroska")
    with av.open(str(path)) as container:
        assert container.duration is None
    assert probe(path).duration_seconds == pytest.approx(3.0, abs=0.002)
    assert videos.numbers(read_frames(path, FrameSampling(3)).pixels) == [4, 14, 24]


def test_a_late_start_and_a_cut_stream(build, videos):
    # A transport stream starts late; joined midway it also lacks its first keyframe.
    whole, cut = build("whole.ts", "libx264", B_FRAMES, "yuv420p", 10), videos.folder / "cut.mkv"
    with av.open(str(whole)) as source, av.open(str(cut), "w") as target:
        assert source.start_time > 0
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if number >= 4 and packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    index = read_packet_index(cut)
    assert index.num_skipped == 6
    frames = read_frames(cut, FrameSampling(index.num_frames))
    assert videos.numbers(frames.pixels)[-20:] == list(range(10, 30))
    # The clock begins with what cannot be decoded, as players count.
    assert frames.times_seconds[0] == pytest.approx(0.4, abs=0.002)


TURNS = [(1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)]
MIRRORED = [(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)]


@pytest.mark.parametrize("matrix", [*TURNS, *MIRRORED])
def test_rotation_metadata(videos, matrix):
    # Four flat quarters, each of its own grey; the matrix in the track's header is (a, b, u, c, d, v, x, y, w).
    stored = np.kron(np.array([[20, 80], [140, 200]], np.uint8), np.ones((24, 32), np.uint8))
    path = videos.folder / "turned.mp4"
    videos.encode(path, [np.repeat(stored[..., None], 3, axis=2)] * 3, codec_options={"crf": "1"})
    data = bytearray(path.read_bytes())
    a, b, c, d = (value << 16 for value in matrix)
    place = data.index(b"tkhd") + 4 + 40
    assert struct.unpack(">9i", data[place : place + 36]) == (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    # Where the matrix sends each stored quarter: (x, y) counted from the middle, y downwards.
    a, b, c, d = matrix
    corners = {(x, y): stored[0 if y < 0 else -1, 0 if x < 0 else -1] for x in (-1, 1) for y in (-1, 1)}
    expected = {(a * x + c * y, b * x + d * y): grey for (x, y), grey in corners.items()}
    frames, info = read_frames(path, FrameSampling(2)), probe(path)
    assert frames.pixels.shape == (2, info.height, info.width, 3)
    assert (info.height, info.width) == ((48, 64) if a else (64, 48))
    for (x, y), grey in expected.items():
        quarter = frames.pixels[0][: info.height // 2] if y < 0 else frames.pixels[0][info.height // 2 :]
        quarter = quarter[:, : info.width // 2] if x < 0 else quarter[:, info.width // 2 :]
        assert abs(quarter[4:-4, 4:-4].mean() - grey) < 3


def test_two_sizes_in_one_video(videos):
    path = videos.folder / "two.mjpeg"
    with path.open("wb") as file:
        for size, grey in (((64, 48), 40), ((32, 24), 160)):
            Image.new("RGB", size, (grey,) * 3).save(file, "JPEG", quality=95)
    frames = read_frames(path, FrameSampling(2))
    assert frames.pixels.shape == (2, 48, 64, 3)
    assert [round(picture.mean()) for picture in frames.pixels] == [40, 160]


@pytest.mark.parametrize("size", [(33, 17), (1, 1), (2, 100)])
def test_odd_sizes(videos, size):
    path = videos.folder / "odd.mkv"
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    videos.encode(path, [picture] * 2, codec="ffv1", pix_fmt="bgr0")
    np.testing.assert_array_equal(read_frames(path, FrameSampling(2)).pixels, [picture, picture])
    assert (probe(path).height, probe(path).width) == size


@pytest.mark.parametrize("size", [(3, 5000), (5000, 3), (40, 3000), (3000, 40), (1, 2), (60, 961)])
def test_a_strip_is_bounded_by_its_long_side(videos, size):
    """However long it is: its short side alone would let it have any number of pixels."""
    path = videos.folder / "strip.png"
    Image.new("RGB", size[::-1], (200, 10, 10)).save(path)
    pixels = read_frames(path, FrameSampling(2), short_side=50).pixels
    height, width = pixels.shape[1:3]
    assert max(height, width) <= 16 * 50
    assert min(height, width) >= 1
    if max(size) <= 16 * 50:
        assert (height, width) == size
    elif min(height, width) > 3:
        assert height / width == pytest.approx(size[0] / size[1], rel=0.1)
    assert np.abs(pixels.astype(int) - (200, 10, 10)).max() <= 2
    assert read_frames(path, FrameSampling(2)).pixels.shape[1:3] == size


def test_short_side(videos):
    path = videos.folder / "wide.mkv"
    ramp = np.repeat(np.linspace(0, 255, 400).astype(np.uint8)[None, :, None], 200, axis=0).repeat(3, axis=2)
    videos.encode(path, [ramp] * 2, codec="ffv1", pix_fmt="bgr0")
    small = read_frames(path, FrameSampling(2), short_side=50).pixels
    assert small.shape == (2, 50, 100, 3)
    expected = np.asarray(Image.fromarray(ramp).resize((100, 50), Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(small[0] - expected).max() <= 2
    # Fine stripes average to grey instead of flickering.
    stripes = np.zeros((200, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    videos.encode(path, [stripes] * 2, codec="ffv1", pix_fmt="bgr0")
    inner = read_frames(path, FrameSampling(1), short_side=50).pixels[:, :, 2:-2].astype(int)
    assert np.abs(inner - 127.5).max() < 4
    assert read_frames(path, FrameSampling(1), short_side=300).pixels.shape == (1, 200, 400, 3)
    with pytest.raises(InputError, match="short_side is 0"):
        read_frames(path, FrameSampling(1), short_side=0)


def test_names_that_ffmpeg_would_misread(videos, monkeypatch):
    monkeypatch.chdir(videos.folder)
    for number, name in enumerate(
        ["img000.png", "img001.png", "img%03d.png", "12:30 a clip.png", "-i.png", "ü 中.png"]
    ):
        Image.new("RGB", (8, 8), (number * 40,) * 3).save(videos.folder / name)
        assert read_frames(name, FrameSampling(1)).pixels[0, 0, 0, 0] == number * 40
    if os.name == "posix":
        raw = os.fsdecode(b"caf\xe9.png")
        shutil.copy("img001.png", raw)
        assert read_frames(raw, FrameSampling(1)).pixels[0, 0, 0, 0] == 40


def test_real_files(real_videos):
    # Durations as ffprobe gives them for the video stream (for the mkv: for the file).
    expected = {
        "3qqEKTPxLNs_1_15.avi": (14.033, 480, 360),
        "WTf5EgVY5uU_124_128.avi": (4.011, 320, 240),
        "klteYv1Uv9A_27_33.avi": (6.067, 352, 288),
        "h264_10bits.mp4": (1.0, 200, 200),
        "h265_video.mp4": (1.0, 128, 128),
        "nasa_13013.mp4": (13.013, 480, 270),
        "av1_video.mkv": (5.0, 640, 360),
    }
    for name, (seconds, width, height) in expected.items():
        info = probe(real_videos / name)
        assert info.duration_seconds == pytest.approx(seconds, abs=0.01)
        assert (info.width, info.height) == (width, height)
        frames = read_frames(real_videos / name, FrameSampling(6), short_side=64)
        assert frames.pixels.shape[0] == 6
        assert min(frames.pixels.shape[1:3]) == 64
        assert frames.pixels.std() > 10
        assert (np.diff(frames.times_seconds) > 0).all()


def test_real_files_both_ways(real_videos, monkeypatch):
    for name in ("h265_video.mp4", "nasa_13013.mp4", "WTf5EgVY5uU_124_128.avi"):
        index = read_packet_index(real_videos / name)
        last = index.num_frames - 1
        monkeypatch.setattr(decode, "choose_places", lambda *a, p=(last // 2, last), **k: np.array(p))
        monkeypatch.setattr(plan, "_MIN_SAVED_FRAMES", 10**6)
        straight = read_frames(real_videos / name, FrameSampling(2), index=index)
        monkeypatch.setattr(plan, "_MIN_SAVED_FRAMES", 0)
        assert plan.plan_runs(index, [last // 2, last])[-1].key is not None
        np.testing.assert_array_equal(
            straight.pixels, read_frames(real_videos / name, FrameSampling(2), index=index).pixels
        )


def test_a_jump_that_lands_badly_falls_back_to_decoding_through(build, videos, monkeypatch):
    path = build("long.mp4", "libx264", B_FRAMES, "yuv420p", 5, num_frames=60)
    index = read_packet_index(path)
    # An index that claims keyframes where there are none: every jump lands before them or fails.
    wrong = replace(index, key_times=index.key_times - 1, key_decode_times=index.key_decode_times - 10**6)
    assert videos.numbers(read_frames(path, FrameSampling(2), index=wrong).pixels) == [14, 44]


def test_a_packet_without_a_frame_of_its_own_shows_the_frame_before_it():
    decoded = [(0, "a"), (1, "b"), (3, "c"), (6, "d")]  # 2, 4, 5 and 7 gave nothing
    assert list(run._taken(decoded, [0, 2, 3])) == [(0, "a"), (2, "b"), (3, "c")]
    # Two in a row are a loss, not a hidden frame; so is one with nothing before it.
    assert list(run._taken(decoded, [4, 5, 7])) == [(4, "c"), (7, "d")]
    assert list(run._taken(decoded[1:], [0, 1])) == [(1, "b")]
    assert list(run._taken([], [0])) == []
