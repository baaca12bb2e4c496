"""The temporal encoder of X-CLIP and TS2-Net: where it starts, what it adds, and other numbers of frames."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from framecue.backbone import Backbone
from framecue.methods.temporal import TemporalEncoder


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def test_it_adds_what_the_text_towers_first_layers_find(backbone: Backbone) -> None:
    encoder, features = TemporalEncoder(backbone, num_layers=1, num_frames=6), random(2, 6, 24)
    text = backbone.model.text_model
    tokens = features + text.embeddings.position_embedding.weight[:6]
    layer = text.encoder.layers[0]
    tokens = tokens + layer.self_attn(layer.layer_norm1(tokens))[0]
    tokens = tokens + layer.mlp(layer.layer_norm2(tokens))
    torch.testing.assert_close(encoder(features), features + tokens, rtol=0, atol=1e-5)


@torch.no_grad()
def test_every_token_sees_every_other_and_their_order(backbone: Backbone) -> None:
    encoder, features = TemporalEncoder(backbone, num_layers=2, num_frames=6), random(1, 6, 24)
    before = encoder(features)
    for place in (0, 5):
        changed = features.clone()
        changed[:, place] *= -1
        assert ((encoder(changed) - before).abs().amax(dim=-1) > 1e-4).all()
    # Without positions a permutation of frames is a permutation of what comes out.
    assert (encoder(features.flip(1)) - before.flip(1)).abs().max() > 1e-2
    encoder.position_embedding.zero_()
    torch.testing.assert_close(encoder(features.flip(1)), encoder(features).flip(1), rtol=0, atol=1e-5)


def test_its_layers_are_copies_that_train_apart(backbone: Backbone) -> None:
    encoder = TemporalEncoder(backbone, num_layers=4, num_frames=6)
    assert len(encoder.layers) == 2  # as many as the text tower has
    own, theirs = dict(encoder.layers.named_parameters()), dict(backbone.text.layers.named_parameters())
    assert own.keys() == theirs.keys()
    for name in own:
        assert torch.equal(own[name], theirs[name])
        assert own[name] is not theirs[name]
    encoder(random(1, 6, 24)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())
    assert all(parameter.grad is None for parameter in backbone.parameters())


def test_more_tokens_than_a_text_has_stretch_its_positions(backbone: Backbone) -> None:
    positions = backbone.text.position_embedding.weight
    assert len(positions) == 24
    few = TemporalEncoder(backbone, num_layers=1, num_frames=6, tokens_per_frame=4).position_embedding
    assert torch.equal(few.flatten(0, 1), positions)
    many = TemporalEncoder(backbone, num_layers=1, num_frames=12, tokens_per_frame=4).position_embedding
    assert many.shape == (12, 4, 24)
    assert many.is_contiguous()  # else no adapter could be written
    torch.testing.assert_close(many[0, 0], positions[0])
    torch.testing.assert_close(many[-1, -1], positions[-1])
    # Token 2 of 48 is 2 / 47 along, which is 46 / 47 of the way from position 0 to position 1.
    torch.testing.assert_close(many[0, 2], positions[0] / 47 + positions[1] * 46 / 47)


@torch.no_grad()
def test_another_number_of_frames_takes_the_nearest_positions(backbone: Backbone) -> None:
    encoder = TemporalEncoder(backbone, num_layers=1, num_frames=2, tokens_per_frame=3)
    features = random(1, 12, 24)
    longer = TemporalEncoder(backbone, num_layers=1, num_frames=4, tokens_per_frame=3)
    longer.position_embedding.copy_(encoder.position_embedding[[0, 0, 1, 1]])
    torch.testing.assert_close(encoder(features), longer(features))


@pytest.mark.parametrize("embedding_dim", [24, 40])
def test_another_width_goes_through_linear_maps(make_backbone: Callable[..., Backbone], embedding_dim: int) -> None:
    encoder = TemporalEncoder(make_backbone(embedding_dim=embedding_dim), num_layers=1, num_frames=3)
    features = random(2, 3, embedding_dim)
    encoded = encoder(features)
    assert encoded.shape == features.shape
    assert (encoded - features).abs().max() > 1e-2
    encoded.sum().backward()
    maps = [name for name, _ in encoder.named_parameters() if name.startswith(("enter", "leave"))]
    assert maps == ([] if embedding_dim == 24 else ["enter.weight", "enter.bias", "leave.weight", "leave.bias"])
    assert all(parameter.grad is not None for parameter in encoder.parameters())


@torch.no_grad()
def test_tokens_of_zeros_are_absent(backbone: Backbone) -> None:
    encoder, features = TemporalEncoder(backbone, num_layers=2, num_frames=6), random(2, 6, 24)
    encoder.position_embedding.zero_()  # five frames take others than the first five of six
    short = features.clone()
    short[0, 5] = 0
    encoded = encoder(short)
    torch.testing.assert_close(encoded[0, :5], encoder(features[:1, :5])[0], rtol=0, atol=1e-5)
    assert not encoded[0, 5].any()
    torch.testing.assert_close(encoded[1], encoder(features)[1], rtol=0, atol=1e-5)
