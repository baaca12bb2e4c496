"""Every method's graph against the method, on every family of backbones; and what has no graph."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from framecue.backbone import Backbone
from framecue.errors import InputError, ModelError, RuntimeMissingError
from framecue.exported.export_video import export_video_graph, why_not_exported
from framecue.exported.video_graph import VideoGraph
from framecue.methods import METHODS, Method, build_method, method_named
from framecue.model import VideoTextModel

OPTIONS: dict[str, dict[str, Any]] = {"prompt-switch": {"num_prompts": 2}}
FRAMES = 4
EXPORTED = [name for name in METHODS if method_named(name).offline and method_named(name).exports]
# Exporting takes a while, so not each pair: all methods on one family, and on all families those that do most between
# frames and that look for class tokens, which SigLIP has not.
CASES = [
    *(("clip", name) for name in EXPORTED),
    *((family, "prompt-switch") for family in ("pe-core", "siglip", "siglip2")),
    *(("siglip", name) for name in ("mean-pool", "vop-f")),
]


@pytest.fixture(scope="module")
def make_family(
    make_backbone: Callable[..., Backbone],
    make_pe_core_backbone: Callable[..., Backbone],
    make_siglip_backbone: Callable[..., Backbone],
) -> Callable[[str], Backbone]:
    """Gives a tiny backbone of a family."""

    def make(family: str) -> Backbone:
        if family == "clip":
            return make_backbone(vision={"num_hidden_layers": 2})
        return make_pe_core_backbone() if family == "pe-core" else make_siglip_backbone(family)

    return make


def made(backbone: Backbone, name: str, **options: Any) -> VideoTextModel:
    """A model of a method with parameters that all do something."""
    options = {"num_frames": FRAMES, "num_test_frames": FRAMES, **OPTIONS.get(name, {}), **options}
    method = build_method(name, options, backbone)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in method.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return VideoTextModel(backbone, method, method_name=name).eval()


@pytest.mark.parametrize(("family", "name"), CASES)
def test_a_graph_gives_the_methods_own_vectors(
    family: str, name: str, make_family: Callable[[str], Backbone], tmp_path: Path
) -> None:
    model = made(make_family(family), name)
    off = export_video_graph(model.backbone, model.method, tmp_path / "video.onnx", num_frames=FRAMES)
    assert 0 <= off < 1e-5
    size = model.backbone.vision.image_size
    pixels = np.random.default_rng(5).standard_normal((2, FRAMES, 3, size, size)).astype(np.float32)
    graph = VideoGraph(tmp_path / "video.onnx")
    np.testing.assert_allclose(graph.embed_videos(pixels), model.embed_videos(pixels), rtol=0, atol=1e-5)
    # A frame by itself is not averaged, so that rounding shows a little more.
    np.testing.assert_allclose(graph.embed_frames(pixels[1]), model.embed_frames(pixels[1]), rtol=0, atol=2e-5)


def test_a_fusion_has_no_graph(backbone: Backbone, tmp_path: Path) -> None:
    model = made(backbone, "x-pool")
    with pytest.raises(InputError, match=r"^method XPool cannot be exported: it looks at the text .*; use the model"):
        export_video_graph(model.backbone, model.method, tmp_path / "video.onnx", num_frames=FRAMES)


def test_frames_that_are_left_out_have_no_graph(backbone: Backbone) -> None:
    model = made(backbone, "mean-pool", short_videos="mask")
    assert why_not_exported(model.backbone, model.method) == (
        "with short_videos: mask it leaves frames out, and a graph takes all"
    )


def test_a_method_may_say_that_it_has_none(backbone: Backbone) -> None:
    class Other(Method):
        exports = False

    reason = why_not_exported(backbone, Other(Other.Config(), backbone))
    assert reason == "a graph cannot do what it does between frames"
    assert [name for name in METHODS if method_named(name).offline and not method_named(name).exports] == ["tempme"]


def test_a_model_in_another_type_is_refused(make_backbone: Callable[..., Backbone], tmp_path: Path) -> None:
    model = made(make_backbone(torch.bfloat16), "mean-pool")
    with pytest.raises(InputError, match=r"float32 on the processor, got torch\.bfloat16 on cpu$"):
        export_video_graph(model.backbone, model.method, tmp_path / "video.onnx", num_frames=FRAMES)


def test_a_graph_that_follows_the_values_it_was_traced_with_is_found_out(backbone: Backbone, tmp_path: Path) -> None:
    class Values(Method):
        """Takes another way for other values; a graph has the way of the example."""

        def pool(self, frame_features: torch.Tensor) -> torch.Tensor:
            pooled = super().pool(frame_features)
            return pooled if frame_features.sum().item() == self.first(frame_features) else -pooled

        def first(self, frame_features: torch.Tensor) -> float:
            """The sum of the first features that came."""
            self.seen = getattr(self, "seen", frame_features.sum().item())
            return self.seen

    method = Values(Values.Config(num_test_frames=FRAMES), backbone).eval()
    with pytest.raises(ModelError, match=r"^tiny: the exported graph gives other vectors than the model \("):
        export_video_graph(backbone, method, tmp_path / "video.onnx", num_frames=FRAMES)


def test_without_onnx_the_extra_is_named(backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    model = made(backbone, "mean-pool")
    with pytest.raises(RuntimeMissingError, match=r"models are exported with onnx .*pip install 'framecue\[onnx\]'"):
        export_video_graph(model.backbone, model.method, tmp_path / "a.onnx", num_frames=2)


def test_a_full_disk_is_no_fault_of_the_model(
    backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch.onnx, "export", full)
    model = made(backbone, "mean-pool")
    with pytest.raises(OSError, match="No space left"):
        export_video_graph(model.backbone, model.method, tmp_path / "a.onnx", num_frames=2)


def test_what_cannot_be_traced_is_told_in_a_line(backbone: Backbone, tmp_path: Path) -> None:
    class Fails(Method):
        """Raises."""

        def pool(self, frame_features: torch.Tensor) -> torch.Tensor:
            raise NotImplementedError("no such\noperator")

    with pytest.raises(ModelError, match=r"^tiny: cannot be exported: no such; use the model itself$"):
        export_video_graph(backbone, Fails(Fails.Config(), backbone), tmp_path / "video.onnx", num_frames=FRAMES)
    assert torch.backends.mha.get_fastpath_enabled()
