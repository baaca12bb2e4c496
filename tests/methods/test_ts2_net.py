"""TS2-Net: the shift by hand, the selection, its gradient, the weighted similarity, the whole."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods import fusion
from framecue.methods.mean_pool import MeanPool
from framecue.methods.ts2_net import Ts2Net, Ts2NetConfig, perturbed_top_k, shift_tokens


def make(backbone: Backbone, **options: Any) -> Ts2Net:
    torch.manual_seed(0)
    return Ts2Net(Ts2NetConfig(**{"num_frames": 4, "num_test_frames": 4, **options}), backbone).eval()


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def pixels(videos: int, frames: int = 4, seed: int = 1) -> Tensor:
    return torch.randn(videos, frames, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def test_the_shift_by_hand() -> None:
    # Two videos of three frames; token [f, t] is 10 f + t, a class token in front of six patches.
    tokens = torch.tensor([[[10.0 * f + t] for t in range(7)] for f in range(6)])
    shifted = shift_tokens(tokens, num_frames=3, first=1, stride=3, offset=1)[..., 0]
    # Patches 1 and 4 are the frame before's, 2 and 5 the frame after's.
    assert shifted.tolist() == [
        [0, 1, 12, 3, 4, 15, 6],
        [10, 1, 22, 13, 4, 25, 16],
        [20, 11, 22, 23, 14, 25, 26],
        [30, 31, 42, 33, 34, 45, 36],
        [40, 31, 52, 43, 34, 55, 46],
        [50, 41, 52, 53, 44, 55, 56],
    ]
    assert tokens[0, 1] == 1  # what was given is as it was
    still = tokens[:1]
    assert torch.equal(shift_tokens(still, num_frames=1, first=1, stride=3, offset=1), still)


@pytest.mark.parametrize(
    ("grid", "fold", "shifted"),
    [(7, 7, 14), (14, 28, 14), (16, 36, 16), (6, 5, 15)],  # ViT-B/32, B/16, L/14, and one of 37 tokens
)
def test_the_released_places_are_shifted_on_every_grid(backbone: Backbone, grid: int, fold: int, shifted: int) -> None:
    count = 1 + grid**2
    assert make(backbone)._stride(count) == (fold, 3)
    tokens = torch.arange(3).float()[:, None, None].expand(3, count, 1)
    middle = shift_tokens(tokens, num_frames=3, first=1, stride=fold, offset=3)[1, :, 0]
    assert (middle == 0).nonzero().flatten().tolist() == list(range(1, count, fold))
    assert (middle == 2).nonzero().flatten().tolist() == list(range(4, count, fold))
    assert int((middle != 1).sum()) == shifted


def test_a_stride_that_is_named_is_taken_on_every_grid_as_adapters_of_it_were_trained(backbone: Backbone) -> None:
    method = make(backbone, shift_stride=7)
    assert method._stride(50) == method._stride(197) == (7, 3) == make(backbone)._stride(50)
    assert make(backbone, shift_stride=10)._stride(197) == (10, 5)
    assert make(backbone)._stride(10) == (2, 3)  # too few tokens for a seventh


@torch.no_grad()
def test_the_encoder_shifts_the_places_of_its_own_grid(backbone: Backbone) -> None:
    # 17 tokens: one in two patches is the frame before's, from the first on, and one in two the frame after's.
    folded, named = make(backbone), make(backbone, shift_stride=7)
    videos = pixels(1)
    assert folded._stride(17) == (2, 3)
    difference = folded.encode_frames(backbone, videos) - named.encode_frames(backbone, videos)
    assert difference.abs().max() > 1e-3


@torch.no_grad()
def test_shifted_layers_see_the_neighbours_and_the_residual_does_not(backbone: Backbone) -> None:
    def frame_features(method: Ts2Net, videos: Tensor) -> Tensor:
        method.temporal.forward = lambda features: features  # type: ignore[method-assign]
        return method.encode_frames(backbone, videos)

    videos = pixels(2)
    changed = videos.clone()
    changed[0, 3] = 0
    for layers, touched in ((0, [3]), (1, [2, 3]), (2, [1, 2, 3]), (3, [0, 1, 2, 3])):
        method = make(backbone, shift_layers=layers)
        before, after = frame_features(method, videos), frame_features(method, changed)
        differing = (before[0] - after[0]).abs().amax(dim=-1) > 1e-5
        assert differing.nonzero().flatten().tolist() == touched
        torch.testing.assert_close(before[1], after[1], rtol=0, atol=1e-5)
    # Without shift the frame's own token is plain CLIP's.
    plain = MeanPool(MeanPool.Config(), backbone).encode_frames(backbone, videos)
    torch.testing.assert_close(frame_features(make(backbone, shift_layers=0), videos), plain, rtol=0, atol=1e-5)
    # In a shifted layer a frame of a still video attends to itself: nothing changes.
    still = videos[:, :1].expand(-1, 4, -1, -1, -1)
    torch.testing.assert_close(frame_features(make(backbone), still), plain[:, :1].expand(-1, 4, -1), rtol=0, atol=1e-5)


@torch.no_grad()
def test_the_best_patches_of_each_frame_are_kept_in_their_order(backbone: Backbone) -> None:
    method = make(backbone, shift_layers=0)
    seen: list[Tensor] = []
    method.temporal.forward = lambda features: seen.append(features) or features  # type: ignore[method-assign,func-returns-value]
    videos = pixels(2)
    method.encode_frames(backbone, videos)
    (kept,) = seen
    assert kept.shape == (2, 4 * (1 + 3), 24)
    vision = backbone.model.vision_model
    for v in range(2):
        for f in range(4):
            hidden = vision(pixel_values=videos[v, f][None]).last_hidden_state[0]
            projected = backbone.model.visual_projection(vision.post_layernorm(hidden))
            scorer = method.scorer
            activated = torch.nn.functional.gelu(scorer.enter(scorer.norm(projected)))
            joined = torch.cat([activated, activated[:1].expand_as(activated)], dim=1)
            scores = torch.tanh(scorer.score(torch.nn.functional.gelu(scorer.join(joined))))[1:, 0]
            best = sorted(scores.argsort(descending=True)[:3].tolist())
            expected = torch.stack([projected[0], *(projected[1 + place] for place in best)])
            torch.testing.assert_close(kept[v, 4 * f : 4 * f + 4], expected, rtol=0, atol=1e-5)
    assert torch.equal(method.encode_frames(backbone, videos), method.encode_frames(backbone, videos))


def test_a_selection_without_noise_is_the_top_k() -> None:
    scores = torch.tensor([[0.1, 0.9, 0.3, 0.8], [0.9, 0.1, 0.2, 0.8]])
    share = perturbed_top_k(scores, 2, num_samples=50, noise=1e-4)
    expected = torch.tensor([[[0, 1, 0, 0], [0, 0, 0, 1]], [[1, 0, 0, 0], [0, 0, 0, 1]]]).float()
    torch.testing.assert_close(share, expected)


def test_noisy_selections_are_averaged_and_the_gradient_is_the_expectations() -> None:
    torch.manual_seed(0)
    scores = torch.tensor([[0.30, 0.25, 0.28]], dtype=torch.float64, requires_grad=True)
    share = perturbed_top_k(scores, 1, num_samples=400_000, noise=0.05)
    torch.testing.assert_close(share.sum(dim=-1), torch.ones(1, 1, dtype=torch.float64))
    worth = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    (gradient,) = torch.autograd.grad((share[0, 0] * worth).sum(), scores)

    # The chance that each is the largest, by integrating over its own noise.
    def chances(values: list[float]) -> Tensor:
        x = torch.linspace(-0.4, 1.0, 20_001, dtype=torch.float64)
        found = []
        for i, value in enumerate(values):
            density = torch.exp(-(((x - value) / 0.05) ** 2) / 2) / (0.05 * math.sqrt(2 * math.pi))
            for j, other in enumerate(values):
                if j != i:
                    density = density * (1 + torch.erf((x - other) / 0.05 / math.sqrt(2))) / 2
            found.append(torch.trapezoid(density, x))
        return torch.stack(found)

    values = scores[0].tolist()
    torch.testing.assert_close(share[0, 0].detach(), chances(values), rtol=0, atol=5e-3)
    for place in range(3):
        above, below = values.copy(), values.copy()
        above[place] += 1e-4
        below[place] -= 1e-4
        slope = ((chances(above) - chances(below)) * worth).sum().item() / 2e-4
        assert gradient[0, place].item() == pytest.approx(slope, abs=0.25)
        assert abs(slope) > 1


@pytest.mark.parametrize("sharpness", [4.0, 0.5])
@pytest.mark.parametrize("limit", [24, 1 << 24])
def test_similarity_agrees_with_a_slow_construction(
    backbone: Backbone, sharpness: float, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fusion, "NUMBERS_IN_HAND", limit)
    texts, frames = 3 * random(4, 24), 2 * random(5, 6, 24, seed=1)
    actual = make(backbone, sharpness=sharpness).similarity(texts, frames)
    for n, text in enumerate(texts):
        for b, video in enumerate(frames):
            cosines = [cosine_similarity(text, frame, dim=0).item() for frame in video]
            length = math.sqrt(sum(cosine**2 for cosine in cosines))
            weights = [math.exp(sharpness * cosine / length) for cosine in cosines]
            expected = sum(w * c for w, c in zip(weights, cosines, strict=True)) / sum(weights)
            assert actual[n, b].item() == pytest.approx(expected, abs=1e-12)


def test_order_of_frames_matters_in_the_video_and_not_in_the_similarity(backbone: Backbone) -> None:
    method, texts, videos = make(backbone), random(3, 24).float(), pixels(2)
    with torch.no_grad():
        features = method.encode_frames(backbone, videos)
        assert features.shape == (2, 4, 24)
        forwards = method.similarity(texts, features)
        torch.testing.assert_close(method.similarity(texts, features.flip(1)), forwards)
        backwards = method.similarity(texts, method.encode_frames(backbone, videos.flip(1)))
    assert (forwards - backwards).abs().max() > 1e-3


def test_gradient_reaches_every_parameter_of_method_and_vision_tower(backbone: Backbone) -> None:
    method = make(backbone).train()
    method.freeze(backbone)
    ids, _ = backbone.tokenize(["a red car", "the cat falls"])
    text, video = method.encode_text(backbone, ids), method.encode_frames(backbone, pixels(2))
    similarities = method.similarity(text, video)
    (similarities.diagonal().sum() - similarities.mean()).backward()
    for module in (method, backbone.model.vision_model):
        for name, parameter in module.named_parameters():
            assert parameter.grad is not None, name
            if not name.endswith("k_proj.bias"):
                assert parameter.grad.abs().max() > 0, name
    assert {name.split(".")[0] for name, _ in method.new_parameters()} == {"scorer", "temporal"}


def test_gradients_of_the_similarity_agree_with_finite_differences(make_backbone: Callable[..., Backbone]) -> None:
    method = make(make_backbone(dtype=torch.float64))
    texts, frames = random(2, 6).requires_grad_(), random(2, 3, 6, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(method.similarity, (texts, frames))


def test_half_precision(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone(dtype=torch.bfloat16)
    method = make(backbone).to(torch.bfloat16)
    ids, _ = backbone.tokenize(["a red car"])
    for training in (True, False):
        method.train(training)
        video = method.encode_frames(backbone, pixels(2).bfloat16())
        assert video.dtype == torch.bfloat16
        similarity = method.similarity(method.encode_text(backbone, ids), video)
        assert similarity.dtype == torch.float32
        assert torch.isfinite(similarity).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shift_layers": -1}, "shift_layers must be at least 0, got -1"),
        ({"shift_stride": 1}, "shift_stride must be at least 2, got 1"),
        ({"num_patches": 0}, "num_patches must be at least 1, got 0"),
        ({"num_samples": 0}, "num_samples must be at least 1, got 0"),
        ({"temporal_layers": 0}, "temporal_layers must be at least 1, got 0"),
        ({"noise": 0.0}, "noise must be greater than 0, got 0.0"),
        ({"sharpness": math.inf}, "sharpness must be a finite number, got inf"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    assert not Ts2Net.offline
    with pytest.raises(InputError, match=f"^{message}$"):
        Ts2NetConfig(**options)


def test_more_patches_than_an_image_has_are_refused(backbone: Backbone) -> None:
    message = "num_patches must be at most the 16 patches of an image of tiny, got 17"
    with pytest.raises(InputError, match=f"^{message}$"):
        make(backbone, num_patches=17).encode_frames(backbone, pixels(1))


@pytest.mark.parametrize("family", ["siglip", "siglip2"])
def test_a_tower_that_pools_its_patches(make_siglip_backbone: Callable[..., Backbone], family: str) -> None:
    backbone = make_siglip_backbone(family)
    method, videos = make(backbone, shift_layers=0), pixels(2)
    seen: list[Tensor] = []
    method.temporal.forward = lambda features: seen.append(features) or features  # type: ignore[method-assign,func-returns-value]
    with torch.no_grad():
        features = method.encode_frames(backbone, videos)
    assert features.shape == (2, 4, backbone.vision.embedding_dim)
    # The token that stands for a frame is SigLIP's own feature of it.
    plain = MeanPool(MeanPool.Config(), backbone).encode_frames(backbone, videos)
    torch.testing.assert_close(features, plain, rtol=0, atol=1e-5)
    # A patch's is what the pooling head makes of it alone.
    vision = backbone.model.vision_model
    with torch.no_grad():
        tokens = backbone.vision.embed(videos[0, :1])
        for index in range(backbone.vision.num_layers):
            tokens = backbone.vision.run_layer(index, tokens)
        alone = torch.cat([vision.head(vision.post_layernorm(tokens[:, place : place + 1])) for place in range(16)])
    for patch in seen[0][0, 1:4]:
        assert (alone - patch).abs().amax(dim=-1).min() < 1e-5
    # From the first patch on tokens are shifted, as there is no class token.
    with torch.no_grad():
        assert (make(backbone).encode_frames(backbone, videos) - features).abs().max() > 1e-3
