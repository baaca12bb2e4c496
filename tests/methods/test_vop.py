"""VoP and its video prompts: a slow second construction, what each may see, what is trained, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import cosine_similarity
from transformers import CLIPConfig, CLIPModel

from framecue.backbone import Backbone, Preprocess
from framecue.checkpoint import load_adapter, save_adapter
from framecue.errors import InputError
from framecue.methods import build_method
from framecue.methods.context_prompts import ContextPrompts
from framecue.methods.frame_positions import FramePositions, nearest_positions
from framecue.methods.inter_frame import InterFrameLayers
from framecue.methods.position_prompts import PositionPrompts
from framecue.methods.vop import VoP

NAMES = ("vop", "vop-p", "vop-c", "vop-f", "vop-fp", "vop-fc")
FOR_POSITIONS, FOR_CONTEXT, BETWEEN_FRAMES = ("vop-p", "vop-fp"), ("vop-c", "vop-fc"), ("vop-f", "vop-fp", "vop-fc")
TEXTS = ["a red car", "the cat falls, the dog rises"]


def make(backbone: Backbone, name: str = "vop", *, seed: int | None = 0, **options: Any) -> VoP:
    """A method for 4 frames with everything random, as after training; as at the start where the seed is None."""
    method = build_method(name, {"num_frames": 4, "num_test_frames": 4, **options}, backbone).eval()
    assert isinstance(method, VoP)
    method.freeze(backbone)
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in method.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return method


def frames(videos: int, count: int, seed: int = 1) -> Tensor:
    return torch.randn(videos, count, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def shared_options(name: str) -> dict[str, Any]:
    """Three prompts, two of them a frame's own where frames have some, so that no count can stand for another."""
    return {"num_visual_prompts": 3, **({"num_shared_prompts": 1} if name not in ("vop", "vop-f") else {})}


# --- a second construction ------------------------------------------------------------------------------------------


def nearest(frame: int, frame_count: int, known: int) -> int:
    """By trying all; of two as near, the later."""
    return min(
        range(known),
        key=lambda row: (abs((2 * row + 1) * frame_count - (2 * frame + 1) * known), -row),
    )


def slow_lstm(lstm: torch.nn.LSTM, steps: list[Tensor], suffix: str) -> list[Tensor]:
    """The outputs of one direction, step by step from the equations of the LSTM."""
    own = {name.removesuffix(suffix): p for name, p in lstm.named_parameters() if name.endswith(f"l0{suffix}")}
    hidden = cell = torch.zeros_like(steps[0])
    outputs = []
    for step in steps:
        gates = own["weight_ih_l0"] @ step + own["bias_ih_l0"] + own["weight_hh_l0"] @ hidden + own["bias_hh_l0"]
        let_in, forget, candidate, let_out = gates.chunk(4)
        cell = forget.sigmoid() * cell + let_in.sigmoid() * candidate.tanh()
        hidden = let_out.sigmoid() * cell.tanh()
        outputs.append(hidden)
    return outputs


def slow_prompts(method: VoP, index: int, classes: list[Tensor]) -> list[Tensor]:
    """The prompts (K, D) of each frame in a layer that its class tokens, D each, enter."""
    part: Any = method.frame_prompts
    count = len(classes)
    if isinstance(part, PositionPrompts):
        rows = [nearest(frame, count, method.config.num_frames) for frame in range(count)]
        return [torch.cat([part.shared[index], part.specific[index, row]]) for row in rows]
    if isinstance(part, ContextPrompts):
        forwards = slow_lstm(part.context.lstm, classes, "")
        backwards = slow_lstm(part.context.lstm, classes[::-1], "_reverse")[::-1]
        both = [torch.cat(pair) for pair in zip(forwards, backwards, strict=True)]
        return [torch.cat([part.shared[index], part.to_prompts(step).view(-1, len(classes[0]))]) for step in both]
    return [part.prompts[index]] * count


def slow_features(backbone: Backbone, method: VoP, video: Tensor, frame_layers: int) -> Tensor:
    """The features (F, E) of one video (F, 3, S, S), frame by frame."""
    clip: Any = backbone.model
    vision, layers = clip.vision_model, clip.vision_model.encoder.layers
    count = method.config.num_visual_prompts
    streams = [vision.pre_layrnorm(vision.embeddings(frame[None]))[0] for frame in video]
    for index in range(frame_layers):
        prompts = slow_prompts(method, index, [stream[0] for stream in streams])
        if index == 0:
            prompts = [vision.pre_layrnorm(tokens) for tokens in prompts]
        joined = [torch.cat([s[:1], p, s[1:]]) for s, p in zip(streams, prompts, strict=True)]
        outputs = [layers[index](tokens[None], attention_mask=None)[0] for tokens in joined]
        streams = [torch.cat([tokens[:1], tokens[1 + count :]]) for tokens in outputs]
    if frame_layers < len(layers):
        assert method.inter_frame is not None
        table = method.inter_frame.frame_positions.embedding
        rows = [nearest(frame, len(streams), len(table)) for frame in range(len(streams))]
        streams = [stream + table[row] for stream, row in zip(streams, rows, strict=True)]
        for index in range(frame_layers, len(layers)):
            joined = [stream[:1] for stream in streams]
            joined += [method.inter_frame.prompts[index - frame_layers]]
            joined += [stream[1:] for stream in streams]
            tokens = layers[index](torch.cat(joined)[None], attention_mask=None)[0]
            size = len(streams[0]) - 1
            first = len(streams) + count
            streams = [
                torch.cat([tokens[f : f + 1], tokens[first + f * size : first + (f + 1) * size]])
                for f in range(len(streams))
            ]
    return torch.stack([clip.visual_projection(vision.post_layernorm(stream[0])) for stream in streams])


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_videos_agree_with_a_second_construction(make_backbone: Callable[..., Backbone], name: str) -> None:
    backbone = make_backbone(dtype=torch.float64)
    method = make(backbone, name, **shared_options(name))
    for count in (4, 5):  # as trained; with others some take their neighbours' prompts
        videos = frames(2, count).double()
        features = method.encode_frames(backbone, videos)
        assert features.shape == (2, count, 24)
        for video, actual in zip(videos, features, strict=True):
            expected = slow_features(backbone, method, video, 2 if name in BETWEEN_FRAMES else 3)
            torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)


@torch.no_grad()
def test_texts_agree_with_a_second_construction(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone(dtype=torch.float64)
    method = make(backbone, num_text_prompts=3)
    text: Any = backbone.model.text_model
    ids, mask = backbone.tokenize(TEXTS)
    for row, actual in enumerate(method.encode_text(backbone, ids)):
        own = ids[row, : int(mask[row].sum())]
        words = text.embeddings.token_embedding.weight[own] + text.embeddings.position_embedding.weight[: len(own)]
        for layer, prompts in zip(text.encoder.layers, method.text_prompts.prompts, strict=True):
            size = len(prompts) + len(words)
            causal = torch.full((size, size), -torch.inf, dtype=torch.float64).triu(1)[None, None]
            words = layer(torch.cat([prompts, words])[None], attention_mask=causal)[0, len(prompts) :]
        expected = backbone.model.text_projection(text.final_layer_norm(words[-1]))
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)


# --- parameters -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def vit_b_32() -> Backbone:
    """The shape of OpenAI's ViT-B/32, without weights."""

    def no_tokenizer() -> Any:
        raise AssertionError("it has none")

    with torch.device("meta"):
        clip = CLIPModel(CLIPConfig())
    preprocess = Preprocess(224, (224, 224))
    return Backbone(clip, name="meta", revision="", preprocess=preprocess, tokenizer=no_tokenizer)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # The paper's table 1 has them in millions: 0.1, 0.5, 14.3, 0.1, 0.4, and 14.1 for the last.
        ("vop", 122_880),
        ("vop-p", 528_384),
        ("vop-c", 14_257_152),
        ("vop-f", 122_880),
        ("vop-fp", 393_216),
        ("vop-fc", 14_269_440),
    ],
)
def test_trainable_parameters_on_vit_b_32(vit_b_32: Backbone, name: str, expected: int) -> None:
    with torch.device("meta"):
        method = build_method(name, {"num_frames": 12, "num_test_frames": 12}, vit_b_32)
    method.freeze(vit_b_32)
    assert not any(parameter.requires_grad for parameter in vit_b_32.parameters())
    trained = {key: p.numel() for key, p in method.named_parameters() if p.requires_grad}
    frame_embedding = trained.pop("inter_frame.frame_positions.embedding", 0)
    assert sum(trained.values()) == expected
    # The paper does not count it.
    assert frame_embedding == (12 * 768 if name in BETWEEN_FRAMES else 0)
    assert method.max_text_tokens(vit_b_32) == 69
    if name in BETWEEN_FRAMES:
        assert method.num_frame_layers == 8


def test_names_of_parameters(backbone: Backbone) -> None:
    # They are what adapter files hold: a change breaks every adapter.
    specific = ["frame_prompts.shared", "frame_prompts.specific"]
    made = ["frame_prompts.shared", *[f"frame_prompts.to_prompts.{kind}" for kind in ("weight", "bias")]]
    for way in ("", "_reverse"):
        made += [
            f"frame_prompts.context.lstm.{kind}_{gate}_l0{way}" for kind in ("weight", "bias") for gate in ("ih", "hh")
        ]
    between = ["inter_frame.prompts", "inter_frame.frame_positions.embedding"]
    expected = {
        "vop": ["frame_prompts.prompts"],
        "vop-p": specific,
        "vop-c": made,
        "vop-f": ["frame_prompts.prompts", *between],
        "vop-fp": [*specific, *between],
        "vop-fc": [*made, *between],
    }
    for name in NAMES:
        names = [key for key, _ in make(backbone, name).named_parameters()]
        assert sorted(names) == sorted(["text_prompts.prompts", *expected[name]])


@pytest.mark.parametrize("name", NAMES)
def test_gradients_reach_all_that_is_added_and_nothing_else(backbone: Backbone, name: str) -> None:
    backbone.requires_grad_(True)
    method = make(backbone, name).train()
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    ids, mask = backbone.tokenize(TEXTS)
    similarities = method.similarity(
        method.encode_text(backbone, ids, mask), method.encode_frames(backbone, frames(2, 4))
    )
    loss = -(similarities * backbone.logit_scale.exp()).log_softmax(dim=-1).diagonal().mean()
    loss.backward()
    assert all(parameter.grad is None for parameter in backbone.parameters())
    assert not backbone.logit_scale.requires_grad
    for key, parameter in method.named_parameters():
        assert parameter.grad is not None, key
        # Every prompt of every layer (and position) takes part.
        assert (parameter.grad.abs().amax(dim=-1) > 0).all(), key
    trained = [p for p in [*backbone.parameters(), *method.parameters()] if p.requires_grad]
    torch.optim.AdamW(trained, lr=0.1, weight_decay=0.2).step()
    assert all(torch.equal(value, before[key]) for key, value in backbone.state_dict().items())


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_decides_the_start(backbone: Backbone, name: str) -> None:
    states = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        states.append(make(backbone, name, seed=None).state_dict())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert not any(torch.equal(states[0][key], states[2][key]) for key in states[0])


def test_prompts_start_small(backbone: Backbone) -> None:
    torch.manual_seed(0)
    for name in NAMES:
        for key, parameter in make(backbone, name, seed=None, num_text_prompts=16).named_parameters():
            if key.endswith(("prompts", "shared", "specific", "embedding")):
                tolerance = 0.02 * 5 / (2 * parameter.numel()) ** 0.5
                assert parameter.std().item() == pytest.approx(0.02, abs=tolerance), (name, key)


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_adapters_are_saved_and_loaded(make_backbone: Callable[..., Backbone], tmp_path: Path, name: str) -> None:
    backbone = make_backbone()
    method = make(backbone, name, num_text_prompts=5)
    save_adapter(tmp_path, backbone=backbone, method=method, method_name=name, version="0")
    other = make_backbone()
    loaded, config = load_adapter(tmp_path, other)
    assert config.method == name
    assert loaded.config == method.config
    ids, _ = backbone.tokenize(TEXTS)
    assert torch.equal(loaded.encode_text(other, ids), method.encode_text(backbone, ids))
    videos = frames(1, 4)
    assert torch.equal(loaded.eval().encode_frames(other, videos), method.encode_frames(backbone, videos))
    # Of the backbone, nothing.
    sizes = sum(parameter.nbytes for parameter in method.parameters())
    assert sizes <= (tmp_path / "adapter_model.safetensors").stat().st_size < sizes + 4096


# --- what each may see ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_order_matters_to_all_but_plain_vop(backbone: Backbone, name: str) -> None:
    method = make(backbone, name)
    videos = frames(1, 4)
    forwards, backwards = (method.pool(method.encode_frames(backbone, video)) for video in (videos, videos.flip(1)))
    difference = (forwards - backwards).abs().max()
    assert difference < 1e-6 if name == "vop" else difference > 1e-4


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_who_sees_the_other_frames(backbone: Backbone, name: str) -> None:
    method = make(backbone, name)
    videos = frames(2, 4)
    other = videos.clone()
    other[0, 3] = frames(1, 1, seed=2)[0, 0]
    changed = (method.encode_frames(backbone, videos) - method.encode_frames(backbone, other)).abs().amax(dim=-1)
    assert changed[0, 3] > 1e-2
    assert changed[1].max() < 1e-5  # never the frames of another video
    if name in ("vop", "vop-p"):
        assert changed[0, :3].max() < 1e-5
    else:
        assert changed[0, :3].min() > 1e-4


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_a_still_video_shows_who_knows_positions(backbone: Backbone, name: str) -> None:
    method = make(backbone, name)
    still = frames(1, 1).expand(-1, 4, -1, -1, -1)
    features = method.encode_frames(backbone, still)[0]
    differences = torch.stack([(features[0] - features[other]).abs().max() for other in (1, 2, 3)])
    if name == "vop":
        assert differences.max() < 1e-5
    else:
        assert differences.min() > 1e-5


@pytest.mark.parametrize("module", ["bilstm", "lstm", "transformer"])
@torch.no_grad()
def test_context_modules(backbone: Backbone, module: str) -> None:
    method = make(backbone, "vop-c", context_module=module)
    videos = frames(1, 4)
    other = videos.clone()
    other[0, 3] = frames(1, 1, seed=2)[0, 0]
    changed = (method.encode_frames(backbone, videos) - method.encode_frames(backbone, other)).abs().amax(dim=-1)[0]
    # An LSTM reads forwards: what comes later does not change what was before.
    assert changed[:3].max() < 1e-5 if module == "lstm" else changed[:3].min() > 1e-4
    forwards, backwards = (method.pool(method.encode_frames(backbone, video)) for video in (videos, videos.flip(1)))
    assert (forwards - backwards).abs().max() > 1e-4
    part = method.frame_prompts
    assert isinstance(part, ContextPrompts)
    assert part.to_prompts.in_features == (64 if module == "bilstm" else 32)
    if module == "transformer":
        names = [name.split(".") for name, _ in part.context.named_parameters()]
        assert {parts[2] for parts in names if parts[:2] == ["layers", "layers"]} == set("0123")
        # It has positions to be told, and takes another number of frames.
        assert method.encode_frames(backbone, frames(1, 6)).shape == (1, 6, 24)


@pytest.mark.parametrize("module", ["bilstm", "lstm", "transformer"])
def test_each_context_module_is_trained_in_full(backbone: Backbone, module: str) -> None:
    method = make(backbone, "vop-fc", context_module=module).train()
    features = method.encode_frames(backbone, frames(2, 4))
    (features * torch.randn_like(features)).sum().backward()
    for key, parameter in method.named_parameters():
        if not key.startswith("text_prompts"):
            assert parameter.grad is not None, key
            assert parameter.grad.abs().max() > 0, key


# --- positions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("num_frames", "num_known", "expected"),
    [
        (4, 4, [0, 1, 2, 3]),
        (8, 4, [0, 0, 1, 1, 2, 2, 3, 3]),
        (2, 4, [1, 3]),  # each is between two: the later
        (3, 4, [0, 2, 3]),
        (5, 4, [0, 1, 2, 2, 3]),
        (1, 5, [2]),
        (3, 1, [0, 0, 0]),
    ],
)
def test_nearest_positions(num_frames: int, num_known: int, expected: list[int]) -> None:
    assert nearest_positions(num_frames, num_known) == expected


@given(num_frames=st.integers(1, 40), num_known=st.integers(1, 40))
def test_nearest_positions_are_nearest(num_frames: int, num_known: int) -> None:
    rows = nearest_positions(num_frames, num_known)
    assert rows == [nearest(frame, num_frames, num_known) for frame in range(num_frames)]
    assert rows == sorted(rows)


@torch.no_grad()
def test_twice_the_frames_take_each_position_twice(backbone: Backbone) -> None:
    videos = frames(1, 4)
    method = make(backbone, "vop-p", num_test_frames=8)
    twice = method.encode_frames(backbone, videos.repeat_interleave(2, dim=1))
    expected = method.encode_frames(backbone, videos).repeat_interleave(2, dim=1)
    torch.testing.assert_close(twice, expected, rtol=0, atol=1e-5)
    table = FramePositions(num_frames=3, width=2)
    assert torch.equal(table(6), table.embedding.repeat_interleave(2, dim=0))


# --- texts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["paper", "modelscope"])
@torch.no_grad()
def test_texts_do_not_depend_on_what_they_are_padded_with(backbone: Backbone, layout: str) -> None:
    method = make(backbone, text_prompt_layout=layout)
    assert method.max_text_tokens(backbone) == 16
    ids, mask = backbone.tokenize(TEXTS)
    lengths = mask.sum(dim=1).tolist()
    assert lengths[0] != lengths[1]
    together = method.encode_text(backbone, ids, mask)
    for row, length in enumerate(lengths):
        alone = ids[row : row + 1, :length]
        zeros = torch.cat([alone, torch.zeros(1, 16 - length, dtype=torch.int64)], dim=1)
        for given_ids in (alone, zeros):
            features = method.encode_text(backbone, given_ids)
            torch.testing.assert_close(features, together[row : row + 1], rtol=0, atol=1e-5)
    # The words do matter.
    assert (together[0] - together[1]).abs().max() > 0.1


@torch.no_grad()
def test_released_layout_reads_padding_behind_the_text(backbone: Backbone) -> None:
    # With no suffix and the feature read where end-of-text is, prefix prompts would be all; here it is a place further.
    method = make(backbone, text_prompt_layout="modelscope", num_text_prompts=2)
    ids, _ = backbone.tokenize(["the cat"])
    assert ids.shape == (1, 4)
    text = backbone.text
    prompts = method.text_prompts.prompts
    padded = torch.cat([ids[0], torch.zeros(24 - 2 - 4, dtype=torch.int64)])
    words = text.token_embedding.weight[padded]
    tokens = torch.cat([words[:1], prompts[0, :1], words[1:-1], prompts[0, 1:], words[-1:]])[None]
    tokens = tokens + text.position_embedding.weight
    mask = text.causal_mask(tokens)
    tokens = text.run_layer(0, tokens, mask=mask)
    tokens[0, 1], tokens[0, -2] = prompts[1, 0], prompts[1, 1]
    tokens = text.run_layer(1, tokens, mask=mask)
    features = method.encode_text(backbone, ids)
    torch.testing.assert_close(features, text.finish(tokens[:, 3 + 2]), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("suffix", "expected"), [(None, 6), (0, 8), (5, 3), (8, 0)])
@torch.no_grad()
def test_released_layout_takes_any_split(backbone: Backbone, suffix: int | None, expected: int) -> None:
    options = {"num_text_prompts": 8 if suffix is not None else 12, "num_suffix_prompts": suffix}
    method = make(backbone, text_prompt_layout="modelscope", **options)
    part: Any = method.text_prompts
    assert part.num_prefix_prompts == expected
    words = torch.arange(part.max_tokens(backbone.text))[None, :, None].expand(-1, -1, 24).float()
    joined = part._assemble(0, words)
    assert torch.equal(part._words(joined), words)
    assert torch.equal(joined[0, 1 : 1 + expected], part.prompts[0, :expected])
    assert torch.equal(joined[0, expected - part.num_prompts - 1 : -1], part.prompts[0, expected:])


@pytest.mark.parametrize("layout", ["paper", "modelscope"])
def test_longer_texts_than_fit_are_refused_or_cut(backbone: Backbone, layout: str) -> None:
    method = make(backbone, text_prompt_layout=layout)
    with pytest.raises(InputError, match=r"^with 8 text prompts a text has at most 16 tokens, got 17$"):
        method.encode_text(backbone, torch.zeros(1, 17, dtype=torch.int64))
    ids, _ = backbone.tokenize(["the cat " * 20], max_length=method.max_text_tokens(backbone))
    assert ids.shape == (1, 16)
    assert ids[0, -1] == backbone.end_of_text_id
    assert method.encode_text(backbone, ids).isfinite().all()


# --- towers of other kinds and depths -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_tower_without_class_token_and_texts_seen_from_both_sides(
    make_siglip_backbone: Callable[..., Backbone], name: str
) -> None:
    backbone = make_siglip_backbone()
    method = make(backbone, name)
    # Padding belongs to these texts, and prompts need no positions: nothing is cut.
    assert method.max_text_tokens(backbone) == backbone.text.context_length
    ids, mask = backbone.tokenize(TEXTS, max_length=method.max_text_tokens(backbone))
    text_features = method.encode_text(backbone, ids, mask)
    videos = frames(2, 4)
    features = method.encode_frames(backbone, videos)
    assert (features.shape, text_features.shape) == ((2, 4, 32), (2, 32))
    weights = torch.randn(features.shape, generator=torch.Generator().manual_seed(5))
    ((features * weights).sum() + text_features[:, ::2].sum()).backward()
    for key, parameter in method.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().max() > 0, key
    assert all(parameter.grad is None for parameter in backbone.parameters())
    backwards = method.encode_frames(backbone, videos.flip(1))
    difference = (method.pool(features) - method.pool(backwards)).abs().max()
    assert difference < 1e-6 if name == "vop" else difference > 1e-4


@torch.no_grad()
def test_plain_vop_without_a_class_token_by_hand(make_siglip_backbone: Callable[..., Backbone]) -> None:
    backbone = make_siglip_backbone()
    method = make(backbone, num_visual_prompts=3)
    siglip: Any = backbone.model
    tokens = siglip.vision_model.embeddings(frames(1, 2)[0])
    prompts: Any = method.frame_prompts
    for layer, own in zip(siglip.vision_model.encoder.layers, prompts.prompts, strict=True):
        tokens = layer(torch.cat([own.expand(2, -1, -1), tokens], dim=1), attention_mask=None)[:, 3:]
    expected = siglip.vision_model.head(siglip.vision_model.post_layernorm(tokens))
    torch.testing.assert_close(method.encode_frames(backbone, frames(1, 2))[0], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("layers", "wanted", "expected"), [(3, None, 2), (2, None, 1), (3, 1, 1), (12, None, 8), (24, None, 16), (12, 9, 9)]
)
def test_layers_inside_frames_and_between(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch, layers: int, wanted: int | None, expected: int
) -> None:
    monkeypatch.setattr(backbone.vision, "layers", torch.nn.ModuleList([backbone.vision.layers[0]] * layers))
    method = make(backbone, "vop-fp", intra_frame_layers=wanted, num_visual_prompts=5)
    prompts: Any = method.frame_prompts
    assert prompts.shared.shape == (expected, 4, 32)
    assert prompts.specific.shape == (expected, 4, 1, 32)
    assert isinstance(method.inter_frame, InterFrameLayers)
    assert method.inter_frame.prompts.shape == (layers - expected, 5, 32)
    if layers < 12:
        assert method.encode_frames(backbone, frames(1, 4)).shape == (1, 4, 24)


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_bfloat16(make_backbone: Callable[..., Backbone], name: str) -> None:
    full, half = make_backbone(), make_backbone(dtype=torch.bfloat16)
    method = make(half, name)
    assert {parameter.dtype for parameter in method.parameters()} == {torch.bfloat16}
    features = method.encode_frames(half, frames(1, 4).bfloat16())
    assert features.dtype == torch.bfloat16
    expected = make(full, name).encode_frames(full, frames(1, 4))
    assert cosine_similarity(features.float(), expected, dim=-1).min() > 0.99
    ids, _ = full.tokenize(TEXTS)
    expected = make(full, name).encode_text(full, ids)
    assert cosine_similarity(method.encode_text(half, ids).float(), expected, dim=-1).min() > 0.99


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("vop", {"num_text_prompts": 0}, "num_text_prompts must be at least 1, got 0"),
        ("vop", {"num_visual_prompts": 0}, "num_visual_prompts must be at least 1, got 0"),
        ("vop", {"num_visual_prompts": "8"}, "num_visual_prompts must be an integer, got '8'"),
        ("vop", {"text_prompt_layout": "front"}, "text_prompt_layout must be 'paper' or 'modelscope', got 'front'"),
        (
            "vop",
            {"num_suffix_prompts": 4},
            "num_suffix_prompts belongs to text_prompt_layout modelscope; leave it out",
        ),
        (
            "vop",
            {"text_prompt_layout": "modelscope", "num_suffix_prompts": 9},
            "num_suffix_prompts must be at most num_text_prompts (8), got 9",
        ),
        (
            "vop",
            {"text_prompt_layout": "modelscope", "num_suffix_prompts": -1},
            "num_suffix_prompts must be at least 0, got -1",
        ),
        (
            "vop-p",
            {"num_shared_prompts": 8},
            "num_shared_prompts must be at least 0 and below num_visual_prompts (8), got 8",
        ),
        (
            "vop-fc",
            {"num_shared_prompts": -1},
            "num_shared_prompts must be at least 0 and below num_visual_prompts (8), got -1",
        ),
        ("vop-c", {"context_module": "gru"}, "context_module must be 'bilstm', 'lstm' or 'transformer', got 'gru'"),
        ("vop-f", {"intra_frame_layers": 0}, "intra_frame_layers must be at least 1, got 0"),
        (
            "vop-fp",
            {"intra_frame_layers": 3},
            "intra_frame_layers must be at most 2 for a vision tower of 3 layers, as at least one works between "
            "frames; got 3",
        ),
        (
            "vop",
            {"num_text_prompts": 22},
            "num_text_prompts must be at most 21 for a text tower of 24 tokens, as a text keeps 3 of them; got 22",
        ),
    ],
)
def test_options_that_cannot_be_are_refused(
    backbone: Backbone, name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        build_method(name, options, backbone)
    assert str(caught.value) == message


def test_one_layer_is_not_enough_for_both_functions(backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbone.vision, "layers", backbone.vision.layers[:1])
    message = r"^VoP\^F needs layers inside frames and between them; the vision tower has only 1$"
    with pytest.raises(InputError, match=message):
        make(backbone, "vop-f")


def test_released_layout_needs_a_causal_text_tower(make_siglip_backbone: Callable[..., Backbone]) -> None:
    with pytest.raises(InputError, match=r"attends in both directions; use text_prompt_layout paper$"):
        make(make_siglip_backbone(), text_prompt_layout="modelscope")
