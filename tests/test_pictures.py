from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from framecue.errors import InputError
from framecue.pictures import EncodedPicture, Picture, as_image, as_images, is_image

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)


def pixels_of(value: object) -> np.ndarray:
    picture = as_image(value)
    assert isinstance(picture, Picture)
    return picture.pixels


@pytest.mark.parametrize(
    "make",
    [
        lambda: PIXELS,
        lambda: PIXELS[::-1][::-1],
        lambda: np.asfortranarray(PIXELS),
        lambda: torch.from_numpy(PIXELS.copy()),
        lambda: Image.fromarray(PIXELS),
        lambda: as_image(PIXELS),
    ],
    ids=["array", "view", "fortran", "tensor", "pillow", "picture"],
)
def test_pixels_in_every_form_are_the_same_picture(make) -> None:
    np.testing.assert_array_equal(pixels_of(make()), PIXELS)
    assert as_image(make()) == as_image(PIXELS)
    assert hash(as_image(make())) == hash(as_image(PIXELS))
    assert pickle.loads(pickle.dumps(as_image(make()))) == as_image(PIXELS)


def test_grey_and_transparent_pixels() -> None:
    grey = PIXELS[..., 0]
    np.testing.assert_array_equal(pixels_of(grey), np.stack([grey] * 3, axis=2))
    clear = np.dstack([PIXELS, grey])
    np.testing.assert_array_equal(pixels_of(clear), clear)
    np.testing.assert_array_equal(pixels_of(Image.fromarray(clear)), clear)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "PA", "CMYK", "YCbCr", "HSV", "RGBX"])
def test_every_mode_of_8_bits_is_taken(mode: str) -> None:
    source = Image.fromarray(np.full((3, 5, 3), 128, dtype=np.uint8))
    image = source.convert("LA").convert("PA") if mode == "PA" else source.convert(mode)
    assert pixels_of(image).shape[:2] == (3, 5)


def test_a_palette_with_a_transparent_colour_is_transparent() -> None:
    buffer = io.BytesIO()
    image = Image.new("P", (2, 2), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.save(buffer, "PNG", transparency=1)
    assert pixels_of(Image.open(buffer))[0, 0].tolist() == [255, 0, 0, 0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_turned_as_its_exif_data_say(orientation: int) -> None:
    turned = Image.fromarray(PIXELS)
    exif = turned.getexif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    turned.save(buffer, "PNG", exif=exif)
    shape = (6, 5) if orientation <= 4 else (5, 6)
    assert pixels_of(Image.open(buffer)).shape[:2] == shape


def test_paths_and_bytes_stay_what_they_are() -> None:
    assert as_image("a.jpg") == "a.jpg"
    assert as_image(Path("a.jpg")) == Path("a.jpg")
    for data in (b"abc", bytearray(b"abc"), memoryview(b"abc")):
        assert as_image(data) == EncodedPicture(b"abc")


def test_a_picture_does_not_change_with_what_it_was_made_of() -> None:
    array = PIXELS.copy()
    picture = as_image(array)
    array[:] = 0
    assert isinstance(picture, Picture)
    np.testing.assert_array_equal(picture.pixels, PIXELS)
    with pytest.raises(ValueError, match="read-only"):
        picture.pixels[0] = 0


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (PIXELS / 255, r"an array of float64; give uint8, 0 to 255 \(from floats"),
        (PIXELS.astype(np.float32), "an array of float32"),
        (PIXELS.astype(np.int64), "an array of int64"),
        (PIXELS.astype(np.uint16), "an array of uint16"),
        (PIXELS > 3, "an array of bool"),
        (PIXELS.transpose(2, 0, 1), r"shape \(3, 6, 5\); .*channels come last here: x\.transpose\(1, 2, 0\)"),
        (PIXELS[..., :2], r"shape \(6, 5, 2\); give \(H, W, 3\)"),
        (PIXELS[:0], r"shape \(0, 5, 3\)"),
        (PIXELS[0, 0], r"shape \(3,\)"),
        (np.array(["a"]), "an array of <U1"),
        (Image.new("F", (2, 2)), "mode 'F', of more than 8 bits"),
        (Image.new("I;16", (2, 2)), "mode 'I;16'"),
        (b"", "the picture has no bytes"),
        (3, "3 is no picture; give a path"),
        (None, "None is no picture"),
        ({"a": 1}, "a dict is no picture"),
    ],
)
def test_what_is_no_picture_is_one_clear_line(value: object, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        as_image(value)
    assert "\n" not in str(caught.value)


def test_an_image_whose_file_turns_out_to_be_broken_is_refused() -> None:
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(buffer, "JPEG")
    with pytest.raises(InputError, match="cannot be read by Pillow"):
        as_image(Image.open(io.BytesIO(buffer.getvalue()[:-800])))


def test_one_or_several() -> None:
    assert as_images(PIXELS) == [as_image(PIXELS)]
    assert as_images(np.stack([PIXELS, PIXELS])) == [as_image(PIXELS)] * 2
    assert as_images(["a.jpg", PIXELS, b"x"]) == ["a.jpg", as_image(PIXELS), EncodedPicture(b"x")]
    assert is_image(PIXELS)
    assert not is_image(PIXELS[None])
    assert not is_image([PIXELS])
    with pytest.raises(InputError, match="no picture given"):
        as_images([])
    with pytest.raises(InputError, match="3 is no picture"):
        as_images(3)  # type: ignore[arg-type]
