"""X-Pool against the numbers of its reference implementation (x_pool_reference/README.md)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from framecue.backbone import Backbone
from framecue.methods.contrastive import contrastive_loss
from framecue.methods.x_pool import XPool, XPoolConfig

REFERENCE = Path(__file__).parent / "x_pool_reference"
# Rounding between two orders of summation, on features and on cosines.
RAW, UNIT = 1e-5, 2e-6


@pytest.fixture(scope="module")
def expected() -> dict[str, torch.Tensor]:
    with np.load(REFERENCE / "inputs_and_outputs.npz") as file:
        return {name: torch.from_numpy(file[name]) for name in file}


@pytest.fixture
def method(make_backbone: Callable[..., Backbone]) -> XPool:
    made = XPool(XPoolConfig(), make_backbone(embedding_dim=32)).eval()
    made.load_state_dict(load_file(REFERENCE / "weights.safetensors"), strict=True)
    return made


@torch.no_grad()
def test_pooled_frames_and_similarities(method: XPool, expected: dict[str, torch.Tensor]) -> None:
    texts, frames = expected["text_embeds"], expected["frame_embeds"]
    torch.testing.assert_close(method.pool_frames(texts, frames), expected["pooled"], rtol=0, atol=RAW)
    similarities = method.similarity(texts, frames)
    torch.testing.assert_close(similarities, expected["sims"], rtol=0, atol=UNIT)
    # Texts are not videos here: the other way round is far off.
    assert (similarities.T - expected["sims"]).abs().max() > 0.05


@torch.no_grad()
def test_loss(method: XPool, expected: dict[str, torch.Tensor]) -> None:
    similarities = method.similarity(expected["text_embeds"], expected["frame_embeds"])
    loss = contrastive_loss(similarities, expected["logit_scale_log"])
    torch.testing.assert_close(loss, expected["clip_loss"], rtol=0, atol=1e-4)


@torch.no_grad()
def test_several_captions_a_video(method: XPool, expected: dict[str, torch.Tensor]) -> None:
    texts, frames = expected["text_embeds"], expected["multi_frame_embeds"]
    torch.testing.assert_close(method.pool_frames(texts, frames), expected["multi_pooled"], rtol=0, atol=RAW)
    similarities = method.similarity(texts, frames)
    # The reference groups the captions by video: row v, place i is the i-th caption of video v.
    taken = [0, 0, 0]
    for caption, video in enumerate(expected["multi_caption_video_index"].tolist()):
        assert torch.equal(expected["multi_text_padded"][video, taken[video]], texts[caption])
        grouped = expected["multi_sims"][video, taken[video]]
        torch.testing.assert_close(similarities[caption], grouped, rtol=0, atol=UNIT)
        taken[video] += 1
    assert taken == [2, 2, 1]
    assert expected["multi_sims"][2, 1].isnan().all()
