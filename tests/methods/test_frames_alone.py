"""Which methods encode each frame as if there were no other, and that they do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from framecue.backbone import Backbone
from framecue.encoder import encodes_frames_alone
from framecue.methods import METHODS, build_method
from framecue.model import VideoTextModel

NUM_FRAMES = 4
# That frames meet is seen with one backbone.
CASES = [
    (name, family)
    for name, method in METHODS.items()
    for family in (("clip", "siglip") if method.frames_alone else ("clip",))
]


@pytest.fixture(scope="module")
def made(
    make_backbone: Callable[..., Backbone], make_siglip_backbone: Callable[..., Backbone]
) -> Callable[[str, str], VideoTextModel]:
    def made(name: str, family: str) -> VideoTextModel:
        backbone = make_backbone() if family == "clip" else make_siglip_backbone(family)
        torch.manual_seed(0)
        options = {"num_prompts": NUM_FRAMES} if name == "prompt-switch" else {}
        method = build_method(name, {"num_frames": NUM_FRAMES, "num_test_frames": NUM_FRAMES, **options}, backbone)
        with torch.no_grad():  # what starts at zero or as the identity would hide that frames meet
            for parameter in method.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
        return VideoTextModel(backbone, method, method_name=name).eval()

    return made


@pytest.mark.parametrize(("name", "family"), CASES)
def test_a_method_says_whether_frames_meet(name: str, family: str, made: Callable[[str, str], VideoTextModel]) -> None:
    model = made(name, family)
    size = model.backbone.vision.image_size
    pixels = torch.randn(2, NUM_FRAMES, 3, size, size, generator=torch.Generator().manual_seed(2))
    if not model.method.frames_alone:
        assert not encodes_frames_alone(model)
        with torch.inference_mode():
            features = model.frame_features(pixels)
            # Frames of the other video around the first one; its feature shows it.
            mixed = model.frame_features(torch.cat([pixels[:1, :1], pixels[1:, 1:]], dim=1))
            moved = model.frame_features(pixels.roll(1, dims=1)).roll(-1, dims=1)
        assert not torch.allclose(mixed[:, 0], features[:1, 0], atol=1e-5) or not torch.allclose(
            moved, features, atol=1e-5
        )
        return
    with torch.inference_mode():
        features = model.frame_features(pixels)
        alone = model.frame_features(pixels.flatten(0, 1)[:, None])[:, 0]
    torch.testing.assert_close(alone.unflatten(0, (2, NUM_FRAMES)), features, rtol=0, atol=1e-5)
    assert encodes_frames_alone(model) == model.offline
    if model.offline:
        each = model.encode_each(pixels.flatten(0, 1).numpy())
        assert each.dtype == np.float32
        pooled = model.pool_frames(each.reshape(2, NUM_FRAMES, -1))
        np.testing.assert_allclose(pooled, model.embed_videos(pixels.numpy()), atol=1e-5)


def test_frames_that_a_video_does_not_have_are_not_shared(made: Callable[[str, str], VideoTextModel]) -> None:
    model = made("mean-pool", "clip")
    config = type(model.method.config)(num_frames=NUM_FRAMES, short_videos="mask")
    masked = VideoTextModel(model.backbone, type(model.method)(config, model.backbone), method_name="mean-pool")
    assert encodes_frames_alone(model)
    assert not encodes_frames_alone(masked)
