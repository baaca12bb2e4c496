"""Files that are no videos, or no longer: one plain reason each, nothing on standard error, nothing left open."""

import io
import os
import pickle
import re
import struct
import subprocess
import sys
from pathlib import Path

import av
import av.logging
import numpy as np
import pytest
from PIL import Image

from framecue.errors import VideoError
from framecue.video import FrameSampling, probe, read_frames, read_packet_index
from framecue.video.read.source import quiet_ffmpeg

NOT_A_VIDEO = r"not a video file that ffmpeg can read \(Invalid data found when processing input\)"


@pytest.fixture
def unusable(videos, request):
    path = videos.folder / "it.mp4"
    if request.param == "text":
        path.write_text("".join(f"line {n} of a text\n" for n in range(300)))
    elif request.param == "playlist":
        path.write_text("#EXTM3U\n#EXTINF:2,\nother.ts\n")
    elif request.param == "noise":
        path.write_bytes(np.random.default_rng(0).bytes(20_000))
    elif request.param == "empty":
        path.touch()
    elif request.param == "folder":
        path.mkdir()
    elif request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "dangling link":
        path.symlink_to(videos.folder / "nowhere")
    elif request.param == "sound":
        videos.sound(path, codec="aac")
    elif request.param == "wav":
        path = videos.folder / "it.wav"
        videos.sound(path)
    elif request.param == "text file":
        path = videos.folder / "it.txt"
        path.write_text("".join(f"line {n} of a text\n" for n in range(300)))
    elif request.param == "cover":
        path = videos.folder / "it.mp3"
        videos.sound(path, codec="libmp3lame")
        path.write_bytes(id3_cover() + path.read_bytes())
    elif request.param in ("no index", "half an index", "header only"):
        videos.encode(path, [videos.grey_frame(n) for n in range(10)])
        data = path.read_bytes()
        path.write_bytes(
            data[: {"no index": data.index(b"moov"), "half an index": -200, "header only": 40}[request.param]]
        )
    return path


def id3_cover():
    """An ID3 tag that holds a picture, as music files have."""
    picture = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(picture, "PNG")
    body = b"\0image/png\0\3\0" + picture.getvalue()
    frame = b"APIC" + struct.pack(">I", len(body)) + b"\0\0" + body
    length = bytes((len(frame) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + length + frame


@pytest.mark.parametrize(
    ("unusable", "reason"),
    [
        ("text", NOT_A_VIDEO),
        ("playlist", "is a playlist, not a video file; index the files that it names"),
        ("noise", NOT_A_VIDEO),
        ("empty", "the file is empty"),
        ("missing", "no such file"),
        ("folder", "is a folder, not a video file"),
        ("pipe", "is not a regular file"),
        ("dangling link", "no such file"),
        ("sound", "no video stream, only sound"),
        ("wav", "no video stream, only sound"),
        ("text file", "is a text file, not a video file"),
        ("cover", "no video stream, only sound and cover art"),
        ("no index", r"an incomplete mp4 file: it ends before its index \(Invalid data found.*\)"),
        ("half an index", "its video stream is empty: the file is damaged or was cut off"),
        ("header only", r"an incomplete mp4 file.*"),
    ],
    indirect=["unusable"],
)
def test_each_has_one_plain_reason(unusable, reason, capfd):
    for read in (probe, read_packet_index, lambda path: read_frames(path, FrameSampling(4))):
        with pytest.raises(VideoError) as caught:
            read(unusable)
        assert re.fullmatch(reason, caught.value.reason)
        assert str(caught.value) == f"{unusable}: {caught.value.reason}"
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(videos):
    path = videos.folder / "it.mp4"
    path.write_bytes(b"something")
    path.chmod(0)
    with pytest.raises(VideoError, match="permission denied"):
        probe(path)


def test_a_name_that_cannot_be_a_file():
    with pytest.raises(VideoError, match="cannot be read"):
        probe("a\0b.mp4")


@pytest.mark.parametrize(("name", "options"), [("fast.mp4", {"movflags": "faststart"}), ("v.mkv", {}), ("v.avi", {})])
def test_what_a_truncated_file_still_holds(videos, name, options):
    path = videos.folder / name
    noise = np.random.default_rng(0).integers(0, 3, (60, 48, 64, 3), dtype=np.uint8)
    pictures = [videos.grey_frame(n) + noise[n] for n in range(60)]
    videos.encode(path, pictures, container_options=options, codec_options={"bf": "0", "crf": "1"}, gop=10)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    info, frames = probe(path), read_frames(path, FrameSampling(6))
    assert 20 < info.num_frames < 50
    assert info.duration_seconds == pytest.approx(info.num_frames / 10, abs=0.11)
    shown = np.round((frames.pixels.mean(axis=(1, 2, 3)) - 1) / videos.step)
    np.testing.assert_allclose(shown, FrameSampling(6).test_indices(info.num_frames), atol=1)


def damage(videos, lost):
    """Ten frames, each decodable alone, of which some are overwritten with zeros."""
    path = videos.folder / "damaged.mov"
    videos.encode(path, [videos.grey_frame(n) for n in range(20)], codec="png", pix_fmt="rgb24")
    with av.open(str(path)) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for number in lost:
        start = places[number]
        assert data[start : start + 4] == b"\x89PNG"
        data[start : start + 40] = bytes(40)
    path.write_bytes(data)
    return path


def test_the_nearest_frame_replaces_one_that_is_lost(videos, capfd):
    # Sampled are 2, 7, 12, 17; a whole stretch around 7 is gone.
    frames = read_frames(damage(videos, range(5, 9)), FrameSampling(4))
    assert videos.numbers(frames.pixels) == [2, 2, 12, 17]
    np.testing.assert_allclose(frames.times_seconds, [0.2, 0.2, 1.2, 1.7])
    assert capfd.readouterr() == ("", "")


def test_half_of_the_frames_is_enough_and_less_is_not(videos):
    frames = read_frames(damage(videos, range(10)), FrameSampling(4))
    assert videos.numbers(frames.pixels) == [12, 12, 12, 17]
    with pytest.raises(VideoError, match="only 1 of 4 sampled frames can be decoded: the file is damaged"):
        read_frames(damage(videos, range(15)), FrameSampling(4))
    with pytest.raises(VideoError, match=r"none of its frames can be decoded \(Invalid data.*\)"):
        read_frames(damage(videos, range(20)), FrameSampling(4))
    with pytest.raises(VideoError, match="none of its frames can be decoded"):
        probe(damage(videos, range(20)))


def open_files():
    return sorted(entry.name for entry in Path("/proc/self/fd").iterdir())


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_nothing_is_left_open(videos):
    good = videos.folder / "good.mp4"
    videos.encode(good, [videos.grey_frame(n) for n in range(10)])
    text = videos.folder / "text.mp4"
    text.write_text("no video" * 100)
    sound = videos.folder / "sound.wav"
    videos.sound(sound)
    before = open_files()
    probe(good)
    read_frames(good, FrameSampling(2))
    for path in (text, sound):
        with pytest.raises(VideoError):
            probe(path)
    assert open_files() == before


def test_ffmpeg_is_quiet_and_the_log_level_is_given_back(videos, capfd):
    path = videos.folder / "text.mp4"
    path.write_text("no video" * 100)
    before = av.logging.get_level()
    av.logging.set_level(av.logging.VERBOSE)
    try:
        with pytest.raises(VideoError):
            probe(path)
        assert av.logging.get_level() == av.logging.VERBOSE
        with quiet_ffmpeg(), quiet_ffmpeg():
            assert av.logging.get_level() is None
        assert av.logging.get_level() == av.logging.VERBOSE
    finally:
        av.logging.set_level(before)
    assert capfd.readouterr() == ("", "")


def test_importing_changes_nothing_global():
    script = (
        "import av.logging, logging, numpy as np\n"
        "av.logging.set_level(av.logging.ERROR)\n"
        "before = av.logging.get_level(), dict(np.geterr()), logging.root.level, logging.root.handlers[:]\n"
        "import framecue.video\n"
        "assert before == (av.logging.get_level(), dict(np.geterr()), logging.root.level, logging.root.handlers[:])\n"
        "import sys\n"
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_face_of_the_package():
    import framecue.video

    assert all(hasattr(framecue.video, name) for name in framecue.video.__all__)
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in framecue.video.VIDEO_SUFFIXES)
    assert not framecue.video.VIDEO_SUFFIXES & framecue.video.IMAGE_SUFFIXES


@pytest.mark.parametrize("url", ["s3://bucket/a.mp4", "https://example.org/a.mp4"])
@pytest.mark.parametrize("as_path", [False, True])
def test_a_url_says_what_can_be_done(url, as_path):
    with pytest.raises(VideoError, match="files in object stores and on the web cannot be read yet; copy it to a disk"):
        probe(Path(url) if as_path else url)
