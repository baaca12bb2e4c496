"""Loading PE-Core from folders in OpenCLIP's layout, with the released names and shapes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from framecue.backbone import Backbone, Preprocess, load_backbone
from framecue.backbone.download import needed_files
from framecue.backbone.meta import backbone_without_weights
from framecue.backbone.moved import is_model
from framecue.backbone.open_clip_layout import PE_CORE, PeCoreSizes, config_of_open_clip
from framecue.backbone.pe_core_model import PeCoreModel
from framecue.backbone.pe_core_names import convert_names
from framecue.errors import ModelError
from framecue.methods import build_method

REFERENCE = Path(__file__).parent / "pe_core_reference"
RELEASED: dict[str, Any] = json.loads((REFERENCE / "released_shapes.json").read_text(encoding="utf-8"))
BASE = "vit_pe_core_base_patch16_224"


def released_tensors(name: str) -> dict[str, Tensor]:
    """The released tensors, without values."""
    told, tensors = RELEASED[name], {}
    for short, shape in told["tensors"].items():
        count = told["layers"]["visual" if short.startswith("visual") else "text"] if "*" in short else 1
        for index in range(count):
            tensors[short.replace("*", str(index))] = torch.empty(shape, device="meta")
    return tensors


@pytest.mark.parametrize(
    ("name", "context"), [("PE-Core-B-16", 32), ("PE-Core-L-14-336", 32), ("PE-Core-bigG-14-448", 72)]
)
def test_released_names_and_shapes_are_the_models(name: str, context: int, tmp_path: Path) -> None:
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": RELEASED[name]["model_cfg"]}))
    config = config_of_open_clip(tmp_path / "open_clip_config.json")
    with torch.device("meta"):
        model = PeCoreModel(config)
    converted, unknown = convert_names(released_tensors(name))
    assert unknown == []
    assert {key: tensor.shape for key, tensor in converted.items()} == {
        key: parameter.shape for key, parameter in model.named_parameters()
    }
    backbone = backbone_without_weights(tmp_path)
    assert backbone.text.context_length == context
    assert backbone.vision.num_class_tokens == (name != "PE-Core-bigG-14-448")
    assert backbone.token_embedding.num_embeddings == 49_408


def test_released_sizes_are_the_published_ones() -> None:
    numbers = {name: sum(tensor.numel() for tensor in released_tensors(name).values()) for name in RELEASED}
    # 1.67, 2.50 GB: what FiftyOne's model zoo gives for Meta's files of B and L, in units of 2 ** 30 bytes of float32.
    assert round(4 * numbers["PE-Core-B-16"] / 2**30, 2) == 1.67
    assert round(4 * numbers["PE-Core-L-14-336"] / 2**30, 2) == 2.5


@pytest.fixture
def open_clip_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_tokenizer: Callable[[], PreTrainedTokenizerBase]
) -> Path:
    """The reference's model as OpenCLIP publishes one; base is as small as it for the test."""
    monkeypatch.setitem(PE_CORE, BASE, PeCoreSizes(16, 2, 2, 64, 8))
    folder = tmp_path / "PE-Core-tiny"
    folder.mkdir()
    held = load_file(REFERENCE / "class_token.safetensors")
    weights = {key.removeprefix("model."): tensor for key, tensor in held.items() if key.startswith("model.")}
    tokenizer = tiny_tokenizer()
    # The reference's vocabulary has 40 tokens, the tests' tokenizer more.
    table = torch.randn(len(tokenizer), 16, generator=torch.Generator().manual_seed(5))
    save_file({**weights, "text.token_embedding.weight": table}, folder / "open_clip_model.safetensors")
    vision = {"image_size": 32, "timm_model_name": BASE, "timm_model_pretrained": False, "timm_pool": "map"}
    text = {"context_length": 9, "vocab_size": len(tokenizer), "width": 16, "heads": 2, "layers": 2}
    config = {
        "model_cfg": {
            "embed_dim": 12,
            "vision_cfg": {**vision, "timm_proj": None},
            "text_cfg": text,
            "custom_text": True,
        },
        "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bilinear", "resize_mode": "squash"},
    }
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    tokenizer.save_pretrained(folder)
    return folder


def change(folder: Path, **values: Any) -> None:
    file = folder / "open_clip_config.json"
    config = json.loads(file.read_text())
    for path, value in values.items():
        *parents, last = path.split("__")
        section = config
        for parent in parents:
            section = section[parent]
        section[last] = value
    file.write_text(json.dumps(config))


@torch.no_grad()
def test_a_folder_is_loaded_and_what_framecue_saves_of_it_is_the_same(open_clip_folder: Path, tmp_path: Path) -> None:
    held = load_file(REFERENCE / "class_token.safetensors")
    backbone = load_backbone(open_clip_folder)
    method = build_method("mean-pool", {}, backbone)
    features = method.encode_frames(backbone, held["images"][None])[0]
    torch.testing.assert_close(features, held["image_features"].float(), rtol=0, atol=2e-5)
    assert backbone.preprocess == Preprocess.siglip(32, filter="bilinear")
    ids, mask = backbone.tokenize(["the cat falls"])
    assert ids.shape[1] <= 9
    texts = method.encode_text(backbone, ids, mask)
    backbone.save(tmp_path / "saved")
    saved = load_backbone(tmp_path / "saved")
    assert saved.preprocess == backbone.preprocess
    again = build_method("mean-pool", {}, saved)
    torch.testing.assert_close(again.encode_frames(saved, held["images"][None])[0], features, rtol=0, atol=1e-6)
    torch.testing.assert_close(again.encode_text(saved, ids, mask), texts, rtol=0, atol=1e-6)
    # The text tower's buffers are real ones, not left on the device without memory.
    assert {buffer.device.type for buffer in backbone.model.buffers()} == {"cpu"}
    assert load_backbone(open_clip_folder, dtype="bfloat16").model.dtype == torch.bfloat16


def test_a_folder_is_found_again_by_its_weights(open_clip_folder: Path) -> None:
    revision = load_backbone(open_clip_folder).revision
    assert is_model(open_clip_folder, revision)
    moved = shutil.copytree(open_clip_folder, open_clip_folder.parent / "elsewhere")
    assert load_backbone(moved, revision=revision).revision == revision
    weights = load_file(moved / "open_clip_model.safetensors")
    save_file({**weights, "logit_scale": weights["logit_scale"] + 1}, moved / "open_clip_model.safetensors")
    assert not is_model(moved, revision)
    with pytest.raises(ModelError, match="the folder's weights are"):
        load_backbone(moved, revision=revision)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            {"model_cfg__vision_cfg": {"image_size": 32, "layers": 2, "width": 16}},
            "its architecture is a CLIP of OpenCLIP",
        ),
        (
            {"model_cfg__vision_cfg__timm_model_name": "vit_base_patch16_siglip_224"},
            "is vit_base_patch16_siglip_224; of",
        ),
        ({"model_cfg__vision_cfg__timm_pool": "avg"}, "with another head than PE-Core's"),
        (
            {"model_cfg__embed_dim": "12"},
            "embed_dim in open_clip_config.json must be a whole number of at least 1, got '12'",
        ),
        ({"model_cfg": 3}, "open_clip_config.json has no model_cfg"),
        ({"model_cfg__text_cfg__layers": 3}, "the weights do not fit the configuration, 16 tensors are missing"),
        ({"model_cfg__text_cfg__context_length": 8}, "1 tensors are of another shape: text_model.embeddings.position"),
        ({"model_cfg__text_cfg__width": 10**12}, "model_cfg.text_cfg.width in open_clip_config.json must be at most"),
        ({"preprocess_cfg__resize_mode": "longest"}, "resize_mode 'longest' with interpolation 'bilinear' is not"),
    ],
)
def test_what_does_not_fit_is_named(open_clip_folder: Path, values: dict[str, Any], reason: str) -> None:
    change(open_clip_folder, **values)
    with pytest.raises(ModelError, match=reason):
        load_backbone(open_clip_folder)


def test_pickles_are_not_opened(open_clip_folder: Path) -> None:
    (open_clip_folder / "open_clip_model.safetensors").rename(open_clip_folder / "open_clip_pytorch_model.bin")
    with pytest.raises(
        ModelError, match=r"the weights are in open_clip_model\.safetensors, which is not there; .*import"
    ):
        load_backbone(open_clip_folder)


def test_a_centre_crop_is_taken_where_the_folder_says_so(open_clip_folder: Path) -> None:
    change(open_clip_folder, preprocess_cfg__resize_mode="shortest", preprocess_cfg__interpolation="bicubic")
    assert load_backbone(open_clip_folder).preprocess == Preprocess(32, (32, 32), mean=(0.5,) * 3, std=(0.5,) * 3)


def test_what_is_downloaded_of_a_repository_in_this_layout() -> None:
    names = {"open_clip_config.json", "open_clip_model.safetensors", "open_clip_pytorch_model.bin", "tokenizer.json"}
    assert needed_files(names) == ["open_clip_config.json", "open_clip_model.safetensors", "tokenizer.json"]
    # One in both layouts is a model of transformers.
    both = needed_files({*names, "config.json", "model.safetensors"})
    assert both == ["config.json", "model.safetensors", "tokenizer.json"]


def test_a_name_on_the_hub_in_this_layout(open_clip_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub.errors import EntryNotFoundError

    asked: list[str] = []
    commit = open_clip_folder.parent / ("c" * 40)
    shutil.copytree(open_clip_folder, commit)

    def download(name: str, file: str, **options: Any) -> str:
        assert name == "timm/PE-Core-tiny"
        asked.append(file)
        if not (commit / file).is_file():
            raise EntryNotFoundError(file)
        return str(commit / file)

    monkeypatch.setattr("framecue.backbone.config.hf_hub_download", download)
    monkeypatch.setattr("framecue.backbone.source._why_unreachable", lambda *args: None)
    backbone: Backbone = load_backbone("timm/PE-Core-tiny")
    assert asked[:2] == ["config.json", "open_clip_config.json"]
    assert backbone.revision == "c" * 40
    assert backbone.preprocess == Preprocess.siglip(32, filter="bilinear")
