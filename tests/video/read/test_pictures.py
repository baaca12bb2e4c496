"""Pictures that ffmpeg reads in part: tiles, mirrored photographs, animations; each against Pillow or the source."""

import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

from framecue.errors import VideoError
from framecue.video import FrameSampling, probe, read_frames
from framecue.video.read import pictures
from support.heif import heif

ONE = FrameSampling(1)
RNG = np.random.default_rng(0)
# Blocks of colours that a codec keeps: six tiles of 128 pixels, all different.
SCENE = np.kron(RNG.integers(40, 210, (4, 6, 3)).astype(np.uint8), np.ones((64, 64, 1), np.uint8))
CODECS = {"heic": "hvc1", "avif": "av01"}


@pytest.fixture(params=CODECS)
def make(request, tmp_path):
    """Write a HEIC and an AVIF file."""

    def write(**named):
        path = tmp_path / f"photo.{request.param}"
        path.write_bytes(heif(SCENE, codec=CODECS[request.param], **named))
        return path

    return write


def difference(path, expected, **options):
    """Return by how much the middles of the blocks differ, where no codec smears them."""
    pixels = read_frames(path, ONE, **options).pixels[0]
    info = probe(path)
    assert (info.height, info.width) == pixels.shape[:2]
    assert (info.num_frames, info.duration_seconds) == (1, 0)
    assert pixels.shape == expected.shape
    return np.abs(pixels.astype(int) - expected)[16::32, 16::32].max()


SHAPES = [
    {},
    {"thumbnail": SCENE[:64, :96]},
    {"tiles": (2, 3)},
    {"tiles": (2, 3), "crop": (250, 380)},
    {"tiles": (2, 3), "thumbnail": SCENE[:64, :96]},
    {"tiles": (1, 3), "rotated": 1},
    {"tiles": (2, 3), "mirrored": 1},
    {"tiles": (2, 1), "rotated": 3, "mirrored": 0},
    {"rotated": 1},
    {"rotated": 2},
    {"mirrored": 0},
    {"mirrored": 1},
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_phones_picture_is_one_picture(make, shape):
    expected = SCENE
    if "crop" in shape:
        expected = expected[: shape["crop"][0], : shape["crop"][1]]
    expected = np.rot90(expected, shape.get("rotated", 0))
    if "mirrored" in shape:
        expected = np.flip(expected, shape["mirrored"])
    assert difference(make(**shape), expected) <= 6


@pytest.mark.parametrize("tiles", [(1, 1), (2, 3)])
def test_what_is_transparent_is_laid_on_white(make, tiles):
    half = np.zeros_like(SCENE)
    half[:, :192] = 255
    pixels = read_frames(make(tiles=tiles, alpha=half), ONE).pixels[0]
    assert np.abs(pixels[:, :170].astype(int) - SCENE[:, :170])[16::32, 16::32].max() <= 6
    assert pixels[:, 210:].min() > 245


def test_the_part_that_is_shown(tmp_path):
    path = tmp_path / "a.heic"
    path.write_bytes(heif(SCENE, aperture=(128, 256)))
    assert difference(path, SCENE[64:192, 64:320]) <= 6


def test_a_library_that_is_missing_is_named_with_the_way_out(make, monkeypatch):
    path = make(tiles=(2, 3))
    monkeypatch.setattr(pictures, "_heif_picture", lambda _: (_ for _ in ()).throw(ImportError("no pillow_heif")))
    with pytest.raises(VideoError, match=r"a picture of 6 parts .* convert it to JPEG or PNG"):
        probe(path)


def test_a_grid_without_its_tiles_is_refused(make):
    path = make(tiles=(2, 3))
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"mdat") + 40])
    with pytest.raises(VideoError):
        read_frames(path, ONE)


# Photographs.


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "png", "tiff", "webp"])
def test_every_orientation_of_a_photograph(tmp_path, ending, orientation):
    path = tmp_path / f"photo.{ending}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    with path.open("wb") as file:
        options = {"quality": 95} if ending in ("jpg", "webp") else {}
        kind = {"jpg": "JPEG"}.get(ending, ending.upper())
        Image.fromarray(SCENE[:192]).save(file, kind, exif=exif, **options)
    with Image.open(path) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    assert difference(path, expected) <= 8


def frames(count, size=(48, 64)):
    """Frames that differ in a part alone, as in animations that paint over what is there."""
    made = []
    for number in range(count):
        picture = np.full((*size, 3), 40, np.uint8)
        picture[:, 8 * (number % 7) : 8 * (number % 7) + 8] = 200
        made.append(Image.fromarray(picture))
    return made


@pytest.mark.parametrize("ending", ["webp", "gif", "png", "avif"])
def test_animations_play(tmp_path, ending):
    path = tmp_path / f"moving.{ending}"
    first, *others = frames(12)
    lossless = {"lossless": True} if ending == "webp" else {}
    first.save(path, save_all=True, append_images=others, duration=100, loop=0, **lossless)
    info = probe(path)
    assert (info.width, info.height) == (64, 48)
    assert info.num_frames == 12
    assert info.duration_seconds == pytest.approx(1.2, abs=0.02)
    read = read_frames(path, FrameSampling(12))
    assert read.times_seconds == pytest.approx(np.arange(12) / 10, abs=0.02)
    expected = np.stack([np.asarray(picture) for picture in frames(12)])
    assert np.abs(read.pixels.astype(int) - expected)[:, :, 4::8].max() < 25


def test_an_animated_webp_keeps_times_and_transparency(tmp_path):
    path = tmp_path / "moving.webp"
    clear = [Image.new("RGBA", (32, 32), (0, 0, 0, 0)), Image.new("RGBA", (32, 32), (60, 60, 60, 255))]
    clear[0].save(path, save_all=True, append_images=[clear[1]], duration=[300, 700], lossless=True)
    assert probe(path).duration_seconds == pytest.approx(1)
    read = read_frames(path, FrameSampling(2))
    assert read.times_seconds.tolist() == pytest.approx([0, 0.3])
    assert read.pixels[:, 16, 16, 0].tolist() == [255, 60]


def test_a_damaged_animation_is_refused_in_words(tmp_path):
    path = tmp_path / "moving.webp"
    first, *others = frames(12)
    first.save(path, save_all=True, append_images=others, duration=100, quality=90)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(VideoError):
        read_frames(path, FrameSampling(4))


def two_pages(*pictures):
    """Return a TIFF file with a page for each picture."""
    content, link = bytearray(b"II*\0\0\0\0\0"), 4
    for picture in pictures:
        data, place = picture.tobytes(), len(content)
        depths = place + len(data)
        content += data + struct.pack("<3H", 8, 8, 8)
        height, width, _ = picture.shape
        tags = {256: width, 257: height, 258: depths, 259: 1, 262: 2, 273: place, 277: 3, 278: height, 279: len(data)}
        content[link : link + 4] = struct.pack("<I", len(content))
        content += struct.pack("<H", len(tags))
        for tag, value in tags.items():
            content += struct.pack("<HHII", tag, 3 if tag == 258 else 4, 3 if tag == 258 else 1, value)
        link = len(content)
        content += bytes(4)
    return bytes(content)


def test_the_first_of_several_pictures(tmp_path):
    first, second = Image.fromarray(SCENE), Image.new("RGB", (64, 48))
    first.save(tmp_path / "a.mpo", save_all=True, append_images=[second], quality=95)
    (tmp_path / "b.jpg").write_bytes((tmp_path / "a.mpo").read_bytes())  # as phones name them
    (tmp_path / "c.tiff").write_bytes(two_pages(SCENE, np.zeros((48, 64, 3), np.uint8)))
    for name in ("a.mpo", "b.jpg", "c.tiff"):
        assert difference(tmp_path / name, SCENE) <= 8


def test_an_animated_avif_with_transparency_is_not_its_alpha(tmp_path):
    path = tmp_path / "moving.avif"
    made = [picture.convert("RGBA") for picture in frames(8)]
    for picture in made:
        picture.putalpha(128)
    made[0].save(path, save_all=True, append_images=made[1:], duration=100)
    assert probe(path).num_frames == 8
    assert np.abs(read_frames(path, FrameSampling(8)).pixels[3, 20, 4].astype(int) - 40).max() < 12
