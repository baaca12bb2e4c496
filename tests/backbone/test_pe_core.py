"""PE-Core's towers against OpenCLIP's own construction, and what rotary positions ask of methods."""

from __future__ import annotations

import copy
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from framecue.backbone import Backbone, Preprocess
from framecue.backbone.open_clip_layout import PeCoreSizes, pe_core_config, pe_core_of_tensors
from framecue.backbone.pe_core import PeCoreTextTower, PeCoreVisionTower
from framecue.backbone.pe_core_model import PeCoreModel
from framecue.backbone.pe_core_names import convert_names
from framecue.errors import InputError
from framecue.methods import build_method

REFERENCE = Path(__file__).parent / "pe_core_reference"
TEXTS = ["a red car", "the cat rises while the dog falls on the left .", "dog"]
# Two ways to the same number differ by rounding, which grows with the type's unit and the depth.
TOLERANCE = {torch.float64: 1e-12, torch.float32: 2e-5}


def model_of(tensors: dict[str, Tensor], *, class_token: bool) -> PeCoreModel:
    """The reference's model here; the sizes are those of `pe_core_reference/make.py`."""
    converted, unknown = convert_names(tensors)
    config = pe_core_config(
        PeCoreSizes(16, 2, 2, 64 if class_token else 28, 8, class_token),
        image_size=32,
        embedding_dim=12,
        text={"context_length": 9, "vocab_size": 40, "width": 16, "heads": 2, "layers": 2},
    )
    return pe_core_of_tensors(config, converted, unknown=unknown)


@torch.no_grad()
def features_of(model: PeCoreModel, images: Tensor, texts: Tensor) -> tuple[Tensor, Tensor]:
    vision, text = PeCoreVisionTower(model), PeCoreTextTower(model)
    tokens = vision.embed(images)
    for index in range(vision.num_layers):
        tokens = vision.run_layer(index, tokens)
    words = text.embed(texts)
    for index in range(text.num_layers):
        words = text.run_layer(index, words, mask=text.causal_mask(words))
    return vision.finish(vision.summarise(tokens)), text.read(words, text.end_of_text(texts))


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("name", ["class_token", "no_class_token"])
def test_features_are_those_of_open_clips_construction(name: str, dtype: torch.dtype) -> None:
    held = load_file(REFERENCE / f"{name}.safetensors")
    weights = {key.removeprefix("model."): tensor for key, tensor in held.items() if key.startswith("model.")}
    model = model_of(weights, class_token=name == "class_token").to(dtype)
    images, texts = features_of(model, held["images"].to(dtype), held["texts"])
    # So that images and texts differ by far more than the tolerance.
    assert held["image_features"].std(dim=0).min() > 0.05
    assert held["text_features"].std(dim=0).min() > 0.05
    torch.testing.assert_close(images, held["image_features"].to(dtype), rtol=0, atol=TOLERANCE[dtype])
    torch.testing.assert_close(texts, held["text_features"].to(dtype), rtol=0, atol=TOLERANCE[dtype])


def reference_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_pe_core_reference", REFERENCE / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("class_token", [True, False])
def test_features_are_those_of_the_installed_open_clip(class_token: bool) -> None:
    pytest.importorskip("open_clip", reason="pip install 'framecue[reference]' brings it")
    reference = reference_module()
    theirs, given = reference.build(class_token=class_token, seed=11), reference.inputs(seed=12)
    ours = model_of(copy.deepcopy(theirs.state_dict()), class_token=class_token).double()
    expected = reference.outputs(theirs, given)
    images, texts = features_of(ours, given["images"].double(), given["texts"])
    torch.testing.assert_close(images, expected["image_features"], rtol=0, atol=1e-12)
    torch.testing.assert_close(texts, expected["text_features"], rtol=0, atol=1e-12)


def slow_attention(layer: torch.nn.Module, tokens: Tensor, places: list[tuple[int, int] | None]) -> Tensor:
    """Self-attention one head, one query and one key at a time; a pair of channels is a complex number that is turned.

    Rows and columns are counted from 1, as there is a class token.
    """
    attention, heads = layer.self_attn, 4
    width = tokens.shape[1] // heads

    def turned(vector: Tensor, place: tuple[int, int] | None) -> Tensor:
        if place is None:
            return vector
        row, column = place
        pairs = torch.view_as_complex(vector.reshape(-1, 2).contiguous())
        speeds = [10_000.0 ** -(4 * index / width) for index in range(width // 4)]
        angles = torch.tensor([(column + 1) * speed for speed in speeds] + [(row + 1) * speed for speed in speeds])
        return torch.view_as_real(pairs * torch.polar(torch.ones(len(angles)).double(), angles.double())).flatten()

    outputs = []
    for head in range(heads):
        part = slice(head * width, (head + 1) * width)
        queries, keys, values = (getattr(attention, f"{kind}_proj")(tokens)[:, part] for kind in ("q", "k", "v"))
        queries = [turned(query, place) for query, place in zip(queries, places, strict=True)]
        keys = [turned(key, place) for key, place in zip(keys, places, strict=True)]
        scores = torch.stack([torch.stack([query @ key for key in keys]) for query in queries]) / width**0.5
        outputs.append(scores.softmax(dim=1) @ values)
    return attention.out_proj(torch.cat(outputs, dim=1))


@torch.no_grad()
def test_prompts_are_not_turned_wherever_they_stand(make_pe_core_backbone: Callable[..., Backbone]) -> None:
    vision = make_pe_core_backbone(dtype=torch.float64).vision
    tokens = torch.randn(1 + 2 + 16 + 3, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    grid: list[tuple[int, int] | None] = [(index // 4, index % 4) for index in range(16)]
    places = vision.places(prompts_before=2, prompts_behind=3)
    assert places.tolist() == [-1, -1, -1, *range(16), -1, -1, -1]
    expected = slow_attention(vision.layers[0], tokens, [None, None, None, *grid, None, None, None])
    # The slow way turns in float64 what the model turns by numbers of float32.
    torch.testing.assert_close(vision.attend(0, tokens[None], places=places)[0], expected, rtol=0, atol=1e-6)
    # Each row by itself: tokens in another order, with their places, give the same.
    order = torch.stack([torch.randperm(22, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2)])
    shuffled = vision.attend(0, tokens[order], places=places[order])
    torch.testing.assert_close(shuffled, expected[order], rtol=0, atol=1e-6)
    # And places are seen: without the order of the places the output is another.
    assert (vision.attend(0, tokens[order], places=places) - expected[order]).abs().max() > 0.01


def test_a_method_that_does_not_say_where_its_tokens_lie_is_told(
    make_pe_core_backbone: Callable[..., Backbone],
) -> None:
    vision = make_pe_core_backbone().vision
    own = torch.zeros(1, 17, 32)
    assert vision.run_layer(0, own).shape == own.shape
    for tokens in (torch.zeros(1, 18, 32), torch.zeros(1, 16, 32)):
        with pytest.raises(InputError, match=rf"{tokens.shape[1]} tokens are not its 17; .*run_layer\(places=\.\.\.\)"):
            vision.run_layer(0, tokens)
    # A step that merges tokens: the next layer is told where the merged ones lie.
    merged = vision.run_layer(0, own, between=lambda tokens, keys: tokens[:, ::2])
    assert vision.run_layer(1, merged, places=vision.places()[::2]).shape == (1, 9, 32)


@torch.no_grad()
def test_the_head_sees_class_token_and_patches(make_pe_core_backbone: Callable[..., Backbone]) -> None:
    for class_token in (True, False):
        vision = make_pe_core_backbone(class_token=class_token).vision
        assert (vision.num_class_tokens, vision.num_patches) == (int(class_token), 16)
        images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
        tokens = vision.embed(images)
        assert tokens.shape == (2, 16 + class_token, 32)
        before = vision.summarise(tokens)
        for index in (0, tokens.shape[1] - 1):
            changed = tokens.clone()
            changed[:, index] += torch.randn(32, generator=torch.Generator().manual_seed(1))
            assert (vision.summarise(changed) - before).abs().max() > 1e-3
        prompted = vision.embed(images, prompts=torch.zeros(2, 2, 32))
        torch.testing.assert_close(
            torch.cat([prompted[:, :class_token], prompted[:, class_token + 2 :]], dim=1), tokens
        )


def test_gradients_reach_every_parameter_of_both_towers(make_pe_core_backbone: Callable[..., Backbone]) -> None:
    backbone = make_pe_core_backbone()
    method = build_method("mean-pool", {}, backbone)
    pixels = torch.randn(1, 2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    ids, mask = backbone.tokenize(TEXTS)
    frames, texts = method.encode_frames(backbone, pixels), method.encode_text(backbone, ids, mask)
    (frames.square().sum() + texts.square().sum()).backward()
    without = [
        name
        for name, parameter in backbone.named_parameters()
        if name != "model.logit_scale" and (parameter.grad is None or not parameter.grad.abs().sum() > 0)
    ]
    assert without == []


def test_tower_facts_and_steps(make_pe_core_backbone: Callable[..., Backbone]) -> None:
    backbone = make_pe_core_backbone()
    vision, text = backbone.vision, backbone.text
    assert (vision.width, vision.num_heads, vision.num_layers, vision.feed_forward_width) == (32, 4, 3, 48)
    assert vision.embedding_dim == text.embedding_dim == 20
    assert (vision.image_size, text.context_length, text.pads_texts) == (32, 24, False)
    assert backbone.preprocess == Preprocess((32, 32), None, mean=(0.5,) * 3, std=(0.5,) * 3, filter="bilinear")
    white = backbone.preprocess(np.full((1, 20, 60, 3), 255, dtype=np.uint8))
    torch.testing.assert_close(white, torch.ones(1, 3, 32, 32))
    before = backbone.model.vision_model.embeddings.position_embedding.weight.clone()
    backbone.scale_position_embedding(2.0)
    torch.testing.assert_close(backbone.model.vision_model.embeddings.position_embedding.weight, 2 * before)


def test_new_weights_depend_on_the_seed_and_nothing_is_left_out(
    make_pe_core_backbone: Callable[..., Backbone], tmp_path: Path
) -> None:
    from framecue.backbone import initialise_backbone

    make_pe_core_backbone().save(tmp_path / "model")
    first, again, other = (initialise_backbone(tmp_path / "model", seed=seed).model.state_dict() for seed in (1, 1, 2))
    assert all(torch.isfinite(tensor).all() for tensor in first.values())
    assert all(torch.equal(first[name], again[name]) for name in first)
    drawn = [name for name, tensor in first.items() if not torch.equal(tensor, other[name])]
    assert {"vision_model.head.probe", "vision_model.embeddings.class_embedding"} <= set(drawn)
    assert json.loads((tmp_path / "model" / "config.json").read_text())["model_type"] == "framecue_pe_core"


def test_the_class_tokens_position_is_the_first(make_pe_core_backbone: Callable[..., Backbone]) -> None:
    backbone = make_pe_core_backbone()
    embeddings, position = backbone.model.vision_model.embeddings, backbone.vision.class_position
    assert position is not None
    # At the place of the class token, a prompt that is its embedding and its position is the class token.
    prompts = (embeddings.class_embedding + position).expand(2, 1, -1)
    tokens = backbone.vision.embed(torch.randn(2, 3, 32, 32), prompts=prompts)
    torch.testing.assert_close(tokens[:, 1], tokens[:, 0])
    assert make_pe_core_backbone(class_token=False).vision.class_position is None


def test_prompt_switch_says_where_its_tokens_lie(make_pe_core_backbone: Callable[..., Backbone]) -> None:
    options = {"num_frames": 2, "num_test_frames": 2, "num_prompts": 2, "captioner": False}
    pixels = torch.randn(1, 2, 3, 32, 32)
    for more in ({"deep": True}, {"switch": "learned"}, {"switch": "cyclic"}, {"switch": "none"}):
        backbone = make_pe_core_backbone()
        method = build_method("prompt-switch", {**options, **more}, backbone)
        assert method.encode_frames(backbone, pixels).shape == (1, 2, 20)
