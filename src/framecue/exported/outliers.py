"""Which channels of a graph's activations are much larger than the others: one scale for all would lose the others.

Real CLIP weights have them: a few channels behind a norm, or inside an MLP, are tens of times as large as the rest.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from framecue.exported.quantise import Plan, Product, smoothing_scales
from framecue.exported.session import open_session
from framecue.exported.video_graph import PIXELS

__all__ = ["activation_ranges", "plans"]

# Of a channel's largest value to the median channel's: from there on it is smoothed. Of random weights none has 5.
_OUTLIER = 8.0
# How much of the products stays in float, in the tries that follow smoothing; beyond that nothing is gained.
_IN_FLOAT = (1 / 8, 1 / 3)


def activation_ranges(source: Path, found: Sequence[Product], pixel_values: np.ndarray) -> dict[str, np.ndarray]:
    """Return the largest absolute value of each channel of the products' activations, float32 (I,), by their names.

    Args:
        source: the graph in float32.
        found: its products.
        pixel_values: float32 (B, F, 3, S, S), on which they are measured.
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(source))
    names = list(dict.fromkeys(product.source for product in found))
    for name in names:
        # All axes but the last become one, whatever their number is.
        width = next(len(product.largest_weights) for product in found if product.source == name)
        shape = numpy_helper.from_array(np.array([-1, width], dtype=np.int64), f"{name}/shape")
        model.graph.initializer.append(shape)
        model.graph.node.extend(
            [
                helper.make_node("Abs", [name], [f"{name}/abs"]),
                helper.make_node("Reshape", [f"{name}/abs", shape.name], [f"{name}/rows"]),
                helper.make_node("ReduceMax", [f"{name}/rows"], [f"{name}/range"], axes=[0], keepdims=0),
            ]
        )
        model.graph.output.append(helper.make_tensor_value_info(f"{name}/range", onnx.TensorProto.FLOAT, [width]))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ranges.onnx"
        onnx.save(model, str(file))
        session = open_session(file)
        seen: list[list[np.ndarray]] = []
        for video in pixel_values:
            given = dict(zip(session.outputs, session.run({PIXELS: video[None]}), strict=True))
            seen.append([given[f"{name}/range"] for name in names])
    return {name: np.max(each, axis=0) for name, each in zip(names, zip(*seen, strict=True), strict=True)}


def plans(found: Sequence[Product], ranges: dict[str, np.ndarray], *, reduce_range: bool) -> list[Plan]:
    """Return how to try to quantise a graph whose plain quantisation is too far off, the cheapest first.

    First outliers are smoothed into the weights; then, besides, the products that have most of them stay in float.

    Args:
        found: the graph's products.
        ranges: from :func:`activation_ranges`.
        reduce_range: see :class:`~framecue.exported.quantise.Plan`.
    """
    smoothed = {name: values for name, values in ranges.items() if spread(values) > _OUTLIER} or ranges
    worst = sorted(found, key=lambda product: _hardness(product, ranges, smoothed), reverse=True)
    tries = [Plan(smoothed, (), reduce_range)]
    for part in _IN_FLOAT:
        kept = [product.node for product in worst[: max(1, round(part * len(found)))]]
        tries.append(Plan(smoothed, kept, reduce_range))
    return tries


def spread(ranges: np.ndarray) -> float:
    """Return how many times as large as the median channel the largest is."""
    return float(ranges.max() / max(float(np.median(ranges)), 1e-12))


def _hardness(product: Product, ranges: dict[str, np.ndarray], smoothed: dict[str, np.ndarray]) -> float:
    """Return how far the largest activations and weights of a product are from the usual ones, smoothed or not."""
    activations, weights = ranges[product.source], product.largest_weights
    if product.source in smoothed:
        scales = smoothing_scales(activations, weights)
        activations, weights = activations / scales, weights * scales
    return spread(activations) * spread(weights)
