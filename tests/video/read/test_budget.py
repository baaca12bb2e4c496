"""What a file may cost goes by its size: small files made to be decoded for hours are refused, films are not."""

import io
import struct
import zlib
from functools import cache

import av
import numpy as np
import pytest
from PIL import ExifTags, Image

from framecue.errors import VideoError
from framecue.video import FrameSampling, IsolatedReader, Progress, ReadOptions, Segmentation, probe
from framecue.video.limits import CPU_SECONDS, CPU_SECONDS_PER_MEGABYTE, MEGAPIXELS, MEGAPIXELS_PER_KILOBYTE
from framecue.video.read import pictures
from framecue.video.read.budget import Limits, begin_pass, check_time, max_cpu_seconds_of, spend, spending
from framecue.video.read.packets import scan_packets
from framecue.video.read.run import decoded_frames
from framecue.video.read.source import open_video
from support.heif import heif

OVER = r"its frames are \d+ megapixels (in all|so far), more than the \d+ that .*; max_megapixels allows more"


def repeating_gif(path, *, side, num_frames, delay=1):
    """A large picture, and after it changes of one pixel each."""
    whole, dot = io.BytesIO(), io.BytesIO()
    Image.new("P", (side, side)).save(whole, "GIF")
    Image.new("P", (1, 1)).save(dot, "GIF")
    one = dot.getvalue()
    change = b"!\xf9\x04" + struct.pack("<BHBB", 4, delay, 0, 0) + one[one.rindex(b",") : -1]
    path.write_bytes(whole.getvalue()[:-1] + change * (num_frames - 1) + b";")


@cache
def two_frames(side):
    """An animation whose large pictures are encoded once for all tests."""
    made = io.BytesIO()
    first, second = (Image.new("RGB", (side, side), (level, 9, 9)) for level in (0, 90))
    first.save(made, "WEBP", save_all=True, append_images=[second], lossless=True)
    return made.getvalue()


def repeating_webp(path, *, side, num_frames):
    """One frame of an animation again and again."""
    content = two_frames(side)
    start = content.index(b"ANMF")
    frame = content[start : start + 8 + struct.unpack("<I", content[start + 4 : start + 8])[0]]
    body = content[12:start] + frame * num_frames
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body)


def repeating_apng(path, *, side, num_frames):
    """A large picture, and after it changes of one pixel each, made of chunks as a PNG is."""
    made = io.BytesIO()
    first, second = (Image.new("L", (side, side), level) for level in (0, 0))
    second.putpixel((0, 0), 200)
    first.save(made, "PNG", save_all=True, append_images=[second], duration=40)
    content = made.getvalue()
    control = content.rindex(b"fcTL") - 4
    rest = content[control : content.index(b"IEND") - 4]
    count = struct.pack(">II", num_frames, 0)
    number, pieces = 1, []
    for _ in range(num_frames - 1):
        place = 0
        while place < len(rest):
            size = struct.unpack(">I", rest[place : place + 4])[0]
            kind, data = rest[place + 4 : place + 8], rest[place + 8 : place + 8 + size]
            pieces.append(chunk(kind, struct.pack(">I", number) + data[4:]))
            number += 1
            place += 12 + size
    head = content.index(b"acTL") - 4
    path.write_bytes(
        content[:head] + chunk(b"acTL", count) + content[head + 20 : control] + b"".join(pieces) + chunk(b"IEND", b"")
    )


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def atom(kind, content):
    return struct.pack(">I4s", 8 + len(content), kind) + content


def repeating_mp4(path, *, size, num_frames):
    """Samples that are all the same bytes of the file: four bytes a frame."""
    with av.open(str(path), "w", options={"movflags": "+empty_moov+default_base_moof"}) as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for packet in stream.encode(av.VideoFrame.from_ndarray(np.zeros((*size[::-1], 3), np.uint8))):
            container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    content = path.read_bytes()
    stsd_at = content.index(b"stsd") - 4
    stsd = content[stsd_at : stsd_at + struct.unpack(">I", content[stsd_at : stsd_at + 4])[0]]
    data_at = content.index(b"mdat") + 4
    sample = content[data_at : data_at - 8 + struct.unpack(">I", content[data_at - 8 : data_at - 4])[0]]
    tables = [
        atom(b"stts", struct.pack(">4I", 0, 1, num_frames, 1)),
        atom(b"stsc", struct.pack(">5I", 0, 1, 1, 1, 1)),
        atom(b"stsz", struct.pack(">3I", 0, len(sample), num_frames)),
        atom(b"stco", struct.pack(">2I", 0, num_frames) + struct.pack(">I", 40) * num_frames),
    ]
    identity = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    head = struct.pack(">4I", 0, 0, 0, 25)
    media = [
        atom(b"mdhd", head + struct.pack(">IHH", num_frames, 0, 0)),
        atom(b"hdlr", struct.pack(">II4s12s", 0, 0, b"vide", b"") + b"\0"),
        atom(
            b"minf",
            atom(b"vmhd", bytes(12))
            + atom(b"dinf", atom(b"dref", struct.pack(">II", 0, 1) + atom(b"url ", b"\0\0\0\1")))
            + atom(b"stbl", stsd + b"".join(tables)),
        ),
    ]
    track = atom(
        b"tkhd",
        struct.pack(">6I8x4H", 7, 0, 0, 1, 0, num_frames, 0, 0, 0, 0)
        + identity
        + struct.pack(">II", *(s << 16 for s in size)),
    ) + atom(b"mdia", b"".join(media))
    movie = atom(
        b"mvhd", head + struct.pack(">IIH10x", num_frames, 1 << 16, 0) + identity + bytes(24) + struct.pack(">I", 2)
    ) + atom(b"trak", track)
    path.write_bytes(atom(b"ftyp", b"isom\0\0\0\0isomiso2mp41mp42"[:24]) + atom(b"mdat", sample) + atom(b"moov", movie))


@pytest.fixture(scope="module")
def reader():
    with IsolatedReader() as reader:
        yield reader


def everything(reader, path, kind="shots"):
    options = ReadOptions(FrameSampling(4), Segmentation(kind), short_side=64)
    return [event for event in reader.read(str(path), options, lambda _: True) if not isinstance(event, Progress)]


@pytest.mark.parametrize("kind", ["shots", "windows", "whole"])
@pytest.mark.parametrize("delay", [1, 10, 60000])
def test_a_small_gif_of_many_large_frames(reader, tmp_path, delay, kind):
    path = tmp_path / "a.gif"
    repeating_gif(path, side=5000, num_frames=2000, delay=delay)
    assert path.stat().st_size < 80_000
    with pytest.raises(VideoError, match=OVER):
        everything(reader, path, kind)
    with pytest.raises(VideoError, match=OVER):
        reader.read_frames(path, FrameSampling(12))


@pytest.mark.parametrize("kind", ["shots", "whole"])
@pytest.mark.parametrize(("make", "side"), [(repeating_webp, 3000), (repeating_apng, 3000)])
def test_a_small_animation_of_many_large_frames(reader, tmp_path, make, side, kind):
    path = tmp_path / "a.webp" if make is repeating_webp else tmp_path / "a.png"
    make(path, side=side, num_frames=4)
    assert probe(path).num_frames == 4  # it is an animation: only its length is refused
    make(path, side=side, num_frames=4000)
    with pytest.raises(VideoError, match=OVER) as caught:
        everything(reader, path, kind)
    assert "in all" in caught.value.reason
    assert caught.value.cause == "content"
    with pytest.raises(VideoError, match=OVER):
        reader.read_frames(path, FrameSampling(4))


def test_what_an_animation_takes_in_memory_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "_MAX_FILM_BYTES", 200_000)
    path = tmp_path / "a.webp"
    noise = np.random.default_rng(0).integers(0, 255, (40, 100, 100, 3), dtype=np.uint8)
    first, *others = [Image.fromarray(picture) for picture in noise]
    first.save(path, save_all=True, append_images=others[:3])
    assert probe(path).num_frames == 4
    first.save(path, save_all=True, append_images=others)
    with pytest.raises(VideoError, match=r"an animation that takes more than \d+ MB of memory .*; convert it to mp4"):
        probe(path)


@pytest.mark.parametrize("what", ["mirrored.png", "mirrored.jpg", "transparent.avif", "tiled.heic"])
def test_pictures_that_are_put_together_count_too(tmp_path, what):
    path = tmp_path / what
    if what.startswith("mirrored"):
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = 2
        Image.new("RGB", (256, 256)).save(path, exif=exif)
    else:
        scene = np.zeros((256, 256, 3), np.uint8)
        path.write_bytes(heif(scene, codec="av01" if path.suffix == ".avif" else "hvc1", tiles=(2, 2)))
    with spending(str(path), Limits(max_megapixels=0.07)):
        assert probe(path).width == 256
    with (
        spending(str(path), Limits(max_megapixels=0.06)),
        pytest.raises(VideoError, match=r"0\.0655 megapixels in all, more than the 0\.06 that"),
    ):
        probe(path)


def test_a_film_of_one_frame_again_and_again(reader, tmp_path):
    path = tmp_path / "a.mp4"
    repeating_mp4(path, size=(4096, 2304), num_frames=50)
    assert len(everything(reader, path)) == 2  # it is a film: only its length is refused
    repeating_mp4(path, size=(4096, 2304), num_frames=20_000)
    assert path.stat().st_size < 200_000
    with pytest.raises(VideoError, match=OVER):
        everything(reader, path)


@pytest.mark.parametrize(("limit", "is_enough"), [(16, False), (19, True)])
@pytest.mark.parametrize("kind", ["shots", "windows"])
def test_the_limit_can_be_given(tmp_path, kind, limit, is_enough):
    path = tmp_path / "a.gif"
    repeating_gif(path, side=300, num_frames=200, delay=10)  # 18 megapixels
    with IsolatedReader(max_megapixels=limit) as reader:
        if is_enough:
            assert len(everything(reader, path, kind)) > 2
        else:
            with pytest.raises(VideoError, match=r"1[78] megapixels in all, more than the 16 that"):
                everything(reader, path, kind)


def test_frames_count_as_they_are_decoded(videos):
    """What a file says of its size beforehand may be wrong."""
    path = videos.folder / "a.mp4"
    videos.encode(path, [videos.grey_frame(step % 50) for step in range(10)])
    with open_video(path) as (container, stream), spending(str(path), Limits(max_megapixels=0.02)):
        index = scan_packets(path, container, stream)
    with open_video(path) as (container, stream), spending(str(path), Limits(max_megapixels=0.02)):
        frames = decoded_frames(container, stream, index, [])
        with pytest.raises(VideoError, match=r"0.0215 megapixels so far, more than the 0.02 that"):
            list(frames)


def test_a_budget_ends_with_its_block(videos):
    path = videos.folder / "a.mp4"
    videos.encode(path, [videos.grey_frame(step) for step in range(4)])
    with open_video(path) as (_, stream):
        with spending(str(path), Limits(max_megapixels=1, max_cpu_seconds=1e-9)):
            for _ in range(3):
                begin_pass(stream, 325)
                spend(1_000_000)
                for over in (lambda: begin_pass(stream, 326), lambda: spend(1), check_time):
                    with pytest.raises(VideoError):
                        over()
        begin_pass(stream, 1 << 40)
        spend(1 << 60)
        check_time()


@pytest.mark.parametrize(
    ("what", "megabytes", "megapixels", "cpu_seconds"),
    [
        # Sizes as encoders make them; processor time as on a core of a small computer.
        ("three hours of 4K film at 60 a second, 15 Mbit/s", 20_000, 10_800 * 60 * 8.3, 150_000),
        ("three hours of 4K at 1 Mbit/s", 1_350, 10_800 * 24 * 8.3, 100_000),
        ("a minute from a phone, 8K", 600, 60 * 30 * 33.2, 20_000),
        ("an hour of a slide, 1080p", 23, 90_000 * 2.07, 2_000),
        ("an hour of black, 1080p", 4, 90_000 * 2.07, 1_000),
        ("a minute of black, 4K", 0.15, 1_500 * 8.3, 100),
        ("a day of a camera, 1080p at 0.5 Mbit/s", 5_400, 86_400 * 25 * 2.07, 100_000),
        ("a GIF of a thousand frames", 3, 1_000 * 0.5, 20),
        ("the largest picture that ffmpeg decodes", 0.8, 268, 60),
    ],
)
def test_films_pass(what, megabytes, megapixels, cpu_seconds):
    assert megapixels < MEGAPIXELS + MEGAPIXELS_PER_KILOBYTE * megabytes * 1000
    assert cpu_seconds < CPU_SECONDS + CPU_SECONDS_PER_MEGABYTE * megabytes


def test_a_file_counts_for_what_it_holds(tmp_path):
    """A file with a hole claims bytes that are not there."""
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x" * 100_000)
    assert max_cpu_seconds_of(str(path), Limits()) == pytest.approx(
        CPU_SECONDS + 0.1 * CPU_SECONDS_PER_MEGABYTE, rel=0.1
    )
    with path.open("r+b") as file:
        file.truncate(10**10)
    if path.stat().st_blocks * 512 < 10**9:
        assert max_cpu_seconds_of(str(path), Limits()) < 1_000
    assert max_cpu_seconds_of(str(path), Limits(max_cpu_seconds=7)) == 7
