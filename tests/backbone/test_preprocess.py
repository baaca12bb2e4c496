"""Preprocessing against the backbone's own image processor, on any size of frame."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from framecue.backbone import Preprocess
from framecue.backbone.quiet import quiet_transformers
from framecue.errors import InputError
from framecue.video import FrameSampling, read_frames, write_video


def image_processor(model: str = "CLIP", **options: Any) -> Any:
    """A model's image processor with PIL behind it, under the name it has in this version of transformers."""
    import transformers

    name = f"{model}ImageProcessor"
    with quiet_transformers():
        return (getattr(transformers, f"{name}Pil", None) or getattr(transformers, name))(**options)


def reference_pixels(processor: Any, frames: np.ndarray) -> np.ndarray:
    """What the image processor makes of frames, before normalising, 0..255."""
    batch = processor(list(frames), do_normalize=False, return_tensors="np", input_data_format="channels_last")
    return batch["pixel_values"].astype(np.float64) * 255


def pictures(kind: str, height: int, width: int, seed: int) -> np.ndarray:
    """Two frames uint8 (2, H, W, 3): noise, its sharpest edges, a smooth ramp, or grey."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    match kind:
        case "noise":
            return noise
        case "edges":
            return np.where(noise > 127, 255, 0).astype(np.uint8)
        case "grey":
            return np.repeat(noise[..., :1], 3, axis=-1)
        case _:
            ramp = np.linspace(0, 255, height)[:, None] * np.linspace(0, 1, width)[None]
            return np.stack([ramp, ramp.max() - ramp, ramp / 2], axis=-1)[None].repeat(2, axis=0).astype(np.uint8)


KINDS = st.sampled_from(["noise", "edges", "grey", "ramp"])
SIDES = st.integers(1, 150)


@given(kind=KINDS, height=SIDES, width=SIDES, seed=st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_agrees_with_the_image_processor_on_any_size(kind: str, height: int, width: int, seed: int) -> None:
    frames = pictures(kind, height, width, seed)
    processor = image_processor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    own = Preprocess.of_image_processor(processor).resize_and_crop(frames)
    assert own.dtype == torch.uint8
    assert own.shape == (2, 3, 32, 32)
    assert np.abs(own.numpy() - reference_pixels(processor, frames)).max() <= 0.01


@pytest.mark.parametrize("shape", [(4, 40_000), (40_000, 4), (1, 100_000), (2, 3_000), (3_000, 2)])
def test_no_more_of_a_strip_than_its_middle_is_resized(shape: tuple[int, int]) -> None:
    """Resized as a whole, a strip's long side grows as its short one does, to more than there is memory for."""
    waves = np.add.outer(np.sin(np.arange(shape[0]) / 3), np.sin(np.arange(shape[1]) / 5))
    frames = np.repeat((waves * 60 + 128).astype(np.uint8)[None, ..., None], 3, axis=-1)
    tracemalloc.start()
    found = Preprocess.clip(32).resize_and_crop(frames).numpy()
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 500_000
    scale = 32 / min(shape)
    if scale * max(shape) < 50_000:
        size = (round(shape[1] * scale), round(shape[0] * scale))
        whole = np.asarray(Image.fromarray(frames[0]).resize(size, Image.Resampling.BICUBIC))
        top, left = (size[1] - 32) // 2, (size[0] - 32) // 2
        expected = whole[top : top + 32, left : left + 32].transpose(2, 0, 1)
        assert np.abs(found[0].astype(int) - expected).max() <= 3


@given(
    resize=st.integers(8, 40),
    crop=st.tuples(st.integers(8, 48), st.integers(8, 48)),
    height=st.integers(4, 80),
    width=st.integers(4, 80),
)
@settings(max_examples=30, deadline=None)
def test_agrees_where_the_crop_is_odd_oblong_or_larger_than_the_frame(
    resize: int, crop: tuple[int, int], height: int, width: int
) -> None:
    frames = pictures("noise", height, width, 0)
    processor = image_processor(size={"shortest_edge": resize}, crop_size={"height": crop[0], "width": crop[1]})
    own = Preprocess.of_image_processor(processor).resize_and_crop(frames).numpy()
    assert own.shape == (2, 3, *crop)
    assert np.abs(own - reference_pixels(processor, frames)).max() <= 0.01


@pytest.mark.parametrize("size", [(360, 640), (640, 360), (480, 480), (231, 224), (224, 1200), (100, 101), (17, 9)])
def test_agrees_at_clips_real_size(size: tuple[int, int]) -> None:
    frames = pictures("edges", *size, seed=3)
    processor = image_processor()
    own = Preprocess.of_image_processor(processor).resize_and_crop(frames).numpy()
    assert own.shape == (2, 3, 224, 224)
    assert np.abs(own - reference_pixels(processor, frames)).max() <= 0.01


@pytest.mark.parametrize("resample", [2, 3])
@pytest.mark.parametrize("size", [(50, 90), (90, 50), (32, 32), (7, 5)])
def test_agrees_with_siglips_image_processor(size: tuple[int, int], resample: int) -> None:
    frames = pictures("noise", *size, seed=1)
    processor = image_processor("Siglip", size={"height": 32, "width": 32}, resample=resample)
    preprocess = Preprocess.of_image_processor(processor)
    assert preprocess == Preprocess.siglip(32, filter={2: "bilinear", 3: "bicubic"}[resample])
    expected = processor(list(frames), return_tensors="pt", input_data_format="channels_last")["pixel_values"]
    torch.testing.assert_close(preprocess(frames), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("side", [32, 100, 9])
def test_agrees_with_naflex_where_frames_are_square(side: int) -> None:
    frames = pictures("noise", side, side, seed=1)
    processor = image_processor("Siglip2", patch_size=8, max_num_patches=16)
    preprocess = Preprocess.of_image_processor(processor)
    assert preprocess == Preprocess.siglip(32, filter="bilinear", patch_size=8)
    expected = processor(list(frames), return_tensors="pt", input_data_format="channels_last")["pixel_values"]
    # (F, rows * columns, P * P * 3) back to pictures.
    expected = expected.view(2, 4, 4, 8, 8, 3).permute(0, 5, 1, 3, 2, 4).reshape(2, 3, 32, 32)
    torch.testing.assert_close(preprocess(frames), expected, rtol=0, atol=1e-4)


def test_naflex_frames_are_squashed_to_the_models_square() -> None:
    frames = pictures("ramp", 40, 90, seed=0)
    processor = image_processor("Siglip2", patch_size=8, max_num_patches=20)
    assert Preprocess.of_image_processor(processor)(frames).shape == (2, 3, 32, 32)
    own = Preprocess.of_image_processor(processor, image_size=48)
    assert own == Preprocess.siglip(48, filter="bilinear", patch_size=8)
    squashed = image_processor("Siglip", size={"height": 48, "width": 48}, resample=2)
    expected = squashed(list(frames), return_tensors="pt", input_data_format="channels_last")["pixel_values"]
    torch.testing.assert_close(own(frames), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", [(50, 90), (90, 50), (7, 5)])
def test_a_size_of_height_and_width_ignores_the_aspect_ratio_as_siglip_does(size: tuple[int, int]) -> None:
    frames = pictures("noise", *size, seed=1)
    processor = image_processor(size={"height": 24, "width": 36}, do_center_crop=False, image_mean=[0.5] * 3)
    preprocess = Preprocess.of_image_processor(processor)
    assert preprocess == Preprocess((24, 36), None, mean=(0.5, 0.5, 0.5))
    own = preprocess.resize_and_crop(frames).numpy()
    assert own.shape == (2, 3, 24, 36)
    assert np.abs(own - reference_pixels(processor, frames)).max() <= 0.01


def test_bilinear_is_taken_from_the_processor_too() -> None:
    frames = pictures("edges", 60, 75, 0)
    processor = image_processor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}, resample=2)
    preprocess = Preprocess.of_image_processor(processor)
    own = preprocess.resize_and_crop(frames).numpy().astype(int)
    assert np.abs(own - reference_pixels(processor, frames)).max() <= 0.01
    bicubic = Preprocess(32, (32, 32)).resize_and_crop(frames).numpy().astype(int)
    assert np.abs(own - bicubic).max() > 10


def test_pixel_values_are_normalised_as_the_processor_does() -> None:
    frames = pictures("noise", 32, 32, 0)  # no resizing: what is left is the arithmetic
    processor = image_processor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    own = Preprocess.of_image_processor(processor)(frames)
    expected = processor(list(frames), return_tensors="pt", input_data_format="channels_last")["pixel_values"]
    assert own.dtype == torch.float32
    torch.testing.assert_close(own, expected, rtol=0, atol=1e-5)


def test_normalising_by_hand() -> None:
    preprocess = Preprocess(2, (2, 2), mean=(0.5, 0.0, 1.0), std=(0.5, 1.0, 0.25))
    frames = np.zeros((1, 2, 2, 3), dtype=np.uint8)
    frames[0, 0, 1] = (255, 51, 255)
    values = preprocess(frames)[0]
    assert values[:, 0, 0].tolist() == pytest.approx([-1.0, 0.0, -4.0])
    assert values[:, 0, 1].tolist() == pytest.approx([1.0, 0.2, 0.0])


def test_frames_are_treated_one_by_one_and_left_as_they_were() -> None:
    frames = pictures("noise", 50, 61, 0)
    before = frames.copy()
    preprocess = Preprocess(32, (32, 32))
    both = preprocess(frames)
    assert torch.equal(both[1:], preprocess(frames[1:]))
    assert torch.equal(both, preprocess(torch.from_numpy(frames)))
    assert np.array_equal(frames, before)


def test_reversed_and_read_only_arrays_are_taken() -> None:
    frames = pictures("noise", 50, 61, 0)
    preprocess = Preprocess(32, (32, 32))
    expected = preprocess(frames).flip(0)
    frames.flags.writeable = False
    assert torch.equal(preprocess(frames[::-1]), expected)
    assert torch.equal(preprocess(frames), expected.flip(0))


@pytest.mark.parametrize(
    "frames",
    [
        np.zeros((2, 8, 8, 3), dtype=np.float32),
        np.zeros((2, 3, 8, 8), dtype=np.uint8),
        np.zeros((8, 8, 3), dtype=np.uint8),
        np.zeros((2, 8, 8, 4), dtype=np.uint8),
        np.zeros((0, 8, 8, 3), dtype=np.uint8),
        np.zeros((2, 0, 8, 3), dtype=np.uint8),
    ],
    ids=["float", "channels first", "one frame", "four channels", "no frames", "no rows"],
)
def test_other_arrays_are_refused(frames: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"frames must be uint8 \(F, H, W, 3\) in RGB; got .*shape"):
        Preprocess(32, (32, 32))(frames)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": {"longest_edge": 32, "shortest_edge": 16}}, "image size .*longest_edge.* is not supported"),
        ({"resample": 1}, "resample 1 is not supported"),
        ({"do_resize": False}, "do_resize: false is not supported"),
        ({"do_rescale": False}, "do_rescale: false is not supported"),
        ({"do_normalize": False}, "do_normalize: false is not supported"),
    ],
)
def test_steps_that_it_does_not_know_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Preprocess.of_image_processor(image_processor(**options))


@pytest.mark.parametrize(
    "preprocess",
    [
        Preprocess(32, (32, 32)),
        Preprocess(40, (32, 24), mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6), filter="bilinear"),
        Preprocess((24, 36), None),
        Preprocess.siglip(32, filter="bilinear"),
    ],
)
def test_what_is_saved_is_loaded_and_transformers_reads_it_too(preprocess: Preprocess, tmp_path: Path) -> None:
    from transformers import AutoImageProcessor

    with quiet_transformers():
        preprocess.save(tmp_path)
        processor = AutoImageProcessor.from_pretrained(tmp_path)
        assert Preprocess.of_folder(str(tmp_path), default=Preprocess.clip(7)) == preprocess
    frames = pictures("noise", 70, 50, 0)
    expected = processor(list(frames), return_tensors="pt", input_data_format="channels_last")["pixel_values"]
    assert (preprocess(frames) - expected).abs().max() <= 0.01 / 255 / min(preprocess.std)


def test_a_folder_that_names_no_steps_has_the_architectures(tmp_path: Path) -> None:
    for default in (Preprocess.clip(48), Preprocess.siglip(48)):
        assert Preprocess.of_folder(str(tmp_path), default=default) is default
    assert Preprocess.clip(48) == Preprocess(48, (48, 48))


def test_naflex_is_saved_as_such_and_the_model_says_the_size(tmp_path: Path) -> None:
    preprocess = Preprocess.siglip(32, filter="bilinear", patch_size=8)
    with quiet_transformers():
        preprocess.save(tmp_path)
        assert Preprocess.of_folder(str(tmp_path), default=Preprocess.siglip(32)) == preprocess
        grown = Preprocess.of_folder(str(tmp_path), default=Preprocess.siglip(48))
    saved = json.loads((tmp_path / "preprocessor_config.json").read_text())
    assert saved["image_processor_type"].startswith("Siglip2ImageProcessor")
    assert (saved["patch_size"], saved["max_num_patches"]) == (8, 16)
    assert grown == Preprocess.siglip(48, filter="bilinear", patch_size=8)


def test_the_saved_file_names_clips_own_class(tmp_path: Path) -> None:
    Preprocess(32, (32, 32)).save(tmp_path)
    saved = json.loads((tmp_path / "preprocessor_config.json").read_text())
    assert saved["image_processor_type"] == "CLIPImageProcessor"


@pytest.mark.parametrize(
    ("preprocess", "expected"),
    [(Preprocess.clip(224), 448), (Preprocess.siglip(256), 512), (Preprocess((48, 96), None), 192)],
)
def test_larger_frames_may_be_scaled_to_twice_the_size(preprocess: Preprocess, expected: int) -> None:
    assert preprocess.short_side == expected


@pytest.mark.parametrize("preprocess", [Preprocess.clip(48), Preprocess.siglip(48)], ids=["clip", "siglip"])
@pytest.mark.parametrize("size", [(360, 640), (640, 360)])
def test_frames_scaled_in_the_decoder_give_nearly_the_same_pixels(
    preprocess: Preprocess, size: tuple[int, int], tmp_path: Path
) -> None:
    height, width = size
    rows, columns = np.indices(size)
    rng = np.random.default_rng(0)
    # Detail of all sizes with sharp edges: a chequered sheet, a ramp, and noise on both.
    sheet = np.stack([(rows // 20 + columns // 28) % 2 * 120, rows * 255 // height, columns * 255 // width], axis=-1)
    frames = [np.clip(sheet + rng.integers(0, 60, (height, width, 1)), 0, 255).astype(np.uint8) for _ in range(3)]
    write_video(tmp_path / "clip.mp4", frames, frames_per_second=8)
    full = read_frames(tmp_path / "clip.mp4", FrameSampling(3)).pixels
    scaled = read_frames(tmp_path / "clip.mp4", FrameSampling(3), short_side=preprocess.short_side).pixels
    assert min(scaled.shape[1:3]) == preprocess.short_side < min(full.shape[1:3])
    difference = (preprocess.resize_and_crop(full).int() - preprocess.resize_and_crop(scaled).int()).abs()
    assert difference.float().mean() < 1
    assert difference.max() <= 12
