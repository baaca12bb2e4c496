from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framecue.backbone import Backbone
from framecue.methods import build_method
from framecue.model import VideoTextModel
from framecue.video import write_video


@pytest.fixture
def make_model(backbone: Backbone) -> Callable[..., VideoTextModel]:
    """Makes a tiny model of any method: `make_model("x-pool", num_test_frames=2)`."""

    def make(method: str = "mean-pool", **options: Any) -> VideoTextModel:
        return VideoTextModel(backbone, build_method(method, options, backbone), method_name=method).eval()

    return make


@pytest.fixture
def videos(tmp_path: Path) -> list[str]:
    """Three videos of noise that differ."""
    paths = []
    for number in range(3):
        rng = np.random.default_rng(number)
        frames = [rng.integers(0, 256, (48, 48, 3), dtype=np.uint8) for _ in range(8)]
        path = tmp_path / "videos" / f"{number}.mp4"
        path.parent.mkdir(exist_ok=True)
        write_video(path, frames, frames_per_second=4)
        paths.append(str(path))
    return paths
