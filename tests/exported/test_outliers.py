"""Outlier channels planted in a model: they are seen, and their plans come in the order of what they cost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from framecue.exported.outliers import activation_ranges, plans, spread
from framecue.exported.quantise import Product, products
from framecue.model import VideoTextModel


def test_ranges_are_those_of_the_models_own_norms(
    make_model: Callable[..., VideoTextModel],
    make_graph: Callable[[VideoTextModel], Path],
    pixel_values: np.ndarray,
) -> None:
    model = make_model(outlier=100)
    path = make_graph(model)
    found = products(path)
    # Six in each of two layers, three of the aggregation (queries, keys and values, out), and the projection.
    assert len(found) >= 2 * 6 + 3
    ranges = activation_ranges(path, found, pixel_values[:2])
    seen: list[np.ndarray] = []
    layer = model.backbone.model.vision_model.encoder.layers[1]
    handle = layer.layer_norm2.register_forward_hook(
        lambda module, inputs, output: seen.append(output.abs().amax(dim=(0, 1)).numpy())
    )
    model.embed_videos(pixel_values[:2])
    handle.remove()
    source = next(each.source for each in found if "fc1" in each.node and "_1" in each.node)
    np.testing.assert_allclose(ranges[source], seen[0], rtol=1e-4)
    assert spread(ranges[source]) > 30


def test_plans_smooth_what_has_outliers_and_then_leave_the_worst_in_float() -> None:
    rows = np.ones(8, np.float32)
    found = [Product(f"node {number}", f"source {number}", f"weight {number}", rows) for number in range(8)]
    ranges = {f"source {number}": rows.copy() for number in range(8)}
    ranges["source 5"][2] = 100
    first, second, third = plans(found, ranges, reduce_range=True)
    assert list(first.ranges) == list(second.ranges) == ["source 5"]
    assert (list(first.in_float), list(second.in_float), len(third.in_float)) == ([], ["node 5"], 3)
    assert all(plan.reduce_range for plan in (first, second, third))


def test_without_outliers_everything_is_smoothed() -> None:
    rows = np.ones(8, np.float32)
    found = [Product("node", "source", "weight", rows)]
    assert list(plans(found, {"source": rows}, reduce_range=False)[0].ranges) == ["source"]
