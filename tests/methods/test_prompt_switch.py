"""Prompt Switch: what the switch does, what it starts from, what it refuses, and a slow second construction of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, linear

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods import build_method
from framecue.methods.prompt_switch import PromptSwitch, PromptSwitchConfig, _aggregate


def make(backbone: Backbone, *, seed: int | None = 0, **options: Any) -> PromptSwitch:
    """Prompt Switch with everything random, as after training; as at the start where the seed is None."""
    method = build_method("prompt-switch", {"captioner": False, **options}, backbone).eval()
    assert isinstance(method, PromptSwitch)
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in method.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return method


def frames(videos: int, count: int, seed: int = 1) -> Tensor:
    return torch.randn(videos, count, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def by_hand(layer: Any, tokens: Tensor, num_heads: int) -> Tensor:
    """Self-attention of one frame's tokens (T, D), head by head."""
    query, key, value = (getattr(layer, name)(tokens) for name in ("q_proj", "k_proj", "v_proj"))
    return layer.out_proj(_heads(query, key, value, num_heads))


def _heads(query: Tensor, key: Tensor, value: Tensor, num_heads: int) -> Tensor:
    size = query.shape[-1] // num_heads
    outputs = []
    for head in range(num_heads):
        part = slice(head * size, (head + 1) * size)
        scores = query[:, part] @ key[:, part].T / math.sqrt(size)
        outputs.append(scores.softmax(dim=-1) @ value[:, part])
    return torch.cat(outputs, dim=-1)


def slow_features(backbone: Backbone, method: PromptSwitch, video: Tensor) -> Tensor:
    """The features (F, E) of one video (F, 3, S, S), frame by frame and prompt by prompt, from sections 3.2 and 3.3."""
    clip, heads = backbone.model, backbone.vision.num_heads
    prompts, each = method.config.num_prompts, method.prompt_cube.shape[1] // method.config.num_prompts
    group = {"chunk": prompts, "video": len(video)}.get(method.config.aggregation, method.config.group)
    images = [clip.vision_model.pre_layrnorm(clip.vision_model.embeddings(frame[None]))[0] for frame in video]
    num_own = len(images[0])
    streams = [torch.cat([image, method.prompt_cube[f % prompts]]) for f, image in enumerate(images)]
    for number, layer in enumerate(clip.vision_model.encoder.layers):
        switches = method.config.switch_every > 0 and number % method.config.switch_every == 0
        normed = [layer.layer_norm1(stream) for stream in streams]
        for f, stream in enumerate(streams):
            first = f - f % prompts  # of the chunk
            rows = [normed[f][place] for place in range(num_own)]
            for other in range(prompts):
                for place in range(each):
                    if switches:
                        rows.append(normed[first + other][num_own + f % prompts * each + place])
                    else:
                        rows.append(normed[f][num_own + other * each + place])
            stream = stream + by_hand(layer.self_attn, torch.stack(rows), heads)
            streams[f] = stream + layer.mlp(layer.layer_norm2(stream))
    features = []
    if method.aggregation is None:
        return torch.stack([clip.visual_projection(clip.vision_model.post_layernorm(stream[0])) for stream in streams])
    query_weight, key_weight, value_weight = method.aggregation.in_proj_weight.chunk(3)
    query_bias, key_bias, value_bias = method.aggregation.in_proj_bias.chunk(3)
    for f, stream in enumerate(streams):
        first = f - f % group
        memory = torch.cat([streams[other][num_own:] for other in range(first, first + group)])
        summary = _heads(
            linear(stream[:1], query_weight, query_bias),
            linear(memory, key_weight, key_bias),
            linear(memory, value_weight, value_bias),
            heads,
        )
        token = stream[:1] + method.aggregation.out_proj(summary)
        features.append(clip.visual_projection(clip.vision_model.post_layernorm(token))[0])
    return torch.stack(features)


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"num_prompts": 3, "num_frames": 3, "num_test_frames": 6}, 6),  # two groups, as released
        ({"num_prompts": 3, "num_frames": 6, "num_test_frames": 6}, 6),  # one group of two chunks
        ({"num_prompts": 2, "num_frames": 4, "num_test_frames": 8}, 8),  # two groups of two chunks
        ({"num_prompts": 1, "num_frames": 1, "num_test_frames": 1}, 1),
        # The designs beyond the paper.
        ({"num_prompts": 3, "num_frames": 3, "num_test_frames": 6, "switch_every": 2}, 6),
        ({"num_prompts": 3, "num_frames": 3, "num_test_frames": 6, "switch_every": 0}, 6),
        ({"num_prompts": 2, "num_frames": 4, "num_test_frames": 4, "prompts_per_frame": 6}, 4),
        ({"num_prompts": 2, "num_frames": 4, "num_test_frames": 4, "aggregation": "chunk"}, 4),
        ({"num_prompts": 2, "num_frames": 2, "num_test_frames": 6, "aggregation": "video"}, 6),
        ({"num_prompts": 2, "num_frames": 2, "num_test_frames": 4, "aggregation": "none"}, 4),
        (
            {
                **{"num_prompts": 2, "num_frames": 2, "num_test_frames": 4, "prompts_per_frame": 4},
                **{"switch_every": 2, "aggregation": "chunk"},
            },
            4,
        ),
    ],
)
@torch.no_grad()
def test_agrees_with_a_second_construction(make_backbone: Callable[..., Backbone], options, count) -> None:
    # The prompts are neither as many as the heads (4) nor as the frames, so none of the three can stand for another.
    backbone = make_backbone(dtype=torch.float64)
    method, videos = make(backbone, **options), frames(2, count).double()
    features = method.encode_frames(backbone, videos)
    assert features.shape == (2, count, 24)
    for video, actual in zip(videos, features, strict=True):
        torch.testing.assert_close(actual, slow_features(backbone, method, video), rtol=0, atol=1e-10)


def test_the_switch_by_hand(backbone: Backbone) -> None:
    # Two chunks of two frames; token [f, p] of the cube is 10 f + p, after one token of the frame's own, -f.
    method = make(backbone, num_prompts=2, num_frames=2, num_test_frames=4)
    tokens = torch.tensor([[[-f], [10 * f], [10 * f + 1]] for f in range(4)]).float()
    switched = method._switch(tokens, 1)
    assert switched[..., 0].tolist() == [[0, 0, 10], [-1, 1, 11], [-2, 20, 30], [-3, 21, 31]]
    assert torch.equal(method._switch(switched, 1), tokens)


@torch.no_grad()
def test_without_switch_and_aggregation_each_frame_is_alone(backbone: Backbone) -> None:
    options = {"num_prompts": 2, "num_frames": 2, "num_test_frames": 4}
    videos = frames(1, 4)
    changed = videos.clone()
    changed[0, 3] += 1
    for method, meet in (
        (make(backbone, switch_every=0, aggregation="none", **options), False),
        (make(backbone, aggregation="none", **options), True),
        (make(backbone, switch_every=0, **options), True),
    ):
        before, after = (method.encode_frames(backbone, each) for each in (videos, changed))
        # Frame 2 is in the chunk, and in the group, of the frame that was changed; frame 1 is in neither.
        assert torch.allclose(before[0, 2], after[0, 2], atol=1e-5) is not meet
        torch.testing.assert_close(before[0, 1], after[0, 1])


@torch.no_grad()
def test_order_matters_and_only_to_prompt_switch(backbone: Backbone) -> None:
    videos = frames(1, 6)
    played_backwards = videos.flip(1)
    mean_pool = build_method("mean-pool", {}, backbone)
    still = mean_pool.pool(mean_pool.encode_frames(backbone, videos))
    torch.testing.assert_close(
        mean_pool.pool(mean_pool.encode_frames(backbone, played_backwards)), still, rtol=0, atol=1e-6
    )
    method = make(backbone, num_prompts=6, num_frames=6, num_test_frames=6)
    forwards, backwards = (method.pool(method.encode_frames(backbone, video)) for video in (videos, played_backwards))
    assert (forwards - backwards).abs().max() > 1e-2


@torch.no_grad()
def test_without_the_switch_and_with_one_row_for_all_frames_order_is_lost(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So it is the cube and its switching that bring order in, nothing else.
    method, videos = make(backbone, num_prompts=6, num_frames=6, num_test_frames=6), frames(1, 6)
    method.prompt_cube.copy_(method.prompt_cube[:1].expand(6, -1, -1))
    monkeypatch.setattr(method, "_switch", lambda tokens, num_own: tokens)
    forwards, backwards = (method.pool(method.encode_frames(backbone, video)) for video in (videos, videos.flip(1)))
    torch.testing.assert_close(forwards, backwards, rtol=0, atol=1e-5)


@torch.no_grad()
def test_at_the_start_aggregation_adds_nothing_and_frames_stay_near_plain_clip(backbone: Backbone) -> None:
    torch.manual_seed(0)
    method, videos = make(backbone, seed=None, num_prompts=3, num_frames=3, num_test_frames=3), frames(1, 3)
    tokens = torch.randn(3, 32), torch.randn(3, 3, 32)
    assert method.aggregation is not None
    assert not _aggregate(method.aggregation, *tokens, group=3).any()
    assert method.prompt_cube.std().item() == pytest.approx(32**-0.5 * 0.02, rel=0.2)
    plain = build_method("mean-pool", {}, backbone).encode_frames(backbone, videos)
    started = method.encode_frames(backbone, videos)
    # Attention sees the prompts from the first step on, so the features are near CLIP's and not the same.
    similarity = cosine_similarity(started, plain, dim=-1)
    assert similarity.min() > 0.7
    assert similarity.max() < 1 - 1e-4
    far = make(backbone, num_prompts=3, num_frames=3, num_test_frames=3).encode_frames(backbone, videos)
    assert cosine_similarity(far, plain, dim=-1).max() < similarity.min()


@torch.no_grad()
def test_groups_and_videos_do_not_mix(backbone: Backbone) -> None:
    videos = frames(2, 6)
    split = make(backbone, num_prompts=3, num_frames=3, num_test_frames=6)
    joint = make(backbone, num_prompts=3, num_frames=6, num_test_frames=6)
    changed = videos.clone()
    changed[0, 5] = 0  # in the second chunk of the first video
    for method, touched in ((split, [3, 4, 5]), (joint, [0, 1, 2, 3, 4, 5])):
        before, after = method.encode_frames(backbone, videos), method.encode_frames(backbone, changed)
        differing = (before[0] - after[0]).abs().amax(dim=-1) > 1e-4
        assert differing.nonzero().flatten().tolist() == touched
        torch.testing.assert_close(before[1], after[1], rtol=0, atol=1e-6)


def test_frames_per_group_is_as_released_the_number_of_frames_in_training(backbone: Backbone) -> None:
    assert (PromptSwitchConfig().num_frames, PromptSwitchConfig().num_test_frames) == (6, 12)
    assert PromptSwitchConfig().group == 6
    assert PromptSwitchConfig(num_frames=12).group == 12
    assert PromptSwitchConfig(num_frames=12, num_prompts=3, frames_per_group=6).group == 6
    trained_on_six = make(backbone)
    asked_for = make(backbone, frames_per_group=12, num_frames=12)
    with torch.no_grad():
        videos = frames(1, 12)
        assert (
            trained_on_six.encode_frames(backbone, videos) - asked_for.encode_frames(backbone, videos)
        ).abs().max() > 0.01


def test_sampling_takes_chunks_of_as_many_frames_as_prompts(backbone: Backbone) -> None:
    assert make(backbone, num_prompts=3, num_frames=6, num_test_frames=12).chunk_frames == 3


@pytest.mark.parametrize("count", [1, 4, 9])
def test_frames_that_do_not_fill_groups_are_refused(backbone: Backbone, count: int) -> None:
    method = make(backbone, num_prompts=3, num_frames=6, num_test_frames=6)
    message = f"prompt-switch with groups of 6 frames takes a multiple of 6 frames a video, got {count}"
    # Two videos of nine frames make three groups, one of them of both videos: it must not pass for being divisible.
    with pytest.raises(InputError, match=message):
        method.encode_frames(backbone, frames(2, count))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_prompts": 0}, "num_prompts must be at least 1, got 0"),
        ({"num_frames": 0}, "num_frames must be at least 1, got 0"),
        (
            {"prompts_per_frame": 8, "num_prompts": 6},
            r"prompts_per_frame must be a multiple of num_prompts \(6\), got 8",
        ),
        ({"switch_every": -1}, "switch_every must be at least 0, got -1"),
        ({"aggregation": "frame"}, "aggregation must be 'group', 'chunk', 'video' or 'none', got 'frame'"),
        (
            {"aggregation": "video", "frames_per_group": 6},
            r"frames_per_group \(6\) goes with aggregation group, not video",
        ),
        ({"num_frames": 8}, r"num_frames must be a multiple of num_prompts \(6\), got 8"),
        ({"frames_per_group": 4}, r"frames_per_group must be a multiple of num_prompts \(6\), got 4"),
        ({"frames_per_group": 0}, "frames_per_group must be at least 1, got 0"),
        ({"num_frames": 6, "frames_per_group": 12}, r"num_frames must be a multiple of frames_per_group \(12\), got 6"),
        ({"num_test_frames": 10}, r"num_test_frames must be a multiple of frames_per_group \(6\), got 10"),
        ({"captioner_layers": 0}, "captioner_layers must be at least 1, got 0"),
        ({"caption_loss_weight": -0.5}, "caption_loss_weight must be greater than 0, got -0.5"),
        ({"caption_loss_weight": math.inf}, "caption_loss_weight must be a finite number, got inf"),
        ({"frequent_word_weight": math.nan}, "frequent_word_weight must be a finite number, got nan"),
        ({"frequent_word_weight": 0}, "frequent_word_weight must be greater than 0, got 0"),
        ({"num_prompts": "6"}, "num_prompts must be an integer, got '6'"),
        ({"num_frames": 6.0}, "num_frames must be an integer, got 6.0"),
        ({"num_frames": True}, "num_frames must be an integer, got True"),
        ({"num_frames": None}, "num_frames must be an integer, got None"),
        ({"frames_per_group": "all"}, "frames_per_group must be an integer or null, got 'all'"),
        ({"captioner": 1}, r"captioner must be a boolean \(true or false\), got 1"),
        ({"caption_loss_weight": "0.5"}, "caption_loss_weight must be a number, got '0.5'"),
    ],
)
def test_options_out_of_range_or_of_another_type_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        PromptSwitchConfig(**options)


def test_a_whole_number_stands_for_a_fraction() -> None:
    assert PromptSwitchConfig(caption_loss_weight=1).caption_loss_weight == 1


def test_parameters_and_which_of_them_are_new(backbone: Backbone) -> None:
    method = build_method("prompt-switch", {"num_prompts": 3, "num_frames": 3, "num_test_frames": 3}, backbone)
    names = dict(method.named_parameters())
    # Names are what adapter files hold: a change breaks every adapter.
    assert [name for name in names if not name.startswith("captioner.")] == [
        "prompt_cube",
        "aggregation.in_proj_weight",
        "aggregation.in_proj_bias",
        "aggregation.out_proj.weight",
        "aggregation.out_proj.bias",
    ]
    assert names["prompt_cube"].shape == (3, 3, 32)
    new = dict(method.new_parameters())
    assert names.keys() - new.keys() == {name for name in names if name.startswith("aggregation.")}
    assert all(new[name] is names[name] for name in new)


def test_everything_is_trained(backbone: Backbone) -> None:
    method = build_method("prompt-switch", {}, backbone)
    for parameter in [*backbone.parameters(), *method.parameters()]:
        parameter.requires_grad_(False)
    method.freeze(backbone)
    assert all(parameter.requires_grad for parameter in [*backbone.parameters(), *method.parameters()])


def test_the_captioning_loss_is_weighed_and_can_be_left_out(backbone: Backbone) -> None:
    ids, _ = backbone.tokenize(["a red car", "the cat"])
    features = torch.randn(2, 6, 24)
    assert make(backbone).auxiliary_loss(backbone, features, ids) is None
    method = build_method("prompt-switch", {"caption_loss_weight": 0.25}, backbone)
    assert isinstance(method, PromptSwitch)
    assert method.captioner is not None
    loss = method.auxiliary_loss(backbone, features, ids)
    assert loss is not None
    assert loss.mean.item() == pytest.approx(0.25 * method.captioner.loss(backbone, features, ids).item())


def test_gradients_agree_with_finite_differences(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone(dtype=torch.float64)
    method = make(backbone, num_prompts=2, num_frames=2, num_test_frames=2)
    videos = frames(1, 2).double()
    direction = torch.randn(2, 24, generator=torch.Generator().manual_seed(2)).double()

    def value() -> Tensor:
        return (method.encode_frames(backbone, videos)[0] * direction).sum()

    for parameter in (method.prompt_cube, method.aggregation.in_proj_weight, method.aggregation.out_proj.bias):
        (gradient,) = torch.autograd.grad(value(), parameter)
        step = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(3)).double()
        with torch.no_grad():
            parameter.add_(step, alpha=1e-5)
            above = value()
            parameter.sub_(step, alpha=2e-5)
            slope = (above - value()) / 2e-5
            parameter.add_(step, alpha=1e-5)
        assert slope.item() == pytest.approx((gradient * step).sum().item(), rel=1e-6)


@torch.no_grad()
def test_bfloat16(make_backbone: Callable[..., Backbone]) -> None:
    full, half = make_backbone(), make_backbone(dtype=torch.bfloat16)
    options = {"num_prompts": 3, "num_frames": 3, "num_test_frames": 6}
    method = make(half, **options)
    assert {parameter.dtype for parameter in method.parameters()} == {torch.bfloat16}
    features = method.encode_frames(half, frames(1, 6).bfloat16())
    assert features.dtype == torch.bfloat16
    expected = make(full, **options).encode_frames(full, frames(1, 6))
    assert cosine_similarity(features.float(), expected, dim=-1).min() > 0.99
