"""Resizing where a model computes against Pillow, whose results the models' own image processors give."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from framecue.backbone import Preprocess
from framecue.backbone.device_resize import MOST_SHRUNK, resize_as_pillow
from framecue.errors import InputError

PILLOW = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def frames_of(kind: str, height: int, width: int, seed: int = 0) -> np.ndarray:
    """Two frames, uint8 (2, H, W, 3): noise, or black and white, the sharpest edges that there are."""
    noise = np.random.default_rng(seed).integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    return noise if kind == "noise" else np.where(noise > 127, 255, 0).astype(np.uint8)


def by_pillow(frames: np.ndarray, size: tuple[int, int], filter: str) -> np.ndarray:
    resized = [np.asarray(Image.fromarray(frame).resize(size[::-1], PILLOW[filter])) for frame in frames]
    return np.stack(resized).transpose(0, 3, 1, 2).astype(int)


@pytest.mark.parametrize("filter", ["bicubic", "bilinear"])
@pytest.mark.parametrize("kind", ["noise", "edges"])
@pytest.mark.parametrize(
    ("stored", "size"),
    [
        # As frames come from a reader: the short side is twice what the model looks at.
        ((448, 796), (224, 398)),
        ((796, 448), (398, 224)),
        # Squashed, so that the sides shrink by different factors, either way.
        ((448, 896), (224, 224)),
        ((896, 448), (224, 224)),
        ((448, 1200), (64, 64)),
        # A small video grows, or one side alone does.
        ((120, 160), (224, 298)),
        ((160, 120), (298, 224)),
        ((40, 100), (60, 60)),
        # One side, or none, changes.
        ((100, 90), (50, 90)),
        ((100, 90), (100, 45)),
        ((64, 64), (64, 64)),
        ((1, 5), (3, 15)),
    ],
)
def test_two_levels_at_most_from_pillow(kind: str, stored: tuple[int, int], size: tuple[int, int], filter: str) -> None:
    frames = frames_of(kind, *stored)
    found = resize_as_pillow(torch.from_numpy(frames), size, filter=filter)
    assert (found.dtype, found.shape) == (torch.float32, (2, 3, *size))
    differences = np.abs(found.numpy() - by_pillow(frames, size, filter))
    assert differences.max() <= 2
    assert (differences > 0).mean() <= (0.005 if filter == "bicubic" else 0.25) or differences.size < 1000


@given(
    filter=st.sampled_from(sorted(PILLOW)),
    stored=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    size=st.tuples(st.integers(8, 50), st.integers(8, 50)),
)
@settings(max_examples=60, deadline=None)
def test_any_sizes(filter: str, stored: tuple[int, int], size: tuple[int, int]) -> None:
    frames = frames_of("edges", *stored)
    found = resize_as_pillow(torch.from_numpy(frames), size, filter=filter).numpy()
    assert np.abs(found - by_pillow(frames, size, filter)).max() <= 2


@pytest.mark.parametrize(
    "preprocess",
    [
        Preprocess.clip(32),
        Preprocess.siglip(48),
        Preprocess.siglip(48, filter="bilinear"),
        Preprocess(resize=40, crop=(32, 32)),
        Preprocess(resize=20, crop=(32, 28)),
    ],
    ids=["clip", "siglip", "bilinear", "crop inside", "crop larger than the frame"],
)
@pytest.mark.parametrize("stored", [(64, 114), (114, 64), (33, 33), (20, 31)])
def test_all_steps_as_on_the_processor(preprocess: Preprocess, stored: tuple[int, int]) -> None:
    frames = frames_of("edges", *stored)
    found, expected = preprocess.on_device(torch.from_numpy(frames)), preprocess(frames)
    assert (found.dtype, found.shape) == (torch.float32, expected.shape)
    two_levels = 2.01 / 255 / min(preprocess.std)
    assert (found - expected).abs().max() <= two_levels
    assert (found - expected).abs().mean() <= two_levels / 8


@pytest.mark.parametrize("stored", [(4, 40_000), (2, 3_000), (32 * MOST_SHRUNK + 1, 32 * MOST_SHRUNK + 1)])
def test_what_is_not_for_a_gpus_filters_is_resized_by_pillow(stored: tuple[int, int]) -> None:
    frames = frames_of("noise", *stored)[:1]
    preprocess = Preprocess.clip(32)
    assert torch.equal(preprocess.on_device(torch.from_numpy(frames)), preprocess(frames))


def test_what_are_no_frames_is_refused() -> None:
    preprocess = Preprocess.clip(32)
    with pytest.raises(InputError, match=r"^frames must be uint8 .* got torch.float32 of shape \(1, 9, 9, 3\)$"):
        preprocess.on_device(torch.zeros(1, 9, 9, 3))
    with pytest.raises(InputError, match=r"got torch.uint8 of shape \(0, 9, 9, 3\)$"):
        preprocess.on_device(torch.zeros(0, 9, 9, 3, dtype=torch.uint8))
