"""Many segments in one pass forward: the frames that reading them one by one gives, each decoded once."""

import shutil

import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.video import FrameSampling, Segmentation, VideoReader, read_packet_index
from framecue.video.read import forward, run
from framecue.video.read.forward import read_segments
from framecue.video.read.heartbeat import heard_by

PYRAMID = {"bf": "3", "x264-params": "b-pyramid=normal:b-adapt=0:scenecut=0:threads=1"}
# name, codec, options of the encoder, keyframe distance
FILES = [
    ("far-keyframes.mp4", "libx264", PYRAMID, 250),
    ("near-keyframes.mkv", "libx264", PYRAMID, 12),
    ("open.mp4", "libx264", {**PYRAMID, "x264-params": PYRAMID["x264-params"] + ":open-gop=1"}, 20),
    ("stream.ts", "libx264", PYRAMID, 50),
    ("hevc.mp4", "libx265", {"x265-params": "bframes=3:log-level=none:pools=none:frame-threads=1"}, 60),
    ("mpeg4.avi", "mpeg4", {"b": "2M"}, 25),
    ("vp8.webm", "libvpx", {"b": "1M", "auto-alt-ref": "1", "lag-in-frames": "10"}, 60),
    ("picture.gif", "gif", {}, None),
]
SEGMENTS = Segmentation(segment_seconds=2, overlap_seconds=1.3).segments(20.0, [7.3, 12.0])
NUM = 200


@pytest.fixture(scope="module")
def built():
    """The bytes of the files that were encoded."""
    return {}


@pytest.fixture
def build(videos, built):
    """A picture that changes slowly, so that every frame is its own."""

    def build(name="film.mp4", codec="libx264", codec_options=PYRAMID, gop=250):
        path, what = videos.folder / name, (name, gop)
        if what in built:
            path.write_bytes(built[what])
            return path
        noise = np.random.default_rng(0).integers(0, 128, (48, 64, 3), dtype=np.uint8)
        pictures = [noise.copy() for _ in range(NUM)]
        for number, picture in enumerate(pictures):
            picture[:, number % 60 : number % 60 + 4] = 255 - number // 2
        pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        videos.encode(path, pictures, codec=codec, codec_options=codec_options, gop=gop, pix_fmt=pix_fmt)
        built[what] = path.read_bytes()
        return path

    return build


def one_by_one(path, sampling, segments, **options):
    with VideoReader(path) as video:
        return [video.read_frames(sampling, start_seconds=a, end_seconds=b, **options) for a, b in segments]


def forwards(path, *arguments, **options):
    index = read_packet_index(path)
    return list(read_segments(path, index, *arguments, **options))


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_array_equal(one.times_seconds, other.times_seconds)


@pytest.mark.parametrize("case", FILES, ids=lambda case: case[0])
@pytest.mark.parametrize("sampling", [FrameSampling(3), FrameSampling(12, chunk_frames=6)], ids=["3", "12 by 6"])
def test_the_frames_that_reading_one_by_one_gives(build, case, sampling):
    path = build(*case)
    expected = one_by_one(path, sampling, SEGMENTS, short_side=24)
    assert_same(forwards(path, sampling, SEGMENTS, short_side=24), expected)


def test_segments_far_apart_are_jumped_to(build, monkeypatch):
    path = build(gop=10)
    segments = [(0.0, 1.0), (10.0, 11.0), (19.0, 20.0)]
    expected = one_by_one(path, FrameSampling(2), segments)
    jumps = []
    jump = run.jump
    monkeypatch.setattr(run, "jump", lambda *a: jumps.append(a[-1]) or jump(*a))
    assert_same(forwards(path, FrameSampling(2), segments), expected)
    assert len(jumps) >= 2


def test_each_frame_is_decoded_once_and_held_no_longer_than_needed(build, monkeypatch):
    path = build()
    converted, held = [], []
    convert = forward.RgbConverter.__call__
    monkeypatch.setattr(
        forward.RgbConverter, "__call__", lambda self, f, s: converted.append(f.pts) or convert(self, f, s)
    )
    gather = forward.gather
    monkeypatch.setattr(forward, "gather", lambda *a: held.append(len(a[3])) or gather(*a))
    assert len(forwards(path, FrameSampling(12), SEGMENTS)) == len(SEGMENTS)
    assert len(converted) == len(set(converted))
    assert max(held) <= 24


def damaged(build, name, first, last, share):
    """Overwrite that share of the bytes between two parts of the file, but leave its structure."""
    path = build(name=name, gop=20)
    shutil.copy(path, path.with_name(f"whole {name}"))
    rng = np.random.default_rng(1)
    data = bytearray(path.read_bytes())
    start, end = data.index(b"mdat") + 4, data.index(b"moov")
    for place in rng.integers(int(start + first * (end - start)), int(start + last * (end - start)), share):
        data[place] ^= 0xFF
    path.write_bytes(data)
    return path


def test_a_damaged_part_costs_its_own_segments_and_the_file_is_opened_once_more(build, monkeypatch):
    path = damaged(build, "film.mp4", 0.3, 0.5, 3000)
    # The same file before it was damaged: an encoder may give other bytes the second time, after others ran.
    whole = path.with_name("whole film.mp4")
    opened = []
    open_video = forward.open_video
    monkeypatch.setattr(forward, "open_video", lambda path: opened.append(path) or open_video(path))
    found = forwards(path, FrameSampling(4), SEGMENTS)
    expected = forwards(whole, FrameSampling(4), SEGMENTS)
    assert len(found) == len(SEGMENTS)
    lost = [isinstance(item, VideoError) for item in found]
    assert 1 <= sum(lost) < len(lost) / 2
    assert "can be decoded" in next(item.reason for item in found if isinstance(item, VideoError))
    for (start, end), one, other in zip(SEGMENTS, found, expected, strict=True):
        if end < 4 or start > 14:
            np.testing.assert_array_equal(one.pixels, other.pixels)
    assert len(opened) == 3  # two for the damaged file, one for the whole one


def test_a_frame_missed_by_the_quick_way_is_found_by_the_careful_one(build, monkeypatch):
    path = build()
    expected = one_by_one(path, FrameSampling(4), SEGMENTS)
    decode_places = forward.decode_places
    ways = []

    def lossy(*arguments, is_careful):
        ways.append((is_careful, len(arguments[2])))
        for step in decode_places(*arguments, is_careful=is_careful):
            if is_careful or not 80 < step[0] < 90:
                yield step

    monkeypatch.setattr(forward, "decode_places", lossy)
    assert_same(forwards(path, FrameSampling(4), SEGMENTS), expected)
    assert [is_careful for is_careful, _ in ways] == [False, True]
    # Not again what was given already.
    assert ways[1][1] < ways[0][1] - 20


def test_a_file_cut_off_while_it_is_read(build):
    path = build(name="film.mkv", gop=20)
    index = read_packet_index(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = list(read_segments(path, index, FrameSampling(4), SEGMENTS))
    lost = [isinstance(item, VideoError) for item in found]
    assert len(lost) == len(SEGMENTS)
    assert not lost[0]
    assert lost[-1]
    assert lost == sorted(lost)


def test_signs_of_life(build):
    path = build()
    index = read_packet_index(path)
    beats = []
    with heard_by(lambda: beats.append(1)):
        list(read_segments(path, index, FrameSampling(1), [(18.0, 20.0)]))
    assert len(beats) > 50
