"""CLIP weights in OpenAI's format (openai_clip_reference/README.md)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPConfig, CLIPModel

from framecue import load_model
from framecue.backbone import Backbone, hash_of_tensors, load_backbone
from framecue.backbone.meta import backbone_without_weights
from framecue.errors import ModelError
from framecue.importers import import_checkpoint
from framecue.importers.openai_format import clip_of_openai
from framecue.methods import build_method

TESTS = Path(__file__).parents[1]
# Rounding between two orders of summation.
RAW = 2e-5


@pytest.fixture(scope="module")
def weights(vop_weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("clip."): t for name, t in vop_weights.items() if name.startswith("clip.")}


@pytest.fixture(scope="module")
def inputs() -> dict[str, Tensor]:
    with np.load(TESTS / "methods" / "vop_reference" / "inputs_and_outputs.npz") as file:
        return {name: torch.from_numpy(file[name]) for name in ("pixel_values", "text")}


@pytest.fixture
def file(weights: dict[str, Tensor], tmp_path: Path) -> Path:
    torch.save(weights, tmp_path / "weights.pth")
    return tmp_path / "weights.pth"


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[Path], Backbone]:
    """Imports a file and opens the folder that it became."""

    def opened(path: Path) -> Backbone:
        return load_backbone(import_checkpoint(path, format="openai-clip", output=tmp_path / "made").backbone)

    return opened


@torch.no_grad()
def features(backbone: Backbone, pixel_values: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Of images (N, 3, S, S) and texts, by plain CLIP."""
    method = build_method("mean-pool", {}, backbone)
    return method.encode_frames(backbone, pixel_values[:, None])[:, 0], method.encode_text(backbone, ids)


@pytest.mark.parametrize("kind", ["plain", "wrapped", "safetensors", "legacy"])
def test_features_are_those_of_the_released_code(
    kind: str, weights: dict[str, Tensor], inputs: dict[str, Tensor], tmp_path: Path, opened
) -> None:
    path = tmp_path / ("w.safetensors" if kind == "safetensors" else "w.pt")
    if kind == "safetensors":
        save_file(weights, path)
    elif kind == "wrapped":
        torch.save({"epoch": 3, "state_dict": {f"module.{name}": t for name, t in weights.items()}}, path)
    else:
        torch.save(weights, path, _use_new_zipfile_serialization=kind == "plain")
    backbone = opened(path)
    images, texts = features(backbone, inputs["pixel_values"].flatten(0, 1), inputs["text"])
    with np.load(Path(__file__).parent / "openai_clip_reference" / "outputs.npz") as expected:
        np.testing.assert_allclose(images, expected["image"], rtol=0, atol=RAW)
        np.testing.assert_allclose(texts, expected["text"], rtol=0, atol=RAW)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_the_parity_fixture(suffix: str, shared: Path, opened) -> None:
    folder = shared / "openai_clip"
    backbone = opened(folder / f"openai_clip.{suffix}")
    with np.load(folder / "openai_clip_io.npz") as io:
        images, texts = features(backbone, torch.from_numpy(io["image"]), torch.from_numpy(io["text"]))
        np.testing.assert_allclose(images, io["encode_image"], rtol=0, atol=RAW)
        np.testing.assert_allclose(texts, io["encode_text"], rtol=0, atol=RAW)
        with torch.no_grad():
            logits = backbone.logit_scale.exp() * torch.nn.functional.cosine_similarity(images[:, None], texts, dim=-1)
        np.testing.assert_allclose(logits, io["logits_per_image"], rtol=0, atol=1e-4)


def test_shapes_give_the_configuration(file: Path, opened) -> None:
    backbone = opened(file)
    vision, text = backbone.vision, backbone.text
    assert (vision.width, vision.num_heads, vision.num_layers, vision.feed_forward_width) == (64, 1, 4, 256)
    assert (vision.image_size, vision.embedding_dim) == (64, 32)
    assert (text.width, text.num_heads, text.num_layers, text.context_length) == (64, 1, 3, 20)
    assert text.token_embedding.num_embeddings == 300
    assert backbone.model.config.vision_config.patch_size == 16
    assert backbone.model.config.text_config.hidden_act == "quick_gelu"
    assert backbone.preprocess.crop == (64, 64)


def to_openai(clip: CLIPModel) -> dict[str, Tensor]:
    """The inverse of the conversion, written apart from it: a module at a time."""
    state: dict[str, Tensor] = {"logit_scale": clip.logit_scale}
    for start, tower in (("visual.", clip.vision_model), ("", clip.text_model)):
        for index, layer in enumerate(tower.encoder.layers):
            own, attention = f"{start}transformer.resblocks.{index}.", layer.self_attn
            parts = (attention.q_proj, attention.k_proj, attention.v_proj)
            state[f"{own}attn.in_proj_weight"] = torch.cat([part.weight for part in parts])
            state[f"{own}attn.in_proj_bias"] = torch.cat([part.bias for part in parts])
            for name, module in {
                "attn.out_proj": attention.out_proj,
                "ln_1": layer.layer_norm1,
                "ln_2": layer.layer_norm2,
                "mlp.c_fc": layer.mlp.fc1,
                "mlp.c_proj": layer.mlp.fc2,
            }.items():
                state[f"{own}{name}.weight"], state[f"{own}{name}.bias"] = module.weight, module.bias
    vision, text = clip.vision_model, clip.text_model
    state |= {
        "visual.class_embedding": vision.embeddings.class_embedding,
        "visual.conv1.weight": vision.embeddings.patch_embedding.weight,
        "visual.positional_embedding": vision.embeddings.position_embedding.weight,
        "visual.proj": clip.visual_projection.weight.T,
        "positional_embedding": text.embeddings.position_embedding.weight,
        "token_embedding.weight": text.embeddings.token_embedding.weight,
        "text_projection": clip.text_projection.weight.T,
    }
    norms = {"visual.ln_pre": vision.pre_layrnorm, "visual.ln_post": vision.post_layernorm}
    for name, norm in {**norms, "ln_final": text.final_layer_norm}.items():
        state[f"{name}.weight"], state[f"{name}.bias"] = norm.weight, norm.bias
    return {name: tensor.detach().clone() for name, tensor in state.items()}


@torch.no_grad()
def test_half_precision_with_sizes_and_two_heads_of_64(tmp_path: Path, opened) -> None:
    config = CLIPConfig(
        text_config={
            **{"vocab_size": 50, "hidden_size": 128, "intermediate_size": 60, "num_hidden_layers": 2},
            **{"num_attention_heads": 2, "max_position_embeddings": 12, "eos_token_id": 49},
        },
        vision_config={
            **{"hidden_size": 192, "intermediate_size": 70, "num_hidden_layers": 1, "num_attention_heads": 3},
            **{"image_size": 24, "patch_size": 8},
        },
        projection_dim=20,
    )
    torch.manual_seed(0)
    clip = CLIPModel(config).eval()
    for parameter in clip.parameters():
        parameter.copy_((torch.randn(parameter.shape) * 0.1).half().float())
    state = to_openai(clip)
    for name in state:
        if re.search(r"conv1|attn|mlp|proj$|projection", name):
            state[name] = state[name].half()
    state |= {"input_resolution": torch.tensor(24), "context_length": torch.tensor(12), "vocab_size": torch.tensor(50)}
    torch.save(state, tmp_path / "half.pth")

    backbone = opened(tmp_path / "half.pth")
    assert (backbone.vision.num_heads, backbone.text.num_heads) == (3, 2)
    assert {p.dtype for p in backbone.model.parameters()} == {torch.float32}
    pixels, ids = torch.randn(2, 3, 24, 24), torch.tensor([[48, 5, 9, 49, 0, 0], [48, 1, 2, 3, 4, 49]])
    images, texts = features(backbone, pixels, ids)
    torch.testing.assert_close(images, clip.get_image_features(pixel_values=pixels).pooler_output, rtol=0, atol=RAW)
    torch.testing.assert_close(texts, clip.get_text_features(input_ids=ids).pooler_output, rtol=0, atol=RAW)


def test_the_revision_is_the_hash_of_the_files_weights(file: Path, weights: dict[str, Tensor], opened) -> None:
    clip: Any = clip_of_openai(weights, source="x")
    assert opened(file).revision == hash_of_tensors(clip.state_dict().items())


def test_a_model_of_it_computes_in_bfloat16_too(file: Path, inputs: dict[str, Tensor], opened) -> None:
    folder = opened(file).name
    model = load_model(folder, dtype=torch.bfloat16)
    assert model.dtype == torch.bfloat16
    embeddings = model.encode_frames(inputs["pixel_values"])
    torch.testing.assert_close(embeddings, load_model(folder).encode_frames(inputs["pixel_values"]), rtol=0, atol=0.02)


def test_heads_that_are_not_of_64_are_told_by_a_configuration(make_backbone: Callable[..., Backbone]) -> None:
    clip: Any = make_backbone().model
    state = to_openai(clip)  # widths of 24 and 32 have no heads of 64
    made = clip_of_openai(state, source="x", given=clip.config.to_dict())
    assert made.config.text_config.num_attention_heads == 3
    with pytest.raises(ModelError, match=r"give its backbone's config\.json"):
        clip_of_openai(state, source="x")


def test_a_file_is_no_model_and_the_message_names_the_way_to_one(
    weights: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One way, so that adapters and libraries name a folder that has a tokenizer and opens everywhere.
    monkeypatch.chdir(tmp_path)
    torch.save(weights, "weights.pth")
    way = r"`framecue import-checkpoint weights\.pth --format openai-clip --output FOLDER`"
    for load in (load_model, load_backbone, backbone_without_weights):
        with pytest.raises(ModelError, match=f"^weights.pth: is a file of weights, .* with {way}$"):
            load("weights.pth")
    made = import_checkpoint("weights.pth", format="openai-clip", output="made")
    assert load_backbone(made.backbone).vision.embedding_dim == 32


def broken(weights: dict[str, Tensor], **changes: Tensor | None) -> dict[str, Tensor]:
    changed = {**weights, **{name.replace("__", "."): tensor for name, tensor in changes.items()}}
    return {name: tensor for name, tensor in changed.items() if tensor is not None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ln_final__bias": None}, r"missing ln_final\.bias"),
        (
            {"transformer__resblocks__1__mlp__c_fc__weight": None},
            r"missing transformer\.resblocks\.1\.mlp\.c_fc\.weight",
        ),
        ({"visual__attnpool": torch.zeros(1)}, r"unexpected visual\.attnpool"),
        ({"visual__transformer__resblocks__0__mlp__gate": torch.zeros(1)}, r"unexpected visual.*mlp\.gate"),
        ({"visual__layer1__0__conv1__weight": torch.zeros(1)}, "image encoder is a ResNet"),
        ({"visual__ln_pre__bias": torch.zeros(63)}, r"visual\.ln_pre\.bias has shape \(63,\), expected \(64,\)"),
        (
            {"transformer__resblocks__0__attn__in_proj_bias": torch.zeros(100)},
            r"transformer\.resblocks\.0\.attn\.in_proj_bias has shape \(100,\), expected \(64,\)",
        ),
        (
            {"visual__positional_embedding": torch.zeros(19, 64)},
            "19 image positions are not a class token and a square",
        ),
        (
            {"visual__conv1__weight": torch.zeros(64, 3)},
            r"visual\.conv1\.weight must have 4 dimensions, got shape \(64, 3\)",
        ),
    ],
)
def test_other_tensors_are_named(weights: dict[str, Tensor], changes: dict[str, Tensor | None], message: str) -> None:
    with pytest.raises(ModelError, match=message) as info:
        clip_of_openai(broken(weights, **changes), source="weights.pth")
    assert str(info.value).startswith("weights.pth: ")
    assert "\n" not in str(info.value)


# LongCLIP: beichenzbc/Long-CLIP, model/model_longclip.py. Its state dict is a CLIP's with two tables of 248 positions.
LONG = 248


@pytest.fixture
def long_clip(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    width = weights["positional_embedding"].shape[1]
    tables = {
        name: torch.randn(LONG, width, generator=generator)
        for name in ("positional_embedding", "positional_embedding_res")
    }
    return {**weights, **tables}


@torch.no_grad()
def test_long_clips_two_tables_of_positions_are_one(long_clip: dict[str, Tensor], tmp_path: Path, opened) -> None:
    torch.save(long_clip, tmp_path / "longclip.pt")
    backbone = opened(tmp_path / "longclip.pt")
    assert backbone.text.context_length == LONG
    # As the released code adds them: the one times a mask of 20 ones, the other times the rest.
    mask = (torch.arange(LONG) < 20)[:, None]
    both = long_clip["positional_embedding"] * mask + long_clip["positional_embedding_res"] * ~mask
    torch.testing.assert_close(backbone.text.position_embedding.weight, both)
    # All of a long caption is used: a word near its end makes a difference.
    ids = torch.randint(0, 40, (1, LONG), generator=torch.Generator().manual_seed(1))
    ids[0, -1] = backbone.text.end_of_text_id
    other = ids.clone()
    other[0, -2] = (other[0, -2] + 1) % 40
    method = build_method("mean-pool", {}, backbone)
    assert (method.encode_text(backbone, ids) - method.encode_text(backbone, other)).abs().max() > 1e-3


def test_long_clips_tables_of_two_lengths_are_refused(long_clip: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({**long_clip, "positional_embedding": torch.zeros(77, 32)}, tmp_path / "w.pt")
    with pytest.raises(ModelError, match=r"positional_embedding_res has shape .* two tables of positions are of one"):
        import_checkpoint(tmp_path / "w.pt", format="openai-clip", output=tmp_path / "made")
