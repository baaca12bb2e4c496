from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from framecue.backbone import Preprocess
from framecue.datasets.augment import RandomResizedCrop, draw_box


def gradient(height: int = 40, width: int = 60, frames: int = 3) -> np.ndarray:
    """Frames that tell in red and green where each pixel is, and in blue which frame it is of."""
    picture = np.zeros((frames, height, width, 3), dtype=np.uint8)
    picture[..., 0] = np.linspace(0, 255, width, dtype=np.uint8)
    picture[..., 1] = np.linspace(0, 255, height, dtype=np.uint8)[:, None]
    picture[..., 2] = np.arange(frames, dtype=np.uint8)[:, None, None] * 50
    return picture


def test_boxes_lie_inside_and_have_the_areas_and_ratios_that_they_should() -> None:
    rng = np.random.default_rng(0)
    boxes = np.array([draw_box(400, 500, rng, least_area=0.5) for _ in range(2000)])
    top, left, height, width = boxes.T
    assert (boxes >= 0).all()
    assert ((top + height <= 400) & (left + width <= 500)).all()
    areas, ratios = height * width / (400 * 500), width / height
    assert areas.min() > 0.495
    assert areas.max() > 0.95
    assert ratios.min() > 0.74
    assert ratios.max() < 1.35
    # Every place is taken: boxes touch both sides about equally often.
    slack = left / np.maximum(1, 500 - width)
    assert 0.45 < slack[width < 450].mean() < 0.55
    assert len(np.unique(top)) > 50


@pytest.mark.parametrize(
    ("height", "width", "box"), [(10, 200, (0, 93, 10, 13)), (200, 10, (93, 0, 13, 10)), (1, 1, (0, 0, 1, 1))]
)
def test_a_strip_gives_its_middle(height: int, width: int, box: tuple[int, int, int, int]) -> None:
    assert draw_box(height, width, np.random.default_rng(0), least_area=0.5) == box


def test_all_frames_of_a_video_are_changed_alike() -> None:
    augment, frames = RandomResizedCrop(Preprocess.clip(16)), gradient()
    shown = augment(frames, np.random.default_rng(3)).numpy()
    assert shown.shape == (3, 3, 16, 16)
    assert shown.dtype == np.uint8
    for number, frame in enumerate(shown):
        assert np.array_equal(frame[:2], shown[0, :2])
        assert (frame[2] == 50 * number).all()


def test_it_is_the_box_that_was_drawn_resized_and_mirrored_half_of_the_time() -> None:
    """Against Pillow, with the same draws."""
    augment, frames, flips = RandomResizedCrop(Preprocess.clip(16)), gradient(), 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        top, left, height, width = draw_box(40, 60, rng, least_area=0.5)
        part = frames[0, top : top + height, left : left + width]
        expected = np.asarray(Image.fromarray(part).resize((16, 16), Image.Resampling.BICUBIC)).transpose(2, 0, 1)
        is_flipped = rng.random() < 0.5
        got = augment(frames, np.random.default_rng(seed))[0].numpy()
        assert np.abs(got.astype(int) - (expected[:, :, ::-1] if is_flipped else expected)).max() <= 1
        flips += is_flipped
        assert (got[0, 0, 0] > got[0, 0, -1]) == is_flipped
    assert 8 < flips < 32


@pytest.mark.parametrize("steps", [Preprocess.clip(16), Preprocess.siglip(16), Preprocess(20, (16, 16))])
def test_the_square_is_the_models(steps: Preprocess) -> None:
    assert RandomResizedCrop(steps)(gradient(), np.random.default_rng(0)).shape == (3, 3, 16, 16)


def test_the_smallest_crop_of_a_scaled_frame_has_the_squares_pixels() -> None:
    """Frames are read at a short side of twice the square, so nothing is blown up."""
    rng = np.random.default_rng(1)
    side = Preprocess.clip(224).short_side
    boxes = [draw_box(side, int(side * 4 / 3), rng, least_area=0.5) for _ in range(500)]
    assert min(min(height, width) for _, _, height, width in boxes) >= 224
