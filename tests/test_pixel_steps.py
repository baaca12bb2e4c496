"""The steps to pixel values without torch, against the backbone's own."""

from __future__ import annotations

import numpy as np
import pytest

from framecue.backbone.preprocess import CLIP_MEAN, CLIP_STD, Preprocess
from framecue.errors import InputError
from framecue.pixel_steps import normalise, resize_and_crop

STEPS = [
    Preprocess.clip(32),
    Preprocess.siglip(24, filter="bilinear"),
    Preprocess(resize=16, crop=(32, 24)),  # padded with black
]


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("shape", [(48, 64), (70, 31), (4, 9000)])
def test_they_are_the_backbones_to_the_bit(steps: Preprocess, shape: tuple[int, int]) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, *shape, 3), dtype=np.uint8)
    pixels = resize_and_crop(frames, resize=steps.resize, crop=steps.crop, filter=steps.filter)
    assert pixels.dtype == np.uint8
    values = normalise(pixels, mean=steps.mean, std=steps.std)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, steps(frames).numpy())


def test_a_value_by_hand() -> None:
    pixels = np.full((1, 3, 1, 1), 255, dtype=np.uint8)
    wanted = [(1 - mean) / std for mean, std in zip(CLIP_MEAN, CLIP_STD, strict=True)]
    np.testing.assert_allclose(normalise(pixels, mean=CLIP_MEAN, std=CLIP_STD)[0, :, 0, 0], wanted, rtol=1e-6)


def test_other_frames_are_refused() -> None:
    with pytest.raises(InputError, match=r"^frames must be uint8 \(F, H, W, 3\) in RGB; got float32 of shape \(2, 3\)"):
        resize_and_crop(np.zeros((2, 3), np.float32), resize=4, crop=None, filter="bicubic")
