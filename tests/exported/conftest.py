"""A cache of each test's own; a small model with Prompt Switch whose parameters all do something, and its graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from framecue.backbone import Backbone, hash_of_tensors
from framecue.exported.cache import CACHE_VARIABLE, GRAPHS_VARIABLE
from framecue.exported.export_video import export_video_graph
from framecue.methods import Method, build_method
from framecue.model import VideoTextModel

FRAMES = 2


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(GRAPHS_VARIABLE, raising=False)
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def exported_graphs() -> dict[tuple[object, ...], tuple[bytes, float]]:
    """Graphs of videos that were exported, by what they are made of."""
    return {}


@pytest.fixture(autouse=True)
def each_graph_is_exported_once(
    exported_graphs: dict[tuple[object, ...], tuple[bytes, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever chooses among graphs gets that of the same weights again, without waiting for the exporter."""

    def export(backbone: Backbone, method: Method, target: Path, *, num_frames: int) -> float:
        weights = [hash_of_tensors(module.state_dict().items()) for module in (backbone, method)]
        what = (type(method), str(method.config), num_frames, *weights)
        if what in exported_graphs:
            target.write_bytes(exported_graphs[what][0])
        else:
            off = export_video_graph(backbone, method, target, num_frames=num_frames)
            exported_graphs[what] = target.read_bytes(), off
        return exported_graphs[what][1]

    for place in ("choose", "export_folder"):
        monkeypatch.setattr(f"framecue.exported.{place}.export_video_graph", export)


@pytest.fixture(scope="session")
def make_model(make_backbone: Callable[..., Backbone]) -> Callable[..., VideoTextModel]:
    """Makes the model; `outlier` plants channels that are so many times as large as others in norms and MLPs."""

    def make(*, outlier: float = 1.0) -> VideoTextModel:
        backbone = make_backbone(
            embedding_dim=48,
            vision={"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "patch_size": 16},
        )
        torch.manual_seed(0)
        method = build_method(
            "prompt-switch",
            {"num_prompts": 2, "num_frames": FRAMES, "num_test_frames": FRAMES, "captioner": False},
            backbone,
        )
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for parameter in method.parameters():
                parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
            for layer in backbone.model.vision_model.encoder.layers:
                for norm in (layer.layer_norm1, layer.layer_norm2):
                    norm.weight[[3, 17]] *= outlier
                    norm.bias[[3, 17]] *= outlier
                attention = layer.self_attn
                for linear in (attention.q_proj, attention.k_proj, attention.v_proj, layer.mlp.fc1):
                    linear.weight[:, [3, 17]] /= outlier
        model = VideoTextModel(backbone, method, method_name="prompt-switch")
        return model.eval()

    return make


@pytest.fixture(scope="session")
def pixel_values() -> np.ndarray:
    """Of five videos."""
    return np.random.default_rng(2).standard_normal((5, FRAMES, 3, 32, 32)).astype(np.float32)


@pytest.fixture
def make_graph(tmp_path: Path) -> Callable[[VideoTextModel], Path]:
    """Writes a model's graph in float32."""

    def make(model: VideoTextModel) -> Path:
        export_video_graph(model.backbone, model.method, tmp_path / "plain.onnx", num_frames=FRAMES)
        return tmp_path / "plain.onnx"

    return make
