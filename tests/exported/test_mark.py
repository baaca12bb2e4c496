"""A graph says whose it is, and is computed as before."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from framecue.errors import ModelError
from framecue.exported.mark import mark
from framecue.exported.session import open_session
from framecue.exported.video_graph import VideoGraph
from framecue.model import VideoTextModel

pytest.importorskip("onnxruntime")


def test_a_marked_graph_is_its_models_alone(
    make_model: Callable[..., VideoTextModel],
    make_graph: Callable[[VideoTextModel], Path],
    pixel_values: np.ndarray,
    tmp_path: Path,
) -> None:
    plain = make_graph(make_model())
    marked = tmp_path / "marked.onnx"
    shutil.copy(plain, marked)
    mark(marked, "a" * 32)
    wanted = VideoGraph(plain, key="a" * 32).embed_videos(pixel_values)  # one of before says nothing
    np.testing.assert_array_equal(VideoGraph(marked, key="a" * 32).embed_videos(pixel_values), wanted)
    np.testing.assert_array_equal(VideoGraph(marked).embed_videos(pixel_values), wanted)
    with pytest.raises(ModelError, match=r"marked\.onnx: the exported graph is another model's"):
        open_session(marked, key="b" * 32)
