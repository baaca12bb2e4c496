"""What tests of several methods share: a ViT-B/32 without values, a step of training, a trip to the disk and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from torch import Tensor

    from framecue.backbone import Backbone
    from framecue.methods import Method

TEXTS = ["a red car", "the cat falls, the dog rises"]


def random_videos(count: int, frames: int, *, seed: int = 1) -> Tensor:
    import torch

    return torch.randn(count, frames, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def embeddings(backbone: Backbone, method: Method, videos: Tensor) -> tuple[Tensor, Tensor]:
    """The embeddings of videos and of `TEXTS`."""
    from framecue.model import VideoTextModel

    model = VideoTextModel(backbone, method.eval())
    return model.encode_frames(videos), model.encode_text(TEXTS)


@pytest.fixture
def vit_b_32() -> Backbone:
    """A backbone of the shape of CLIP ViT-B/32 on the meta device: parameters can be counted, and have no values."""
    import torch
    from transformers import CLIPConfig, CLIPModel

    from framecue.backbone import Backbone, Preprocess

    def tokenizer() -> Any:
        raise AssertionError("no text is encoded")

    with torch.device("meta"):
        model = CLIPModel(CLIPConfig())  # the defaults are ViT-B/32's
    return Backbone(model, name="shape", revision="0", preprocess=Preprocess(224, (224, 224)), tokenizer=tokenizer)


@pytest.fixture
def gradients_of() -> Callable[[Backbone, Method], dict[str, Tensor]]:
    """Gives the gradients of one step of contrastive training, by the names that an adapter holds."""

    def gradients(backbone: Backbone, method: Method) -> dict[str, Tensor]:
        from framecue.methods.contrastive import contrastive_loss
        from framecue.model import VideoTextModel

        method.freeze(backbone)
        model = VideoTextModel(backbone, method).train()
        outputs = model(random_videos(2, 3), *model.tokenize(TEXTS))
        similarities = model.similarity(outputs["text_features"], outputs["frame_features"])
        contrastive_loss(similarities, backbone.logit_scale).backward()
        return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}

    return gradients


@pytest.fixture
def starts_as_plain_clip() -> Callable[[Backbone, Callable[[Backbone], Method]], Method]:
    """Makes a method and asserts that it gives mean pooling's embeddings, to the bit; gives the method."""

    def check(backbone: Backbone, make: Callable[[Backbone], Method]) -> Method:
        import torch

        from framecue.methods import build_method

        videos = random_videos(2, 3)
        expected = embeddings(backbone, build_method("mean-pool", {}, backbone), videos)
        method = make(backbone)
        assert all(map(torch.equal, embeddings(backbone, method, videos), expected))
        return method

    return check


@pytest.fixture
def saved_and_loaded(
    make_backbone: Callable[..., Backbone], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., set[str]]:
    """Trains a method as if, saves it, and loads it on a fresh backbone; gives the names that the adapter holds.

    What is loaded must give the same embeddings to the bit, and they must be others than plain CLIP's.
    """

    def trip(name: str, kind: type[Method], **options: Any) -> set[str]:
        import torch
        from safetensors.torch import load_file

        from framecue.checkpoint import load_adapter, save_adapter
        from framecue.methods import METHODS, build_method

        monkeypatch.setitem(METHODS, name, kind)
        backbone, fresh, videos = make_backbone(), make_backbone(), random_videos(2, 3)
        plain = embeddings(fresh, build_method("mean-pool", {}, fresh), videos)
        method = build_method(name, options, backbone)
        method.freeze(backbone)
        generator = torch.Generator().manual_seed(3)
        with torch.no_grad():
            for parameter in [*backbone.parameters(), *method.parameters()]:
                if parameter.requires_grad:
                    parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
        save_adapter(tmp_path, backbone=backbone, method=method, method_name=name, version="0")
        loaded, config = load_adapter(tmp_path, fresh)
        assert type(loaded) is kind
        assert config.options.items() >= options.items()
        trained = embeddings(backbone, method, videos)
        assert all(map(torch.equal, embeddings(fresh, loaded, videos), trained))
        assert all((one - other).abs().max() > 1e-3 for one, other in zip(trained, plain, strict=True))
        return set(load_file(tmp_path / "adapter_model.safetensors"))

    return trip
