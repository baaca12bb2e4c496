"""PE-Core in Meta's format: the names of its released code, made of the reference that OpenCLIP made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from framecue.backbone import load_backbone
from framecue.errors import InputError, ModelError
from framecue.importers import import_checkpoint
from framecue.importers import pe_core as importer
from framecue.methods import build_method

REFERENCE = Path(__file__).parents[1] / "backbone" / "pe_core_reference"
RELEASED = json.loads((REFERENCE / "released_shapes.json").read_text(encoding="utf-8"))


def as_meta(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """OpenCLIP's tensors under the names of `VisionTransformer` and `TextTransformer` in Meta's pe.py."""
    found = {}
    for name, tensor in tensors.items():
        if name.startswith("text."):
            found[name.removeprefix("text.")] = tensor
    trunk = {n.removeprefix("visual.trunk."): t for n, t in tensors.items() if n.startswith("visual.trunk.")}
    found["logit_scale"] = tensors["logit_scale"]
    if "cls_token" in trunk:
        found["visual.class_embedding"] = trunk["cls_token"][0, 0]
    found["visual.positional_embedding"] = trunk["pos_embed"][0]
    found["visual.conv1.weight"] = trunk["patch_embed.proj.weight"]
    found["visual.proj"] = trunk["head.weight"].T
    found["visual.attn_pool.probe"] = trunk["attn_pool.latent"]
    for kind in ("weight", "bias"):
        found[f"visual.ln_pre.{kind}"] = trunk[f"norm_pre.{kind}"]
        found[f"visual.ln_post.{kind}"] = trunk[f"norm.{kind}"]
        pool = "visual.attn_pool"
        found[f"{pool}.attn.in_proj_{kind}"] = torch.cat([trunk[f"attn_pool.{p}.{kind}"] for p in ("q", "kv")])
        found[f"{pool}.attn.out_proj.{kind}"] = trunk[f"attn_pool.proj.{kind}"]
        found[f"{pool}.layernorm.{kind}"] = trunk[f"attn_pool.norm.{kind}"]
        found[f"{pool}.mlp.c_fc.{kind}"] = trunk[f"attn_pool.mlp.fc1.{kind}"]
        found[f"{pool}.mlp.c_proj.{kind}"] = trunk[f"attn_pool.mlp.fc2.{kind}"]
        for layer in {name.split(".")[1] for name in trunk if name.startswith("blocks.")}:
            start, block = f"visual.transformer.resblocks.{layer}", f"blocks.{layer}"
            found[f"{start}.attn.in_proj_{kind}"] = trunk[f"{block}.attn.qkv.{kind}"]
            found[f"{start}.attn.out_proj.{kind}"] = trunk[f"{block}.attn.proj.{kind}"]
            found[f"{start}.mlp.c_fc.{kind}"] = trunk[f"{block}.mlp.fc1.{kind}"]
            found[f"{start}.mlp.c_proj.{kind}"] = trunk[f"{block}.mlp.fc2.{kind}"]
            for number in (1, 2):
                found[f"{start}.ln_{number}.{kind}"] = trunk[f"{block}.norm{number}.{kind}"]
    return found


@pytest.fixture
def held(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Tensor]:
    """The reference; its widths are known to the importer for the test."""
    monkeypatch.setitem(importer._HEADS, 16, 2)
    monkeypatch.setattr(importer, "_TEXT_HEAD_WIDTH", 8)
    return load_file(REFERENCE / f"{request.param}.safetensors")


def weights_of(held: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("model."): tensor for name, tensor in held.items() if name.startswith("model.")}


@pytest.mark.parametrize("held", ["class_token", "no_class_token"], indirect=True)
@torch.no_grad()
def test_features_are_those_of_open_clips_construction(held: dict[str, Tensor], tmp_path: Path) -> None:
    weights = weights_of(held)
    bias = weights["visual.trunk.head.bias"]  # Meta's has none
    torch.save({name: tensor.clone() for name, tensor in as_meta(weights).items()}, tmp_path / "PE-Core-tiny.pt")
    made = import_checkpoint(tmp_path / "PE-Core-tiny.pt", format="pe-core", output=tmp_path / "made")
    assert made.adapter is None
    backbone = load_backbone(made.backbone)
    method = build_method("mean-pool", {}, backbone)
    images = method.encode_frames(backbone, held["images"][None])[0]
    torch.testing.assert_close(images, held["image_features"].float() - bias, rtol=0, atol=2e-5)
    texts = method.encode_text(backbone, held["texts"])
    torch.testing.assert_close(texts, held["text_features"].float(), rtol=0, atol=2e-5)


@pytest.mark.parametrize("held", ["class_token"], indirect=True)
def test_what_is_no_pe_core_is_named(held: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = {name: tensor.clone() for name, tensor in as_meta(weights_of(held)).items()}

    def refuse(changed: dict[str, Tensor], reason: str, **options: object) -> None:
        torch.save(changed, tmp_path / "w.pt")
        with pytest.raises((ModelError, InputError), match=reason):
            import_checkpoint(tmp_path / "w.pt", format="pe-core", output=tmp_path / "made", **options)
        assert not (tmp_path / "made").exists()

    missing = {name: tensor for name, tensor in tensors.items() if name != "ln_final.bias"}
    refuse(missing, r"1 tensors are missing: text_model\.final_layer_norm\.bias")
    refuse({**tensors, "visual.ls.gamma": torch.ones(1)}, r"1 tensors are unknown: visual\.ls\.gamma")
    refuse({**tensors, "visual.positional_embedding": torch.zeros(16, 16)}, "15 image positions beside the class token")
    refuse({**tensors, "visual.conv1.weight": torch.zeros(16, 3)}, "must have 4 dimensions, got")
    (tmp_path / "config.json").write_text("{}")
    refuse(tensors, "needs no configuration", config=tmp_path / "config.json")
    monkeypatch.delitem(importer._HEADS, 16)
    refuse(tensors, "a PE-Core of width 16 is not known; known: 192, 384, 768, 1024, 1536")
    torch.save(tensors, tmp_path / "w.pt")
    with pytest.raises(ModelError, match="it looks like pe-core; pass --format pe-core"):
        import_checkpoint(tmp_path / "w.pt", format="openai-clip", output=tmp_path / "made")


@pytest.mark.parametrize(("name", "total"), [("PE-Core-B-16", 447_659_521), ("PE-Core-L-14-336", 671_137_793)])
def test_released_sizes_follow_from_the_shapes(name: str, total: int) -> None:
    told, tensors = RELEASED[name], {}
    for short, shape in told["tensors"].items():
        count = told["layers"]["visual" if short.startswith("visual") else "text"] if "*" in short else 1
        for index in range(count):
            tensors[short.replace("*", str(index))] = torch.empty(shape, device="meta")
    meta = as_meta(tensors)
    assert sum(tensor.numel() for tensor in meta.values()) == total  # OpenCLIP's without the projection's bias
    converted, unknown = importer.convert_names(meta)
    config = importer._config(converted, name)
    assert unknown == []
    vision, text = config.vision_config, config.text_config
    expected = (12, 12, 224) if name == "PE-Core-B-16" else (16, 24, 336)
    assert (vision.num_attention_heads, vision.num_hidden_layers, vision.image_size) == expected
    assert (text.num_attention_heads, text.num_hidden_layers, text.max_position_embeddings) == (16, 24, 32)
