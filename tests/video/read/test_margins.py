"""What the container says is not shown: the clean aperture of mp4 and mov, the crop of Matroska."""

import io
import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from framecue.video import FrameSampling, clip_video, probe, read_frames
from framecue.video.read.margins import declared_margins

ONE = FrameSampling(1)
SHOWN, HIDDEN = 90, 220
HEIGHT, WIDTH = 96, 128


def picture(left, right, top, bottom):
    """Grey, with margins that would be seen."""
    pixels = np.full((HEIGHT, WIDTH, 3), HIDDEN, np.uint8)
    pixels[top : HEIGHT - bottom, left : WIDTH - right] = SHOWN
    return pixels


def mp4(path, pixels, aperture, *, pixel=1, turned=0):
    """Write a file and put a clean aperture into its sample description, whose box and all around it grow."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "5"})
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(pixel)
        if turned:
            stream.set_display_rotation(turned)
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    content = bytearray(path.read_bytes())
    box = struct.pack(">I4s8i", 40, b"clap", *aperture)
    start, end = content.index(b"moov") - 4, len(content)
    inner = content.index(b"avc1") - 4
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        place = content.index(kind, start) - 4
        (length,) = struct.unpack(">I", content[place : place + 4])
        content[place : place + 4] = struct.pack(">I", length + len(box))
        if kind == b"avc1":
            inner = place + length
    assert start < inner < end
    content[inner:inner] = box
    path.write_bytes(content)
    return path


def around(left, right, top, bottom):
    """Return the aperture for margins: size, and how far its middle is off."""
    width, height = WIDTH - left - right, HEIGHT - top - bottom
    return width, 1, height, 1, left - right, 2, top - bottom, 2


def element(kind, content):
    return bytes.fromhex(kind) + struct.pack(">Q", len(content) | 1 << 56) + content


def number(kind, value):
    return element(kind, value.to_bytes(4, "big"))


def matroska(path, pixels, left, right, top, bottom, *, shown=None):
    """Write a file of Motion JPEG by hand."""
    jpeg = io.BytesIO()
    Image.fromarray(pixels).save(jpeg, "JPEG", quality=97)
    crop = number("54cc", left) + number("54dd", right) + number("54bb", top) + number("54aa", bottom)
    size = number("b0", WIDTH) + number("ba", HEIGHT) + crop
    if shown:
        size += number("54b0", shown[0]) + number("54ba", shown[1])
    track = number("d7", 1) + number("73c5", 1) + number("83", 1) + element("86", b"V_MJPEG") + element("e0", size)
    blocks = b"".join(element("a3", b"\x81" + struct.pack(">hB", 100 * n, 0x80) + jpeg.getvalue()) for n in range(5))
    content = element("1549a966", number("2ad7b1", 1_000_000)) + element("1654ae6b", element("ae", track))
    content += element("1f43b675", number("e7", 0) + blocks)
    head = element("1a45dfa3", element("4282", b"matroska") + number("4287", 4) + number("4285", 2))
    path.write_bytes(head + element("18538067", content))
    return path


def write(path, margins, **named):
    if path.suffix == ".mkv":
        return matroska(path, picture(*margins), *margins, **named)
    return mp4(path, picture(*margins), around(*margins), **named)


def shown(path, **options):
    pixels = read_frames(path, ONE, **options).pixels[0]
    if not options:
        info = probe(path)
        assert (info.height, info.width) == pixels.shape[:2]
    return pixels


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("margins", [(8, 8, 0, 0), (0, 0, 12, 12), (10, 4, 6, 2), (7, 0, 0, 5)])
def test_margins_are_cut_off(tmp_path, ending, margins):
    pixels = shown(write(tmp_path / f"a.{ending}", margins))
    assert pixels.shape == (HEIGHT - sum(margins[2:]), WIDTH - sum(margins[:2]), 3)
    # Where a margin is odd, half a pixel of colour is shared with it.
    edge = 1 if any(side % 2 for side in margins) else 0
    inner = pixels[edge : len(pixels) - edge, edge : pixels.shape[1] - edge].astype(int)
    assert np.abs(inner - SHOWN).max() < 14


def test_margins_are_stored_ones(tmp_path):
    turned = shown(write(tmp_path / "turned.mp4", (20, 4, 6, 2), turned=90))
    assert turned.shape[:2] == (WIDTH - 24, HEIGHT - 8)
    wide = shown(write(tmp_path / "wide.mp4", (20, 4, 6, 2), pixel="4/3"))
    assert wide.shape[:2] == (HEIGHT - 8, round((WIDTH - 24) * 4 / 3))
    small = shown(write(tmp_path / "wide.mp4", (20, 4, 6, 2), pixel="4/3"), short_side=44)
    assert small.shape[:2] == (44, round((WIDTH - 24) * 4 / 3 / 2))
    # Matroska gives the size of what is left.
    assert shown(write(tmp_path / "a.mkv", (16, 16, 0, 0), shown=(192, 96))).shape[:2] == (96, 192)


@pytest.mark.parametrize("exact", [False, True])
def test_a_clip_has_no_margins_either(tmp_path, exact):
    path = write(tmp_path / "a.mp4", (20, 4, 6, 2))
    clip_video(path, tmp_path / "clip.mp4", 0, 0.4, exact=exact)
    assert np.abs(shown(tmp_path / "clip.mp4").astype(int) - SHOWN).max() < 14


ABSURD = [
    (0, 1, 96, 1, 0, 1, 0, 1),
    (128, 0, 96, 1, 0, 1, 0, 1),
    (4, 1, 4, 1, 0, 1, 0, 1),
    (512, 1, 96, 1, 0, 1, 0, 1),
    (100, 1, 96, 1, 90, 1, 0, 1),
    (-100, 1, 96, 1, 0, 1, 0, 1),
    (128, 1, 96, 1, 0, 1, 0, 1),
]


@pytest.mark.parametrize("aperture", ABSURD)
def test_an_absurd_aperture_counts_as_none(tmp_path, aperture):
    assert shown(mp4(tmp_path / "a.mp4", picture(8, 8, 0, 0), aperture)).shape[:2] == (HEIGHT, WIDTH)


@settings(max_examples=60)
@given(st.sampled_from(["mp4", "mkv"]), st.integers(0, 5000), st.binary(min_size=1, max_size=12))
def test_damaged_headers_never_raise(tmp_path_factory, ending, place, piece):
    folder = tmp_path_factory.getbasetemp()
    path = folder / f"margins.{ending}"
    if not path.exists():
        write(path, (8, 8, 4, 4))
    content = bytearray(path.read_bytes())
    place %= len(content)
    content[place : place + len(piece)] = piece
    damaged = folder / f"damaged.{ending}"
    damaged.write_bytes(content)
    with av.open(str(path)) as container:
        margins = declared_margins(damaged, container, container.streams.video[0])
    assert margins is None or (min(margins) >= 0 and min(margins.shown(WIDTH, HEIGHT)) > 0)
