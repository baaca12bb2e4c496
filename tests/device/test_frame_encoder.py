"""Frames that are made ready where they are encoded, against the way of the processor: the same vectors."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch

from framecue.backbone import Backbone
from framecue.device.frame_encoder import FRAMES_AT_ONCE
from framecue.errors import InputError, NotOfflineError
from framecue.methods import build_method
from framecue.model import VideoTextModel

SIZES = ((64, 96), (96, 64), (64, 64), (40, 33))


def videos(num_frames: Sequence[int]) -> list[np.ndarray]:
    """Frames of clips of different sizes."""
    rng = np.random.default_rng(0)
    return [
        rng.integers(0, 256, (count, *SIZES[number % len(SIZES)], 3), dtype=np.uint8)
        for number, count in enumerate(num_frames)
    ]


def by_the_processor(model: VideoTextModel, clips: list[np.ndarray]) -> np.ndarray:
    return model.embed_videos(np.stack([model.prepare(frames) for frames in clips]))


@pytest.fixture
def make(make_backbone: Callable[..., Backbone]) -> Callable[..., VideoTextModel]:
    def make(method: str = "mean-pool", *, backbone: Backbone | None = None, **options: Any) -> VideoTextModel:
        torch.manual_seed(0)
        backbone = make_backbone() if backbone is None else backbone
        return VideoTextModel(backbone, build_method(method, options, backbone), method_name=method).eval()

    return make


@pytest.mark.parametrize("family", ["clip", "siglip", "siglip2", "pe-core"])
def test_the_same_vectors_as_on_the_processor(make, make_siglip_backbone, make_pe_core_backbone, family: str) -> None:
    backbones = {"clip": lambda: None, "pe-core": make_pe_core_backbone}
    backbone = backbones.get(family, lambda: make_siglip_backbone(family))()
    model = make(backbone=backbone, num_frames=2, num_test_frames=2)
    if family != "pe-core":  # whose own attention has no other way
        assert model.backbone.model.config._attn_implementation == "sdpa"
    clips = videos([2] * 6)
    found = model.embed_raw(clips)
    assert (found.dtype, found.shape) == (np.float32, (6, model.embedding_dim))
    assert (found * by_the_processor(model, clips)).sum(axis=1).min() > 0.9999
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_prompt_switch_with_its_frames_in_their_order(make) -> None:
    model = make("prompt-switch", num_prompts=3, num_frames=6, num_test_frames=6)
    clips = videos([6, 6])
    assert (model.embed_raw(clips) * by_the_processor(model, clips)).sum(axis=1).min() > 0.9999


def test_short_videos_whose_frames_are_left_out(make) -> None:
    model = make(num_frames=4, num_test_frames=4, short_videos="mask")
    clips = videos([4, 2, 1])
    assert (model.embed_raw(clips) * by_the_processor(model, clips)).sum(axis=1).min() > 0.9999


def test_more_videos_than_go_at_once(make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framecue.video_text_model.FRAMES_AT_ONCE", 4)
    model = make(num_frames=2, num_test_frames=2)
    clips = videos([2] * 5)
    sizes: list[int] = []
    pool = model.method.pool
    monkeypatch.setattr(model.method, "pool", lambda features: sizes.append(len(features)) or pool(features))
    found = model.embed_raw(clips)
    assert sizes == [2, 2, 1]
    monkeypatch.setattr("framecue.video_text_model.FRAMES_AT_ONCE", FRAMES_AT_ONCE)
    np.testing.assert_allclose(found, make(num_frames=2, num_test_frames=2).embed_raw(clips), atol=1e-5)


def test_in_bfloat16_and_after_the_weights_have_moved(make) -> None:
    model = make(num_frames=2, num_test_frames=2)
    clips = videos([2, 2])
    before = model.embed_raw(clips)
    model.to(torch.bfloat16)
    found = model.embed_raw(clips)
    assert found.dtype == np.float32
    assert not np.array_equal(before, found)
    assert (found * before).sum(axis=1).min() > 0.99


def test_threads_share_it(make) -> None:
    model = make(num_frames=2, num_test_frames=2)
    clips = videos([2] * 4)
    expected = model.embed_raw(clips)
    with ThreadPoolExecutor(3) as pool:
        for found in pool.map(model.embed_raw, [clips] * 6):
            np.testing.assert_array_equal(found, expected)


def test_a_model_that_has_encoded_frames_can_be_pickled(make) -> None:
    model = make(num_frames=2, num_test_frames=2)
    clips = videos([2])
    expected = model.embed_raw(clips)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).embed_raw(clips), expected)


def test_what_it_refuses(make) -> None:
    with pytest.raises(NotOfflineError):
        make("x-pool", num_frames=2, num_test_frames=2).embed_raw(videos([2]))
    with pytest.raises(InputError, match=r"^frames must be uint8"):
        make().embed_raw([np.zeros((2, 8, 8, 4), dtype=np.uint8)])


def test_on_a_processor_frames_are_prepared_while_they_are_read(make) -> None:
    assert not make().takes_frames
