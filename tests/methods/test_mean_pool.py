"""Mean pooling, and the hooks that every method has unless it changes them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods import Method, MethodConfig, build_method


@pytest.fixture
def method(backbone: Backbone) -> Method:
    return build_method("mean-pool", {}, backbone)


def test_pooling_by_hand(method: Method) -> None:
    # Directions (1, 0) and (0, 1) whatever the lengths; their mean is (1/2, 1/2), its direction the diagonal.
    pooled = method.pool(torch.tensor([[[3.0, 0.0], [0.0, 0.5]], [[0.0, -2.0], [0.0, -7.0]]]))
    torch.testing.assert_close(pooled, torch.tensor([[0.5**0.5, 0.5**0.5], [0.0, -1.0]]))


def test_gradient_of_pooling(method: Method) -> None:
    features = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.autograd.gradcheck(method.pool, (features.requires_grad_(),))


@torch.no_grad()
def test_every_frame_is_encoded_alone(backbone: Backbone, method: Method) -> None:
    videos = torch.randn(2, 3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    features = method.encode_frames(backbone, videos)
    assert features.shape == (2, 3, 24)
    torch.testing.assert_close(method.encode_frames(backbone, videos[1:, 2:]), features[1:, 2:], rtol=0, atol=1e-5)


def test_it_has_no_parameters_and_trains_the_backbone(backbone: Backbone, method: Method) -> None:
    assert list(method.parameters()) == []
    assert list(method.new_parameters()) == []
    backbone.requires_grad_(False)
    method.freeze(backbone)
    assert all(parameter.requires_grad for parameter in backbone.parameters())
    ids, _ = backbone.tokenize(["a cat"])
    assert method.auxiliary_loss(backbone, torch.zeros(1, 2, 24), ids) is None
    assert method.offline
    assert method.chunk_frames is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_frames": 0}, "num_frames must be at least 1, got 0"),
        ({"num_test_frames": -3}, "num_test_frames must be at least 1, got -3"),
        ({"num_frames": "12"}, "num_frames must be an integer, got '12'"),
        ({"num_test_frames": [12]}, r"num_test_frames must be an integer, got \[12\]"),
    ],
)
def test_options_out_of_range_or_of_another_type_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        MethodConfig(**options)
