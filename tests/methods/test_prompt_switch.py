"""Prompt Switch: what the switch does, what it starts from, what it refuses, and a slow second construction of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import cosine_similarity, linear, normalize

from framecue.backbone import Backbone
from framecue.backbone.meta import backbone_without_weights
from framecue.checkpoint import load_adapter, save_adapter
from framecue.errors import InputError
from framecue.methods import build_method, saved_options
from framecue.methods.base import TrainingFeatures
from framecue.methods.contrastive import contrastive_loss
from framecue.methods.counting import count_parameters
from framecue.methods.frame_contrast import frame_text_loss, order_loss
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


def slow_shares(logits: Tensor) -> list[list[float]]:
    """A doubly stochastic matrix: columns and rows are made to sum to 1, in turns."""
    rows = [[math.exp(value) for value in row] for row in logits.tolist()]
    for _ in range(10):
        sums = [sum(column) for column in zip(*rows, strict=True)]
        rows = [[value / total for value, total in zip(row, sums, strict=True)] for row in rows]
        rows = [[value / sum(row) for value in row] for row in rows]
    return rows


def blocks_that_come(method: PromptSwitch, layer: int, frame: int, block: int) -> list[tuple[float, int, int]]:
    """What stands in a block of a frame of the chunk when a layer attends: (share, frame, block)."""
    prompts, kind = method.config.num_prompts, method.config.switch
    every = 0 if kind == "none" else method.config.switch_every
    if not every or layer % every:
        return [(1.0, frame, block)]
    if kind == "transpose":
        return [(1.0, block, frame)]
    if kind == "cyclic":
        return [(1.0, (frame - block) % prompts, block)]
    row = slow_shares(method.learned_switch.logits[layer // every])[frame * prompts + block]
    return [(share, *divmod(place, prompts)) for place, share in enumerate(row)]


def slow_features(backbone: Backbone, method: PromptSwitch, video: Tensor) -> Tensor:
    """The features (F, E) of one video (F, 3, S, S), frame by frame and prompt by prompt, from sections 3.2 and 3.3."""
    clip, heads = backbone.model, backbone.vision.num_heads
    prompts, each = method.config.num_prompts, method.prompt_cube.shape[1] // method.config.num_prompts
    group = {"chunk": prompts, "video": len(video)}.get(method.config.aggregation, method.config.group)
    images = [clip.vision_model.pre_layrnorm(clip.vision_model.embeddings(frame[None]))[0] for frame in video]
    num_own = len(images[0])
    streams = [torch.cat([image, method.prompt_cube[f % prompts]]) for f, image in enumerate(images)]
    for number, layer in enumerate(clip.vision_model.encoder.layers):
        if number and method.deep_cubes is not None:
            for f, stream in enumerate(streams):
                added = method.deep_cubes[number - 1, f % prompts]
                streams[f] = torch.cat([stream[:num_own], stream[num_own:] + added])
        normed = [layer.layer_norm1(stream) for stream in streams]
        for f, stream in enumerate(streams):
            first = f - f % prompts  # of the chunk
            rows = [normed[f][place] for place in range(num_own)]
            for block in range(prompts):
                for place in range(each):
                    parts = blocks_that_come(method, number, f % prompts, block)
                    rows.append(sum(w * normed[first + other][num_own + b * each + place] for w, other, b in parts))
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
        ({"num_prompts": 3, "num_frames": 3, "num_test_frames": 6, "switch": "cyclic"}, 6),
        ({"num_prompts": 3, "num_frames": 3, "num_test_frames": 6, "switch": "none"}, 6),
        ({"num_prompts": 3, "num_frames": 3, "num_test_frames": 6, "switch": "learned"}, 6),
        ({"num_prompts": 3, "num_frames": 3, "num_test_frames": 6, "deep": True}, 6),
        (
            {
                **{"num_prompts": 2, "num_frames": 2, "num_test_frames": 4, "prompts_per_frame": 4, "deep": True},
                **{"switch": "learned", "switch_every": 2},
            },
            4,
        ),
        ({"num_prompts": 3, "num_frames": 3, "num_test_frames": 3, "prompts_per_frame": 6, "switch": "cyclic"}, 3),
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
    monkeypatch.setattr(method, "_switch", lambda tokens, **_: tokens)
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
        ({"switch": "random"}, "switch must be 'transpose', 'cyclic', 'learned' or 'none', got 'random'"),
        (
            {"switch": "learned", "switch_every": 0},
            "switch_every: 0 leaves the switch out; say at least 1 for .*learned",
        ),
        ({"frame_text_weight": -1}, "frame_text_weight must be at least 0, got -1"),
        ({"order_weight": math.inf}, "order_weight must be a finite number, got inf"),
        ({"order_weight": 1, "num_prompts": 1}, "order_weight needs frames in an order: .* at least 2, got 1"),
        ({"order_negatives": "random"}, "order_negatives must be 'reversed' or 'shuffled', got 'random'"),
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


THREE = {"num_prompts": 3, "num_frames": 3, "num_test_frames": 3}


@torch.no_grad()
def test_what_came_later_starts_as_before_or_near_it(backbone: Backbone) -> None:
    videos = frames(1, 3)
    features = {}
    for name, options in {
        "plain": {},
        "deep": {"deep": True},
        "learned": {"switch": "learned"},
        "cyclic": {"switch": "cyclic"},
    }.items():
        torch.manual_seed(0)
        method = make(backbone, seed=None, **THREE, **options)
        method.prompt_cube.mul_(1000)  # so that where prompts go can be seen
        features[name] = method.encode_frames(backbone, videos)
    assert torch.equal(features["deep"], features["plain"])
    near, far = ((features[name] - features["plain"]).abs().max() for name in ("learned", "cyclic"))
    assert 1e-6 < near < far


def test_an_adapter_or_library_from_before_the_later_options_is_as_it_was() -> None:
    before = {
        **{"num_frames": 6, "num_test_frames": 12, "num_prompts": 6, "prompts_per_frame": None, "switch_every": 1},
        **{"aggregation": "group", "frames_per_group": None, "captioner": True, "captioner_layers": 2},
        **{"caption_loss_weight": 0.5, "frequent_word_weight": 0.25},
    }
    assert PromptSwitchConfig(**saved_options("prompt-switch", before)) == PromptSwitchConfig()
    assert PromptSwitchConfig().to_saved() == before
    assert PromptSwitchConfig(deep=True).to_saved() == {**before, "deep": True}


class TestFrozenBackbone:
    """`train_backbone: false`."""

    def test_only_what_the_method_adds_is_trained_and_all_of_it_as_new(self, backbone: Backbone) -> None:
        method = build_method("prompt-switch", {**THREE, "train_backbone": False}, backbone)
        method.freeze(backbone)
        assert not any(p.requires_grad for p in backbone.parameters())
        assert all(p.requires_grad for p in method.parameters())
        assert dict(method.new_parameters()).keys() == dict(method.named_parameters()).keys()

    @pytest.mark.parametrize(
        ("options", "count"),
        [
            ({}, 36_146_432),
            ({"captioner": False}, 36 * 768 + 4 * (768**2 + 768)),
            ({"captioner": False, "aggregation": "none"}, 36 * 768),
            ({"captioner": False, "deep": True}, 12 * 36 * 768 + 4 * (768**2 + 768)),
            ({"captioner": False, "switch": "learned"}, 36 * 768 + 4 * (768**2 + 768) + 12 * 36**2),
        ],
    )
    def test_parameters_of_a_vit_b_32(self, options: dict[str, Any], count: int) -> None:
        counted = count_parameters("prompt-switch", backbone_without_weights(), {"train_backbone": False, **options})
        assert counted.trainable == counted.new == count

    @torch.no_grad()
    def test_an_adapter_holds_the_method_alone(self, make_backbone: Callable[..., Backbone], tmp_path: Path) -> None:
        options = {"train_backbone": False, "deep": True, "switch": "learned"}
        backbone, fresh, videos = make_backbone(), make_backbone(), frames(2, 3)
        method = make(backbone, **THREE, **options)
        method.freeze(backbone)
        save_adapter(tmp_path, backbone=backbone, method=method, method_name="prompt-switch", version="0")
        saved = load_file(tmp_path / "adapter_model.safetensors")
        assert saved.keys() == {f"method.{name}" for name, _ in method.named_parameters()}
        loaded, _ = load_adapter(tmp_path, fresh)
        assert torch.equal(loaded.eval().encode_frames(fresh, videos), method.encode_frames(backbone, videos))

    def test_gradients_reach_all_of_it(
        self, backbone: Backbone, gradients_of: Callable[[Backbone, Any], dict[str, Tensor]]
    ) -> None:
        method = make(backbone, **THREE, train_backbone=False, deep=True, switch="learned")
        gradients = gradients_of(backbone, method)
        assert gradients.keys() == {f"method.{name}" for name, _ in method.named_parameters()}
        assert all(gradient.any() for gradient in gradients.values())


def test_a_learned_switch_trains_at_a_hundred_times_the_rate(backbone: Backbone) -> None:
    groups = make(backbone, **THREE, switch="learned").parameter_groups(backbone)
    named = [(group.rate, group.factor, [name for name, _ in group.parameters]) for group in groups]
    assert [each[:2] for each in named] == [("backbone", 1.0), ("new", 1.0), ("new", 100.0)]
    assert named[1][2] == ["method.prompt_cube"]
    assert named[2][2] == ["method.learned_switch.logits"]
    assert sum(name.startswith("method.aggregation.") for name in named[0][2]) == 4
    assert len(make(backbone, **THREE).parameter_groups(backbone)) == 2


class TestContrasts:
    """The auxiliary losses of frames and of their order."""

    @staticmethod
    def features(backbone: Backbone, method: PromptSwitch, videos: Tensor) -> TrainingFeatures:
        texts = ["a red car", "the cat falls", "a dog"][: len(videos)]
        return TrainingFeatures(
            method.encode_text(backbone, *backbone.tokenize(texts)), method.encode_frames(backbone, videos)
        )

    @torch.no_grad()
    def test_without_them_the_loss_is_that_of_videos(self, backbone: Backbone) -> None:
        method = make(backbone, **THREE).train()
        features = self.features(backbone, method, frames(2, 3))
        similarities = method.similarity(features.text_features, features.frame_features)
        expected = contrastive_loss(similarities, backbone.logit_scale)
        torch.testing.assert_close(method.loss(backbone, features), expected)

    @torch.no_grad()
    def test_frames_and_captions(self, backbone: Backbone) -> None:
        method = make(backbone, **THREE, frame_text_weight=0.3).train()
        features = self.features(backbone, method, frames(2, 3))
        texts, single = normalize(features.text_features, dim=-1), normalize(features.frame_features, dim=-1)
        expected = make(backbone, **THREE).loss(backbone, features)
        expected += 0.3 * frame_text_loss(texts, single, backbone.logit_scale)
        torch.testing.assert_close(method.loss(backbone, features), expected)

    @torch.no_grad()
    @pytest.mark.parametrize("negatives", ["reversed", "shuffled"])
    def test_the_order_of_frames(self, backbone: Backbone, negatives: str) -> None:
        options = {"num_prompts": 3, "num_frames": 6, "num_test_frames": 6, "aggregation": "chunk"}
        method = make(backbone, **options, order_weight=0.7, order_negatives=negatives).train()
        plain, videos = make(backbone, **options), frames(2, 6)
        torch.manual_seed(1)
        features = self.features(backbone, method, videos)
        assert features.frame_features.shape == (2, 12, 24)
        torch.manual_seed(1)
        reordered = method._reordered(videos)
        if negatives == "reversed":
            assert torch.equal(reordered, videos[:, [2, 1, 0, 5, 4, 3]])  # each chunk spans the video
        own, other = plain.encode_frames(backbone, videos), plain.encode_frames(backbone, reordered)
        torch.testing.assert_close(features.frame_features, torch.cat([own, other], dim=1), rtol=0, atol=1e-5)
        texts = normalize(features.text_features, dim=-1)
        expected = plain.loss(backbone, TrainingFeatures(features.text_features, own))
        expected += 0.7 * order_loss(texts, plain.pool(own), plain.pool(other), backbone.logit_scale)
        torch.testing.assert_close(method.loss(backbone, features), expected)
        # At test a video is encoded once.
        torch.testing.assert_close(method.eval().encode_frames(backbone, videos), own, rtol=0, atol=1e-5)

    def test_a_shuffled_video_is_never_in_its_own_order_and_all_chunks_in_the_same(self, backbone: Backbone) -> None:
        method = make(
            backbone, num_prompts=2, num_frames=4, num_test_frames=4, order_weight=1, order_negatives="shuffled"
        )
        places = torch.arange(4)[None, :, None, None, None].expand(20, -1, 1, 1, 1)
        assert torch.equal(method._reordered(places)[..., 0, 0, 0], torch.tensor([1, 0, 3, 2]).expand(20, -1))
        method = make(backbone, num_prompts=3, num_frames=6, num_test_frames=6, order_negatives="shuffled")
        places = torch.arange(6)[None, :, None, None, None].expand(200, -1, 1, 1, 1)
        drawn = {tuple(row) for row in method._reordered(places)[..., 0, 0, 0].tolist()}
        assert len(drawn) == 5  # of six orders of three intervals, all but the video's own
        assert all(row[3:] == tuple(place + 3 for place in row[:3]) and row[:3] != (0, 1, 2) for row in drawn)

    @torch.no_grad()
    def test_the_captioner_sees_the_video_in_its_own_order(self, backbone: Backbone) -> None:
        options = {**THREE, "order_weight": 1.0}
        method = build_method("prompt-switch", options, backbone).train()
        ids, features = backbone.tokenize(["a red car", "the cat"])[0], torch.randn(2, 6, 24)
        expected = method.eval().auxiliary_loss(backbone, features[:, :3], ids)
        found = method.train().auxiliary_loss(backbone, features, ids)
        assert expected is not None
        assert found is not None
        torch.testing.assert_close(found.total, expected.total)
        torch.testing.assert_close(found.weight, expected.weight)


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
