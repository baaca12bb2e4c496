"""Hard cuts: all of them, none within a moving shot, at the time of the first frame of the new shot."""

import subprocess
import sys

import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.video import read_packet_index
from framecue.video.read import shots
from framecue.video.read.heartbeat import heard_by
from framecue.video.read.shots import find_cuts

B_FRAMES = {"bf": "3", "x264-params": "b-pyramid=normal:b-adapt=0:scenecut=0:threads=1"}
RATE = 25
LENGTHS = [30, 41, 27, 50, 33, 29]  # frames of each shot
CUTS = np.cumsum(LENGTHS)[:-1]
# name, codec, options of the encoder, keyframe distance
FILES = [
    ("far-keyframes.mp4", "libx264", B_FRAMES, 250),
    ("keyframes-at-cuts.mp4", "libx264", {"bf": "3", "x264-params": "threads=1"}, 250),
    ("near-keyframes.mkv", "libx264", B_FRAMES, 12),
    ("stream.ts", "libx264", B_FRAMES, 50),
    ("vp9.webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "b": "1M"}, 100),
    ("hevc.mp4", "libx265", {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1"}, 100),
    ("mpeg4.avi", "mpeg4", {"b": "2M"}, 50),
]


def film(lengths=LENGTHS, *, size=(72, 128), speed=2):
    """Each shot pans over a picture of its own."""
    rng = np.random.default_rng(7)
    for length in lengths:
        coarse = rng.integers(0, 256, (6, 60, 3), dtype=np.uint8)
        coarse = (coarse // 3 + rng.integers(0, 170, 3)).astype(np.uint8)
        scene = np.kron(coarse, np.ones((size[0] // 6, 16, 1), np.uint8))
        for number in range(length):
            yield scene[:, number * speed : number * speed + size[1]]


def cuts_of(path, **options):
    index = read_packet_index(path)
    return index, find_cuts(path, index, **options)


@pytest.mark.parametrize("case", FILES, ids=lambda case: case[0])
def test_every_cut_at_its_first_frame(videos, case):
    name, codec, options, gop = case
    path = videos.folder / name
    videos.encode(path, list(film()), codec=codec, codec_options=options, rate=RATE, gop=gop)
    index, cuts = cuts_of(path)
    assert cuts == index.times_seconds[CUTS].tolist()


def test_variable_frame_rate(videos):
    path = videos.folder / "variable.mkv"
    pictures = list(film())
    gaps = np.random.default_rng(0).integers(15, 120, len(pictures))
    times = np.concatenate([[0], np.cumsum(gaps)[:-1]])
    videos.encode(path, pictures, codec_options=B_FRAMES, gop=250, times=times.tolist())
    np.testing.assert_allclose(cuts_of(path)[1], times[CUTS] / 1000, atol=1e-6)


def test_a_moving_camera_is_no_cut(videos):
    path = videos.folder / "pan.mp4"
    videos.encode(path, list(film([150], speed=5)), codec_options=B_FRAMES, rate=RATE, gop=25)
    assert cuts_of(path)[1] == []


def test_a_small_part_that_moves_or_changes_is_no_cut(videos):
    pictures = [np.full((72, 128, 3), (90, 140, 60), np.uint8) for _ in range(100)]
    for number, picture in enumerate(pictures):
        picture[20:40, number : number + 16] = (250, 40, 40)
        picture[50:60, 100:110] = (0, 0, 250) if number > 50 else (90, 140, 60)
    path = videos.folder / "actors.mp4"
    videos.encode(path, pictures, codec_options=B_FRAMES, rate=RATE, gop=250)
    assert cuts_of(path)[1] == []


def test_plain_pictures(videos):
    # As generated video has them: one colour, then another.
    colours = [(200, 210, 190), (190, 160, 200), (60, 60, 60), (240, 240, 240)]
    pictures = [np.full((72, 128, 3), colour, np.uint8) for colour in colours for _ in range(40)]
    path = videos.folder / "plain.mp4"
    videos.encode(path, pictures, codec_options=B_FRAMES, rate=RATE, gop=250)
    assert cuts_of(path)[1] == [1.6, 3.2, 4.8]


def test_frames_that_nobody_refers_to_are_left_out_but_where_a_cut_is(videos, monkeypatch):
    path = videos.folder / "film.mp4"
    videos.encode(path, list(film()), codec_options=B_FRAMES, rate=RATE, gop=250)
    looks = []
    small = shots._SmallFrames.__call__
    monkeypatch.setattr(
        shots._SmallFrames, "__call__", lambda self, f: looks.append((id(self), f.pts)) or small(self, f)
    )
    cuts_of(path)
    by_pass = [sum(who == name for who, _ in looks) for name in dict.fromkeys(who for who, _ in looks)]
    assert len(by_pass) == 2
    assert by_pass[0] < 0.6 * sum(LENGTHS)
    assert by_pass[1] <= 4 * len(CUTS)


def test_damaged_video_gives_what_can_be_decoded(videos):
    path = videos.folder / "film.mkv"
    videos.encode(path, list(film()), codec_options=B_FRAMES, rate=RATE, gop=25)
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for place in rng.integers(len(data) // 4, len(data) // 2, 40):
        data[place] ^= 0xFF
    path.write_bytes(data)
    index, cuts = cuts_of(path)
    assert index.num_frames < sum(LENGTHS)
    assert all(np.abs(np.array(cuts) - place / RATE).min() < 0.001 for place in CUTS[3:])
    path.write_bytes(data[: len(data) * 2 // 3])
    index, cuts = cuts_of(path)
    assert all(0 < cut < index.duration_seconds for cut in cuts)


def test_a_file_that_is_gone(videos):
    path = videos.folder / "film.mp4"
    videos.encode(path, list(film([5])), rate=RATE)
    index = read_packet_index(path)
    path.unlink()
    with pytest.raises(VideoError, match="no such file"):
        find_cuts(path, index)


def test_signs_of_life(videos):
    path = videos.folder / "film.mp4"
    videos.encode(path, list(film()), codec_options=B_FRAMES, rate=RATE, gop=250)
    index = read_packet_index(path)
    beats = []
    with heard_by(lambda: beats.append(1)):
        find_cuts(path, index)
    assert len(beats) >= sum(LENGTHS)


def test_the_detector_is_imported_when_a_long_video_comes_and_not_before():
    program = "import sys, framecue.video; print(*{'cv2', 'scenedetect', 'torch', 'lancedb'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
