import io

import numpy as np
import pytest
from PIL import Image

from framecue.video import decode_jpeg, encode_jpeg
from support.stored_videos import picture, psnr


def test_pixels_come_back_but_for_the_compression():
    pixels = picture(5, size=(96, 128))
    data = encode_jpeg(pixels)
    assert psnr(decode_jpeg(data), pixels) > 40
    assert decode_jpeg(data).dtype == np.uint8
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    worse, better = (encode_jpeg(noise, quality=quality) for quality in (50, 95))
    assert len(worse) < len(better)
    assert psnr(decode_jpeg(worse), noise) < psnr(decode_jpeg(better), noise)
    flipped = pixels[:, ::-1]  # a view that is not contiguous
    assert psnr(decode_jpeg(encode_jpeg(flipped)), flipped) > 40


@pytest.mark.parametrize("short_side", [96, 72, 48, 40, 24, 12, 6])
def test_smaller_sizes(short_side):
    rng = np.random.default_rng(1)
    smooth = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize((128, 96), Image.BICUBIC)
    found = decode_jpeg(encode_jpeg(np.asarray(smooth), quality=95), short_side=short_side)
    assert found.shape == (short_side, round(128 * short_side / 96), 3)
    reference = np.asarray(smooth.resize(found.shape[1::-1], Image.BICUBIC))
    assert psnr(found, reference) > 30
    assert decode_jpeg(encode_jpeg(np.asarray(smooth)), short_side=500).shape == (96, 128, 3)


def test_what_is_no_jpeg():
    with pytest.raises(OSError, match="cannot identify"):
        decode_jpeg(b"no picture")
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, format="PNG")
    with pytest.raises(OSError, match="cannot identify"):
        decode_jpeg(buffer.getvalue())
    with pytest.raises(OSError, match="truncated"):
        decode_jpeg(encode_jpeg(picture(1))[:-200])
