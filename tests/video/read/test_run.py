"""One run of a plan: what is left out changes no pixel, nothing is read past the last frame, files are gone back in."""

import numpy as np
import pytest

from framecue.video import FrameSampling, VideoReader, probe, read_frames, read_packet_index
from framecue.video.read import decode, plan, run

NUM = 40
PYRAMID = {"bf": "3", "x264-params": "b-pyramid=normal:b-adapt=0:scenecut=0:threads=1"}
# name, codec, options of the encoder
FILES = [
    ("pyramid.mp4", "libx264", PYRAMID),
    ("pyramid.mkv", "libx264", PYRAMID),
    ("pyramid.ts", "libx264", PYRAMID),
    ("interlaced.mp4", "libx264", {**PYRAMID, "x264-params": PYRAMID["x264-params"] + ":tff=1"}),
    ("interlaced.ts", "libx264", {**PYRAMID, "x264-params": PYRAMID["x264-params"] + ":tff=1"}),
    ("open.mp4", "libx264", {**PYRAMID, "x264-params": PYRAMID["x264-params"] + ":open-gop=1"}),
    ("hevc.mp4", "libx265", {"x265-params": "bframes=3:b-pyramid=1:log-level=none:pools=none:frame-threads=1"}),
    ("mpeg4.mp4", "mpeg4", {"bf": "2", "b": "8M"}),
    ("mpeg2.mpg", "mpeg2video", {"bf": "2", "b": "3M"}),
    ("vp8.webm", "libvpx", {"b": "1M", "auto-alt-ref": "1", "lag-in-frames": "10"}),
]


@pytest.fixture
def build(videos):
    """A bright bar that moves by 2 pixels a frame over fixed noise: every frame differs, and refers to others."""

    def build(name, codec, codec_options, gop=16):
        noise = np.random.default_rng(0).integers(0, 128, (48, 96, 3), dtype=np.uint8)
        pictures = [noise.copy() for _ in range(NUM)]
        for number, picture in enumerate(pictures):
            picture[:, 2 * number : 2 * number + 8] = 250
        path = videos.folder / name
        videos.encode(path, pictures, codec=codec, codec_options=codec_options, gop=gop)
        return path

    return build


def bar_numbers(pixels):
    """Which frames these are, by where the bar begins."""
    return [int(np.argmax(picture.mean(axis=(0, 2)) > 200)) // 2 for picture in pixels]


@pytest.mark.parametrize("case", FILES, ids=lambda case: case[0])
def test_leaving_frames_out_changes_no_pixel(build, monkeypatch, case):
    path = build(*case)
    everything = read_frames(path, FrameSampling(NUM))
    assert bar_numbers(everything.pixels) == list(range(NUM))
    for places in ([3], [0, 21], [7, 8, 30], [15, 16, 17], [NUM - 1], [2, 18, 19, 38]):
        monkeypatch.setattr(decode, "choose_places", lambda *a, places=places, **k: np.array(places))
        for min_saved in (0, 10**6):  # by jumps, and straight through
            monkeypatch.setattr(plan, "_MIN_SAVED_FRAMES", min_saved)
            frames = read_frames(path, FrameSampling(len(places)))
            np.testing.assert_array_equal(frames.pixels, everything.pixels[places])
            np.testing.assert_array_equal(frames.times_seconds, everything.times_seconds[places])


def test_frames_that_nobody_refers_to_are_not_decoded(build):
    path = build(*FILES[0], gop=NUM)
    given = {}
    for skip in (True, False):
        with VideoReader(path) as video:
            assert run.rewind(video._container, video._stream, video.index)
            whole = plan.straight_run(video.index, [30])
            decoded = run._decoded(video._container, video._stream, video.index, whole, [], skip=skip)
            given[skip] = [place for place, _ in decoded]
    assert 30 in given[True]
    assert len(given[True]) < 0.7 * len(given[False])
    # Nothing is decoded of what comes after the wanted packet and the next one.
    assert max(given[False]) <= 36


def test_hevc_is_decoded_without_leaving_frames_out(build):
    path = build(*FILES[6])
    with VideoReader(path) as video:
        assert run.rewind(video._container, video._stream, video.index)
        whole = plan.straight_run(video.index, [12])
        decoded = run._decoded(video._container, video._stream, video.index, whole, [], skip=True)
        fed = video.index.ranks <= video.index.ranks[12] + 1
        assert [place for place, _ in decoded] == np.flatnonzero(fed).tolist()


@pytest.mark.parametrize("case", FILES, ids=lambda case: case[0])
def test_many_windows_of_one_open_file(build, monkeypatch, case):
    path = build(*case)
    expected = read_frames(path, FrameSampling(NUM)).pixels
    info = probe(path)
    opened, scanned = [], []
    open_video, scan_packets = decode.open_video, decode.scan_packets
    monkeypatch.setattr(decode, "open_video", lambda path: opened.append(path) or open_video(path))
    monkeypatch.setattr(decode, "scan_packets", lambda *a: scanned.append(a) or scan_packets(*a))
    with VideoReader(path) as video:
        for first in (30, 0, 10, 20):
            frames = video.read_frames(FrameSampling(10), start_seconds=first / 10, end_seconds=first / 10 + 1)
            np.testing.assert_array_equal(frames.pixels, expected[first : first + 10])
            assert video.info() == info
    assert len(scanned) == 1
    if path.suffix in {".mp4", ".mkv", ".webm"}:
        assert len(opened) == 1
    video.close()


def test_a_known_index_is_not_read_again(build, monkeypatch):
    path = build(*FILES[0])
    index = read_packet_index(path)
    monkeypatch.setattr(decode, "scan_packets", None)
    with VideoReader(path, index=index) as video:
        assert bar_numbers(video.read_frames(FrameSampling(4)).pixels) == FrameSampling(4).test_indices(NUM)
        assert video.index is index


def test_a_frame_missed_by_leaving_others_out_is_found_by_decoding_all(build, monkeypatch):
    path = build(*FILES[0])
    expected = read_frames(path, FrameSampling(4))
    skips = []
    read_runs = VideoReader._read_runs

    def lossy(self, runs, short_side, *, skip=True):
        pixels, problems = read_runs(self, runs, short_side, skip=skip)
        skips.append(skip)
        if skip:
            del pixels[max(pixels)]
        return pixels, problems

    monkeypatch.setattr(VideoReader, "_read_runs", lossy)
    np.testing.assert_array_equal(read_frames(path, FrameSampling(4)).pixels, expected.pixels)
    assert skips == [True, False]


@pytest.mark.parametrize("case", FILES[:5], ids=lambda case: case[0])
def test_several_decoders_give_what_one_gives(build, monkeypatch, case):
    path = build(*case, gop=8)
    monkeypatch.setattr(plan, "_MIN_SAVED_FRAMES", 0)
    one = read_frames(path, FrameSampling(5))
    monkeypatch.setattr(decode, "_SMALL_WORK_PIXELS", 0)
    monkeypatch.setattr(decode, "num_cores", lambda: 3)
    elsewhere = []
    decode_elsewhere = VideoReader._decode_elsewhere
    monkeypatch.setattr(
        VideoReader, "_decode_elsewhere", lambda *a: elsewhere.append(len(a[1])) or decode_elsewhere(*a)
    )
    several = read_frames(path, FrameSampling(5))
    assert len(elsewhere) == 2
    np.testing.assert_array_equal(several.pixels, one.pixels)
    np.testing.assert_array_equal(several.times_seconds, one.times_seconds)


def test_shares_are_even_and_in_order():
    runs = [plan.Run(key, (key,), num) for key, num in enumerate([10, 10, 10, 10, 40])]
    assert plan.share_runs(runs, 2) == [runs[:4], runs[4:]]
    assert plan.share_runs(runs, 1) == [runs]
    assert [run for share in plan.share_runs(runs, 9) for run in share] == runs
    assert all(plan.share_runs(runs, 9))
