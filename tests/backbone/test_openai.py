"""CLIP weights in OpenAI's format (openai_clip_reference/README.md)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPConfig, CLIPModel

from framecue import load_model
from framecue.backbone import Backbone, load_backbone
from framecue.backbone.openai import clip_of_openai
from framecue.errors import ModelError
from framecue.methods import build_method

TESTS = Path(__file__).parents[1]
SHARED = TESTS.parents[1] / "shared" / "parity" / "openai_clip"
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


@torch.no_grad()
def features(backbone: Backbone, pixel_values: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Of images (N, 3, S, S) and texts, by plain CLIP."""
    method = build_method("mean-pool", {}, backbone)
    return method.encode_frames(backbone, pixel_values[:, None])[:, 0], method.encode_text(backbone, ids)


@pytest.mark.parametrize("kind", ["plain", "wrapped", "safetensors", "legacy"])
def test_features_are_those_of_the_released_code(
    kind: str, weights: dict[str, Tensor], inputs: dict[str, Tensor], tmp_path: Path
) -> None:
    path = tmp_path / ("w.safetensors" if kind == "safetensors" else "w.pt")
    if kind == "safetensors":
        save_file(weights, path)
    elif kind == "wrapped":
        torch.save({"epoch": 3, "state_dict": {f"module.{name}": t for name, t in weights.items()}}, path)
    else:
        torch.save(weights, path, _use_new_zipfile_serialization=kind == "plain")
    backbone = load_backbone(path)
    images, texts = features(backbone, inputs["pixel_values"].flatten(0, 1), inputs["text"])
    with np.load(Path(__file__).parent / "openai_clip_reference" / "outputs.npz") as expected:
        np.testing.assert_allclose(images, expected["image"], rtol=0, atol=RAW)
        np.testing.assert_allclose(texts, expected["text"], rtol=0, atol=RAW)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_the_parity_fixture(suffix: str) -> None:
    if not SHARED.is_dir():
        pytest.skip("the fixtures are not here")
    backbone = load_backbone(SHARED / f"openai_clip.{suffix}")
    with np.load(SHARED / "openai_clip_io.npz") as io:
        images, texts = features(backbone, torch.from_numpy(io["image"]), torch.from_numpy(io["text"]))
        np.testing.assert_allclose(images, io["encode_image"], rtol=0, atol=RAW)
        np.testing.assert_allclose(texts, io["encode_text"], rtol=0, atol=RAW)
        with torch.no_grad():
            logits = backbone.logit_scale.exp() * torch.nn.functional.cosine_similarity(images[:, None], texts, dim=-1)
        np.testing.assert_allclose(logits, io["logits_per_image"], rtol=0, atol=1e-4)


def test_shapes_give_the_configuration(file: Path) -> None:
    backbone = load_backbone(file)
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
def test_half_precision_with_sizes_and_two_heads_of_64(tmp_path: Path) -> None:
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

    backbone = load_backbone(tmp_path / "half.pth")
    assert (backbone.vision.num_heads, backbone.text.num_heads) == (3, 2)
    assert {p.dtype for p in backbone.model.parameters()} == {torch.float32}
    pixels, ids = torch.randn(2, 3, 24, 24), torch.tensor([[48, 5, 9, 49, 0, 0], [48, 1, 2, 3, 4, 49]])
    images, texts = features(backbone, pixels, ids)
    torch.testing.assert_close(images, clip.get_image_features(pixel_values=pixels).pooler_output, rtol=0, atol=RAW)
    torch.testing.assert_close(texts, clip.get_text_features(input_ids=ids).pooler_output, rtol=0, atol=RAW)


def test_a_file_and_the_folder_made_of_it_are_one_backbone(file: Path, tmp_path: Path) -> None:
    from framecue.importers import import_checkpoint

    made = import_checkpoint(file, format="openai-clip", output=tmp_path / "made")
    assert load_backbone(file).revision == load_backbone(made.backbone).revision


def test_load_model_takes_the_file_in_bfloat16_too(file: Path, inputs: dict[str, Tensor]) -> None:
    model = load_model(file, dtype=torch.bfloat16)
    assert model.dtype == torch.bfloat16
    embeddings = model.encode_frames(inputs["pixel_values"])
    torch.testing.assert_close(embeddings, load_model(file).encode_frames(inputs["pixel_values"]), rtol=0, atol=0.02)


def test_its_revision_is_checked(file: Path) -> None:
    revision = load_backbone(file).revision
    assert load_backbone(file, revision=revision).revision == revision
    with pytest.raises(ModelError, match=f"the file's weights are {revision}, not 0123"):
        load_backbone(file, revision="0123")


def test_the_tokenizer_lies_beside_the_file(
    make_backbone: Callable[..., Backbone], tokenizer_folder: Path, tmp_path: Path
) -> None:
    state = to_openai(make_backbone().model)
    alone, beside = tmp_path / "alone", tmp_path / "beside"
    for folder in (alone, beside):
        folder.mkdir()
        for name in ("vocab.json", "merges.txt", "tokenizer_config.json") if folder == beside else ():
            (folder / name).write_bytes((tokenizer_folder / name).read_bytes())
    given = make_backbone().model.config.to_dict()
    clip = clip_of_openai(state, source="x", given=given)  # widths of 24 and 32 have no heads of 64
    assert clip.config.text_config.num_attention_heads == 3
    with pytest.raises(ModelError, match=r"give its backbone's config\.json"):
        clip_of_openai(state, source="x")
    for folder in (alone, beside):
        torch.save(_of_width_64(len(make_backbone().tokenizer)), folder / "w.pth")
    ids, mask = load_backbone(beside / "w.pth").tokenize(["a red car"])
    expected = make_backbone().tokenize(["a red car"])
    assert torch.equal(ids, expected[0])
    assert torch.equal(mask, expected[1])
    with pytest.raises(ModelError, match=r"has no tokenizer, .* put its tokenizer.json beside the file"):
        load_backbone(alone / "w.pth").tokenize(["a red car"])


def _of_width_64(vocabulary: int) -> dict[str, Tensor]:
    tower = {"hidden_size": 64, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    text = {**tower, "vocab_size": vocabulary, "max_position_embeddings": 24}
    vision = {**tower, "image_size": 16, "patch_size": 8}
    return to_openai(CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)))


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


def test_a_file_that_is_no_clip(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match=r"is no CLIP in OpenAI's format: missing .*; unexpected weight"):
        load_backbone(tmp_path / "other.pth")
