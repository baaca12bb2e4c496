"""Colours against the standards' formulas; transparency; stills of every kind."""

import av
import numpy as np
import pytest
from PIL import Image

from framecue.video import FrameSampling, probe, read_frames
from framecue.video.read.pixels import RgbConverter

# Red's and blue's share of luma, by ITU-R BT.709, BT.601 and BT.2020; ffmpeg's number of each.
LUMA = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}
UNSPECIFIED, LIMITED, FULL = 2, 1, 2


def flat_frame(yuv, pix_fmt, *, width=64, height=48, colorspace=UNSPECIFIED, color_range=0):
    frame = av.VideoFrame(width, height, pix_fmt)
    for plane, value in zip(frame.planes, yuv, strict=True):
        dtype, value = (np.uint16, value * 4) if "10" in pix_fmt else (np.uint8, value)
        plane.update(np.full(plane.buffer_size // np.dtype(dtype).itemsize, value, dtype).tobytes())
    frame.colorspace, frame.color_range = colorspace, color_range
    return frame


def rgb(yuv, luma, is_full):
    y, u, v = np.array(yuv) - [0 if is_full else 16, 128, 128]
    y, u, v = (y / 255, u / 255, v / 255) if is_full else (y / 219, u / 224, v / 224)
    red, blue = luma
    r, b = y + 2 * (1 - red) * v, y + 2 * (1 - blue) * u
    return np.clip(np.array([r, (y - red * r - blue * b) / (1 - red - blue), b]) * 255, 0, 255)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p", "yuv420p10le", "yuvj420p"])
@pytest.mark.parametrize("color_range", [0, LIMITED, FULL])
@pytest.mark.parametrize("colorspace", LUMA)
def test_colours_follow_the_tags(pix_fmt, color_range, colorspace):
    for yuv in [(120, 90, 170), (60, 140, 110), (16, 128, 128), (235, 128, 128)]:
        frame = flat_frame(yuv, pix_fmt, colorspace=colorspace, color_range=color_range)
        expected = rgb(yuv, LUMA[colorspace], color_range == FULL or pix_fmt == "yuvj420p")
        picture = RgbConverter()(frame)
        assert picture.shape == (48, 64, 3)
        assert np.abs(picture - expected).max() <= 1.01


@pytest.mark.parametrize(("size", "colorspace"), [((640, 480), 5), ((720, 576), 5), ((1280, 720), 1), ((1920, 800), 1)])
def test_untagged_video_is_bt709_from_hd_on(size, colorspace):
    yuv = (120, 90, 170)
    picture = RgbConverter()(flat_frame(yuv, "yuv420p", width=size[0], height=size[1]))
    assert np.abs(picture - rgb(yuv, LUMA[colorspace], False)).max() <= 1.01


@pytest.mark.parametrize("colorspace", [3, 8, 10, 14])
def test_rare_colour_spaces_give_near_colours_instead_of_none(colorspace):
    yuv = (120, 90, 170)
    picture = RgbConverter()(flat_frame(yuv, "yuv420p", colorspace=colorspace))
    assert np.abs(picture - rgb(yuv, LUMA[5], False)).max() <= 1.01


def test_grey_is_grey():
    picture = RgbConverter()(av.VideoFrame.from_ndarray(np.full((8, 16), 77, np.uint8), format="gray"))
    np.testing.assert_array_equal(picture, np.full((8, 16, 3), 77))


STILLS = {
    "rgb.png": ("RGB", 0),
    "grey.png": ("L", 0),
    "sixteen.png": ("I;16", 1),
    "palette.png": ("P", 0),
    "two.png": ("1", 0),
    "rgb.bmp": ("RGB", 0),
    "rgb.tiff": ("RGB", 0),
    "rgb.jpg": ("RGB", 4),
    "grey.jpg": ("L", 4),
    "lossy.webp": ("RGB", 6),
    "one.gif": ("P", 0),
}


@pytest.mark.parametrize("name", STILLS)
def test_stills_are_videos_of_one_frame(tmp_path, name):
    mode, tolerance = STILLS[name]
    ramp = np.add.outer(np.arange(40), 2 * np.arange(51)).astype(np.uint8)
    colours = np.stack([ramp, 200 - ramp, np.full_like(ramp, 90)], axis=-1)
    if mode == "I;16":
        picture, expected = Image.fromarray(ramp.astype(np.uint16) * 257), np.stack([ramp] * 3, axis=-1)
    else:
        picture = Image.fromarray(colours).convert(mode)
        expected = np.asarray(picture.convert("RGB"))
    picture.save(tmp_path / name, **({"quality": 98} if name.endswith(("jpg", "webp")) else {}))
    info, frames = probe(tmp_path / name), read_frames(tmp_path / name, FrameSampling(2))
    assert (info.num_frames, info.width, info.height) == (1, 51, 40)
    assert info.duration_seconds == 0
    assert frames.times_seconds.tolist() == [0, 0]
    difference = np.abs(frames.pixels.astype(int) - expected)
    assert difference.mean() <= tolerance / 4
    assert tolerance > 1 or difference.max() <= tolerance


@pytest.mark.parametrize(("name", "mode"), [("a.png", "RGBA"), ("la.png", "LA"), ("p.png", "P"), ("a.webp", "RGBA")])
def test_transparency_is_laid_on_white(tmp_path, name, mode):
    pixels = np.zeros((20, 30, 4), np.uint8)
    pixels[..., :3] = 60
    pixels[:, :15, 3] = 255  # the left half is opaque, and the right one hides its dark colour
    picture = _palette(pixels) if mode == "P" else Image.fromarray(pixels).convert(mode)
    picture.save(tmp_path / name, **({"lossless": True} if name.endswith("webp") else {}))
    frame = read_frames(tmp_path / name, FrameSampling(1)).pixels[0]
    assert np.abs(frame[:, :15].astype(int) - 60).max() <= 1
    assert frame[:, 15:].min() >= 254


def _palette(pixels):
    picture = Image.new("P", (30, 20))
    picture.putpalette([60, 60, 60, 0, 0, 0])
    picture.putdata((pixels[..., 3] == 0).astype(int).ravel().tolist())
    picture.info["transparency"] = 1
    return picture


def test_half_transparent_pixels_mix_with_white(tmp_path):
    Image.new("RGBA", (8, 8), (100, 0, 255, 128)).save(tmp_path / "half.png")
    frame = read_frames(tmp_path / "half.png", FrameSampling(1)).pixels[0]
    # 128 of 255 parts of the colour, the rest white.
    assert frame[4, 4].tolist() == [round((c * 128 + 255 * 127) / 255) for c in (100, 0, 255)]


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_photographs_are_turned_upright(tmp_path, orientation):
    quarters = np.kron(np.array([[20, 80], [140, 200]], np.uint8), np.ones((32, 48), np.uint8))
    picture = Image.fromarray(quarters)
    exif = picture.getexif()
    exif[0x0112] = orientation
    picture.save(tmp_path / "photo.jpg", exif=exif, quality=95)
    turns = {1: 0, 3: 2, 6: 3, 8: 1}[orientation]  # quarter turns, counterclockwise
    frame = read_frames(tmp_path / "photo.jpg", FrameSampling(1)).pixels[0]
    expected = np.rot90(quarters, turns)
    assert frame.shape[:2] == expected.shape
    assert np.abs(frame[..., 0].astype(int) - expected).mean() < 2


def test_large_frames_do_not_pile_up(monkeypatch):
    """Each refers to itself once its side data was looked at, and Python would wait for hundreds of them."""
    collected = []
    monkeypatch.setattr("gc.collect", lambda: collected.append(True))
    convert = RgbConverter(short_side=16)
    for _ in range(30):
        convert(av.VideoFrame(4096, 2048, "yuv420p"))
    assert len(collected) == 2
    for _ in range(100):
        convert(av.VideoFrame(64, 48, "yuv420p"))
    assert len(collected) == 2


@pytest.mark.parametrize("size", [(7, 5), (2500, 1000)])
def test_white_shines_through_as_far_as_a_picture_lets_it(size):
    width, height = size
    rgba = np.random.default_rng(0).integers(0, 256, (height, width, 4), dtype=np.uint8)
    pixels = RgbConverter()(av.VideoFrame.from_ndarray(rgba, format="rgba")).astype(float)
    alpha = rgba[..., 3:] / 255
    np.testing.assert_allclose(pixels, rgba[..., :3] * alpha + 255 * (1 - alpha), atol=0.51)
    rgba[..., 3] = 255
    np.testing.assert_array_equal(RgbConverter()(av.VideoFrame.from_ndarray(rgba, format="rgba")), rgba[..., :3])
