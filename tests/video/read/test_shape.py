"""Pictures as players show them: pixels that are not square, and streams whose shape changes midway."""

import io
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from framecue.video import FrameSampling, clip_video, probe, read_frames, read_packet_index
from framecue.video.read.moments import Moment, ReadOptions, read_moments
from framecue.video.read.segments import Segmentation
from framecue.video.read.shape import fitted, of_one_size, shown_size
from framecue.video.read.shots import find_cuts

ONE = FrameSampling(1)
CASES = Path(__file__).parents[4] / "shared" / "cases"


def ramp(height, width):
    """Bright from the left to the right, so that a turned picture is seen."""
    return np.broadcast_to(np.linspace(30, 220, width).astype(np.uint8)[None, :, None], (height, width, 3))


def write(path, pixel, *, size=(144, 180), codec="libx264", count=5, turned=0, rate=10, grey=None):
    """Write a clip whose codec and container say that a pixel is so wide for its height."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(pixel)
        if turned:
            stream.set_display_rotation(turned)
        for number in range(count):
            picture = ramp(*size) if grey is None else np.full((*size, 3), grey, np.uint8)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def declare(path, pixel):
    """Let an mp4 file's container say another shape than its codec does."""
    content = bytearray(path.read_bytes())
    place = content.index(b"pasp") + 4
    content[place : place + 8] = struct.pack(">II", *pixel)
    path.write_bytes(content)


def shown(path, **options):
    """Return the size of the first frame, which ``probe`` has to agree with."""
    height, width = read_frames(path, ONE, **options).pixels.shape[1:3]
    if not options:
        info = probe(path)
        assert (info.width, info.height) == (width, height)
    return width, height


FILES = [
    ("a.mp4", "libx264"),
    ("a.mkv", "libx264"),
    ("a.ts", "libx264"),
    ("a.mpg", "mpeg2video"),
    ("a.mov", "mpeg4"),
    ("a.avi", "mpeg4"),
]


@pytest.mark.parametrize(("name", "codec"), FILES)
@pytest.mark.parametrize(
    ("size", "pixel", "wanted"), [((144, 180), "64/45", (256, 144)), ((96, 128), "3/4", (128, 128))]
)
def test_pixels_that_are_not_square(tmp_path, name, codec, size, pixel, wanted):
    if codec == "mpeg2video":  # knows the shapes of television alone
        pixel, wanted = Fraction(4, 3) * Fraction(size[0], size[1]), (size[0] * 4 // 3, size[0])
    path = write(tmp_path / name, pixel, size=size, codec=codec)
    assert shown(path) == wanted
    picture = read_frames(path, ONE).pixels[0]
    assert (np.diff(picture[10, 8:-8, 0].astype(int)) >= -6).all()  # nothing wrapped around
    assert picture[:, :4].mean() < 50 < 200 < picture[:, -4:].mean()


def test_the_case_from_the_field():
    if not CASES.is_dir():
        pytest.skip("no cases here")
    width, height = shown(CASES / "sar.mp4")
    assert width / height == pytest.approx(16 / 9, rel=0.01)


@pytest.mark.parametrize(
    ("turned", "wanted"), [(0, (256, 144)), (90, (144, 256)), (180, (256, 144)), (270, (144, 256))]
)
def test_the_shape_belongs_to_the_picture_before_it_is_turned(tmp_path, turned, wanted):
    path = write(tmp_path / "a.mp4", "64/45", turned=turned)
    assert shown(path) == wanted
    assert sorted(shown(path, short_side=72)) == [72, 128]


def test_the_containers_word_goes_before_the_codecs(tmp_path):
    path = write(tmp_path / "a.mp4", "64/45")
    declare(path, (16, 15))
    assert shown(path) == (192, 144)
    declare(path, (1, 1))
    assert shown(path) == (180, 144)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("ending", ["mp4", "mkv", "mov", "webm"])
@pytest.mark.parametrize("declared", [None, (16, 15), (1, 1)])
def test_a_clip_has_the_shape_of_its_video(tmp_path, declared, ending, exact):
    path = write(tmp_path / "a.mp4", "64/45")
    if declared:
        declare(path, declared)
    clip_video(path, tmp_path / f"clip.{ending}", 0, 0.4, exact=exact)
    assert shown(tmp_path / f"clip.{ending}") == shown(path)


def test_a_clip_of_a_stream_that_turns_has_the_shape_of_its_beginning(turned_midway, tmp_path):
    clip_video(turned_midway, tmp_path / "clip.mp4", 2, 4, exact=True)
    pixels = read_frames(tmp_path / "clip.mp4", FrameSampling(10)).pixels
    assert pixels.shape[1:3] == (128, 64)
    assert pixels[-1, :40].max() < 10


@pytest.mark.parametrize("pixel", [(0, 1), (1, 0), (1, 1000), (1000, 1), (9, 1), (0xFFFFFFFF, 1), (1, 0xFFFFFFFF)])
def test_an_absurd_word_counts_as_none(tmp_path, pixel):
    path = write(tmp_path / "a.mp4", "64/45")
    declare(path, pixel)
    assert shown(path) == (256, 144)  # the codec's word is left
    path = write(tmp_path / "b.mp4", "1/1")
    declare(path, pixel)
    assert shown(path) == (180, 144)


def test_no_picture_becomes_longer_than_a_picture_can_be(tmp_path):
    path = write(tmp_path / "long.mkv", "7/1", size=(16, 4000), codec="mpeg4", count=1)
    assert shown(path) == (4000, 16)


def test_one_step_of_scaling_for_shape_and_size(tmp_path):
    path = write(tmp_path / "a.mp4", "64/45", count=1)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    from framecue.video.read.pixels import _SCALING

    expected = frame.reformat(128, 72, "rgb24", src_colorspace=5, interpolation=_SCALING).to_ndarray()
    np.testing.assert_array_equal(read_frames(path, ONE, short_side=72).pixels[0], expected)


SIDES = st.integers(1, 9000)


@given(SIDES, SIDES, st.integers(1, 400))
def test_square_pixels_change_nothing(width, height, short_side):
    assert shown_size(width, height, Fraction(1)) == (width, height)
    short, long = sorted((width, height))
    expected = (width, height)
    if long > 16 * max(short, short_side):  # a strip
        scale = Fraction(16 * short_side, long)
        expected = max(1, round(width * scale)), max(1, round(height * scale))
    elif short > short_side:
        expected = max(1, round(width * short_side / short)), max(1, round(height * short_side / short))
    assert shown_size(width, height, Fraction(1), short_side=short_side) == expected


@given(SIDES, SIDES, st.fractions(Fraction(1, 8), 8, max_denominator=10_000))
def test_no_detail_is_lost_and_the_shape_is_right(width, height, pixel):
    wide, high = shown_size(width, height, pixel)
    assert wide >= width
    assert high >= height
    assert abs(wide - width * max(pixel, 1)) <= Fraction(1, 2)
    assert abs(high - height / min(pixel, 1)) <= Fraction(1, 2)


# Streams that change midway.


def joined(path, *parts):
    """Put recordings one after the other, as a receiver writes them when the programme changes."""
    with av.open(str(path), "w", format="mpegts") as container:
        out, end = None, 0
        for part in parts:
            with av.open(str(part)) as source:
                stream = source.streams.video[0]
                out = out or container.add_stream_from_template(stream)
                packets = [packet for packet in source.demux(stream) if packet.size]
                step = Fraction(1, 10) / stream.time_base
                zero = packets[0].dts
                for packet in packets:
                    packet.pts, packet.dts = int(packet.pts - zero + end), int(packet.dts - zero + end)
                    packet.stream = out
                    container.mux(packet)
                end += int(len(packets) * step)
    return path


def test_a_shape_that_changes_with_the_size_staying(tmp_path):
    narrow = write(tmp_path / "narrow.ts", "16/15", codec="mpeg2video", size=(144, 180), count=30)
    wide = write(tmp_path / "wide.ts", "64/45", codec="mpeg2video", size=(144, 180), count=30)
    path = joined(tmp_path / "joined.ts", narrow, wide)
    sizes = [
        read_frames(path, ONE, start_seconds=at, end_seconds=at + 0.5).pixels.shape[1:3] for at in (0.5, 1.5, 4, 5)
    ]
    assert sizes == [(144, 192)] * 2 + [(144, 256)] * 2


@pytest.fixture
def turned_midway(tmp_path):
    """Three seconds of portrait, two of landscape."""
    upright = write(tmp_path / "upright.ts", 1, size=(128, 64), count=30, grey=120)
    lying = write(tmp_path / "lying.ts", 1, size=(64, 128), count=20, grey=120)
    return joined(tmp_path / "turned.ts", upright, lying)


def test_each_part_keeps_its_own_shape(turned_midway):
    parts = [(0, 2.5), (3.2, 5)]
    frames = [read_frames(turned_midway, FrameSampling(4), start_seconds=a, end_seconds=b).pixels for a, b in parts]
    assert [part.shape[1:3] for part in frames] == [(128, 64), (64, 128)]


def test_a_window_over_both_has_the_shape_of_most_with_the_others_whole(turned_midway):
    pixels = read_frames(turned_midway, FrameSampling(10)).pixels
    assert pixels.shape == (10, 128, 64, 3)
    assert (np.abs(pixels[:5].astype(int) - 120) < 6).all()
    last = pixels[-1]
    assert (np.abs(last[50:78].astype(int) - 120) < 8).all()  # half as wide, and so half as high
    assert last[:46].max() < 3
    assert last[82:].max() < 3


def test_a_change_of_shape_is_a_cut(turned_midway):
    index = read_packet_index(turned_midway)
    assert find_cuts(turned_midway, index) == [pytest.approx(3.0)]


@pytest.mark.parametrize("kind", ["shots", "windows"])
def test_thumbnails_of_a_stream_that_turns(kind):
    if not CASES.is_dir():
        pytest.skip("no cases here")
    options = ReadOptions(FrameSampling(4), Segmentation(kind))
    events = read_moments(str(CASES / "portrait_landscape.ts"), options, lambda _: True)
    for moment in (event for event in events if isinstance(event, Moment)):
        width, height = Image.open(io.BytesIO(moment.thumbnail)).size
        middle = (moment.start_seconds + moment.end_seconds) / 2
        if abs(middle - 10) > 0.5:
            assert (width > height) == (middle > 10)
            assert max(width, height) / min(width, height) == pytest.approx(16 / 9, rel=0.01)


def test_the_more_frequent_size_wins_and_the_earlier_of_two():
    small, large = np.zeros((4, 6, 3), np.uint8), np.zeros((6, 4, 3), np.uint8)
    assert of_one_size([small, large, large]).shape == (3, 6, 4, 3)
    assert of_one_size([small, large]).shape == (2, 4, 6, 3)


@given(st.integers(20, 60), st.integers(20, 60), st.integers(20, 60))
def test_fitting_keeps_the_shape(height, width, side):
    picture = fitted(np.full((height, width, 3), 200, np.uint8), (side, side))
    assert picture.shape == (side, side, 3)
    rows, columns = (picture[..., 0] > 100).any(axis=1).sum(), (picture[..., 0] > 100).any(axis=0).sum()
    assert abs(rows - side * min(1, height / width)) <= 1
    assert abs(columns - side * min(1, width / height)) <= 1
