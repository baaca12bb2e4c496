"""Every method on every family of backbones: forward, backward, save and load, on tiny configurations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from framecue.backbone import Backbone, load_backbone
from framecue.checkpoint import save_adapter, trained_tensors
from framecue.errors import AdapterError, NotOfflineError
from framecue.methods import METHODS, build_method, method_named
from framecue.methods.contrastive import contrastive_loss
from framecue.methods.counting import count_parameters
from framecue.model import VideoTextModel, load_model
from support.backbones import copy_of

FAMILIES = ("clip", "pe-core", "siglip", "siglip2")
OPTIONS: dict[str, dict[str, Any]] = {"prompt-switch": {"num_prompts": 2}}
TEXTS = ["the cat falls", "the red car is on the left", "a dog rises"]


@pytest.fixture(scope="module")
def folders(
    make_backbone: Callable[..., Backbone],
    make_pe_core_backbone: Callable[..., Backbone],
    make_siglip_backbone: Callable[..., Backbone],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Path]:
    """A folder a family, as `save_pretrained` writes it."""
    made = {family: tmp_path_factory.mktemp("backbones") / family for family in FAMILIES}
    make_backbone().save(made["clip"])
    make_pe_core_backbone().save(made["pe-core"])
    for family in ("siglip", "siglip2"):
        make_siglip_backbone(family).save(made[family])
    return made


@pytest.fixture(scope="module")
def backbones(folders: dict[str, Path]) -> dict[str, Backbone]:
    """The backbone of each of those folders, which is not to be changed: it is loaded once."""
    return {family: load_backbone(folder) for family, folder in folders.items()}


def frames_for(model: VideoTextModel, videos: int = 3) -> Tensor:
    size = model.backbone.vision.image_size
    return torch.randn(videos, 4, 3, size, size, generator=torch.Generator().manual_seed(3))


def options_of(name: str) -> dict[str, Any]:
    return {"num_frames": 4, "num_test_frames": 4, **OPTIONS.get(name, {})}


def make(loaded: Backbone, name: str) -> VideoTextModel:
    """A method on a copy of a backbone."""
    backbone = copy_of(loaded)
    torch.manual_seed(0)
    return VideoTextModel(backbone, build_method(name, options_of(name), backbone), method_name=name).eval()


def train_a_little(model: VideoTextModel, steps: int = 2) -> dict[str, Tensor]:
    """Take steps with large rates; gives the gradients of the first."""
    model.method.freeze(model.backbone)
    model.train()
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    optimiser = torch.optim.AdamW(trained.values(), lr=1e-2)
    gradients: dict[str, Tensor] = {}
    for _ in range(steps):
        outputs = model(frames_for(model), *model.tokenize(TEXTS))
        similarities = model.similarity(outputs["text_features"], outputs["frame_features"])
        assert similarities.shape == (3, 3)
        loss = contrastive_loss(similarities, model.backbone.logit_scale)
        if outputs["auxiliary_loss"] is not None:
            loss = loss + outputs["auxiliary_loss"]
        loss.backward()
        gradients = gradients or {name: p.grad.clone() for name, p in trained.items() if p.grad is not None}
        for name, p in model.named_parameters():
            assert p.requires_grad == (name in trained)
        optimiser.step()
        optimiser.zero_grad()
    model.eval()
    return gradients


@torch.no_grad()
def similarities_of(model: VideoTextModel) -> Tensor:
    return model.similarity(model.text_features(*model.tokenize(TEXTS)), model.frame_features(frames_for(model)))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", METHODS)
def test_forward_backward_save_load(
    name: str, family: str, folders: dict[str, Path], backbones: dict[str, Backbone], tmp_path: Path
) -> None:
    model = make(backbones[family], name)
    before = similarities_of(model)
    assert torch.isfinite(before).all()
    assert before.abs().max() <= 1 + 1e-5
    gradients = train_a_little(model)
    assert gradients
    assert all(torch.isfinite(gradient).all() for gradient in gradients.values())
    assert any(gradient.abs().max() > 0 for gradient in gradients.values())
    after = similarities_of(model)
    assert (after - before).abs().max() > 1e-4

    save_adapter(
        tmp_path / "adapter", backbone=model.backbone, method=model.method, method_name=name, version="test", scores={}
    )
    loaded = load_model(folders[family], adapter=tmp_path / "adapter", device="cpu")
    torch.testing.assert_close(similarities_of(loaded), after, rtol=0, atol=1e-6)
    assert loaded.fingerprint().method == name
    # What is said to be trained is what the folder holds.
    held = sum(tensor.numel() for tensor in trained_tensors(loaded.backbone, loaded.method).values())
    assert held == count_parameters(name, backbones[family], options_of(name)).trainable


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", METHODS)
def test_offline_methods_embed_videos_and_the_others_say_that_they_cannot(
    name: str, family: str, backbones: dict[str, Backbone]
) -> None:
    model = make(backbones[family], name)
    assert model.offline is method_named(name).offline
    pixels = frames_for(model, videos=2)
    if not model.offline:
        with pytest.raises(NotOfflineError, match=f"^method {name} looks at the text"):
            model.encode_frames(pixels)
        return
    videos = model.encode_frames(pixels)
    assert videos.shape == (2, model.embedding_dim)
    torch.testing.assert_close(videos.norm(dim=1), torch.ones(2))
    # Alone or in a batch: a video's embedding is its own.
    torch.testing.assert_close(model.encode_frames(pixels[1:]), videos[1:], rtol=0, atol=1e-5)
    # What an index ranks by is what training compares.
    texts = model.encode_text(TEXTS)
    similarity = model.similarity(model.text_features(*model.tokenize(TEXTS)), model.frame_features(pixels))
    torch.testing.assert_close(texts @ videos.T, similarity, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", METHODS)
def test_bfloat16(name: str, folders: dict[str, Path], backbones: dict[str, Backbone]) -> None:
    torch.manual_seed(0)
    model = load_model(folders["clip"], method=name, options=options_of(name), dtype=torch.bfloat16, device="cpu")
    exact = make(backbones["clip"], name)
    got, expected = similarities_of(model), similarities_of(exact)
    assert got.dtype == torch.float32
    assert (got - expected).abs().max() < 0.2


@pytest.mark.parametrize("name", ["vop", "prompt-switch", "lora", "x-pool"])
def test_an_adapter_of_another_family_is_refused(
    name: str, folders: dict[str, Path], backbones: dict[str, Backbone], tmp_path: Path
) -> None:
    model = make(backbones["clip"], name)
    model.method.freeze(model.backbone)
    save_adapter(tmp_path, backbone=model.backbone, method=model.method, method_name=name, version="test", scores={})
    with pytest.raises(AdapterError, match=r"was trained on backbone .*clip.*, not on .*siglip"):
        load_model(folders["siglip"], adapter=tmp_path)


def test_a_seed_gives_the_same_start(backbones: dict[str, Backbone]) -> None:
    for name in METHODS:
        starts = []
        for _ in range(2):
            backbone = make(backbones["clip"], "mean-pool").backbone
            torch.manual_seed(5)
            starts.append(dict(build_method(name, options_of(name), backbone).named_parameters()))
        assert all(torch.equal(starts[0][key], starts[1][key]) for key in starts[0])
