"""SigLIP 2's NaFlex vision tower on square frames, against `transformers`' own on its list of patches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from framecue.backbone import Backbone, Preprocess, load_backbone
from framecue.backbone.quiet import quiet_transformers
from framecue.errors import ModelError
from framecue.methods import build_method

TOLERANCE = {torch.float64: 1e-6, torch.float32: 2e-5, torch.bfloat16: 0.1}  # the reference resizes in float32


def own_features(backbone: Backbone, pixels: torch.Tensor) -> torch.Tensor:
    return build_method("mean-pool", {}, backbone).encode_frames(backbone, pixels[None])[0]


def cut(pixels: torch.Tensor, patch_size: int) -> torch.Tensor:
    """Images (N, 3, S, S) to patches (N, T, P * P * 3), row by row, by indexing alone."""
    starts = range(0, pixels.shape[-1], patch_size)
    patches = [pixels[:, :, top : top + patch_size, left : left + patch_size] for top in starts for left in starts]
    return torch.stack([patch.permute(0, 2, 3, 1).flatten(1) for patch in patches], dim=1)


@pytest.mark.parametrize(("num_patches", "patch_size"), [(16, 8), (25, 6), (1, 20)])
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@torch.no_grad()
def test_features_of_square_frames_are_siglip2s_own(
    make_siglip_backbone: Callable[..., Backbone], dtype: torch.dtype, num_patches: int, patch_size: int
) -> None:
    vision = {"num_patches": num_patches, "patch_size": patch_size}
    backbone = make_siglip_backbone("siglip2", dtype=dtype, vision=vision)
    side = round(num_patches**0.5)
    assert backbone.vision.image_size == side * patch_size
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randn(5, 3, side * patch_size, side * patch_size, generator=generator).to(dtype)
    expected = backbone.model.get_image_features(
        pixel_values=cut(pixels, patch_size),
        pixel_attention_mask=torch.ones(5, num_patches, dtype=torch.int32),
        spatial_shapes=torch.full((5, 2), side),
    ).pooler_output
    actual = own_features(backbone, pixels)
    assert actual.shape == (5, 32)
    assert actual.dtype == dtype
    assert expected.std(dim=0).min() > 0.02
    torch.testing.assert_close(actual, expected, rtol=0, atol=TOLERANCE[dtype])


def test_num_patches_that_make_no_square_are_refused(make_siglip_backbone: Callable[..., Backbone]) -> None:
    with pytest.raises(ModelError, match=r"tiny-siglip2: num_patches must be a square number, .* got 24"):
        make_siglip_backbone("siglip2", vision={"num_patches": 24})


def test_its_own_preprocessing(make_siglip_backbone: Callable[..., Backbone]) -> None:
    half = (0.5, 0.5, 0.5)
    own = Preprocess((32, 32), None, mean=half, std=half, filter="bilinear", patch_size=8)
    assert make_siglip_backbone("siglip2").preprocess == own


@torch.no_grad()
def test_transformers_reads_what_is_saved_and_agrees_from_the_pixels_on(
    make_siglip_backbone: Callable[..., Backbone], tmp_path: Path
) -> None:
    from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

    make_siglip_backbone("siglip2").save(tmp_path)
    with quiet_transformers():
        model: Any = AutoModel.from_pretrained(tmp_path)
        processor: Any = AutoImageProcessor.from_pretrained(tmp_path)
        tokenizer: Any = AutoTokenizer.from_pretrained(tmp_path)
    assert (processor.patch_size, processor.max_num_patches) == (8, 16)
    backbone = load_backbone(tmp_path)
    frames = np.random.default_rng(0).integers(0, 256, (3, 61, 61, 3), dtype=np.uint8)
    inputs = processor(list(frames), return_tensors="pt", input_data_format="channels_last")
    assert inputs["spatial_shapes"].tolist() == [[4, 4]] * 3
    expected = model.get_image_features(**inputs).pooler_output
    torch.testing.assert_close(own_features(backbone, backbone.preprocess(frames)), expected, rtol=0, atol=1e-4)
    ids = tokenizer(["A red CAR"], padding="max_length", max_length=24, return_tensors="pt")["input_ids"]
    text = build_method("mean-pool", {}, backbone).encode_text(backbone, backbone.tokenize(["a red car"])[0])
    torch.testing.assert_close(text, model.get_text_features(input_ids=ids).pooler_output, rtol=0, atol=2e-5)
