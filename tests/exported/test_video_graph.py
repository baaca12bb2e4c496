"""Running a graph of videos: from several threads, and in order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from framecue.exported.video_graph import VideoGraph, video_graph_name
from framecue.model import VideoTextModel


def test_the_vectors_do_not_depend_on_how_many_run_at_a_time(
    make_model: Callable[..., VideoTextModel], make_graph: Callable[[VideoTextModel], Path], pixel_values: np.ndarray
) -> None:
    path = make_graph(make_model())
    alone, together = VideoGraph(path, num_workers=1), VideoGraph(path, num_workers=3)
    wanted = np.concatenate([alone.embed_videos(video[None]) for video in pixel_values])
    np.testing.assert_array_equal(alone.embed_videos(pixel_values), wanted)
    np.testing.assert_array_equal(together.embed_videos(pixel_values), wanted)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(alone.embed_videos, [pixel_values[::-1]] * 4):
            np.testing.assert_array_equal(found, wanted[::-1])
    np.testing.assert_array_equal(together.embed_videos(pixel_values.astype(np.float64)), wanted)


def test_names_of_files() -> None:
    assert video_graph_name(12, "float32") == "video-12f-float32.onnx"
    assert video_graph_name(12, "int8", "0123abcd") == "video-12f-int8-0123abcd.onnx"
