"""Weights of a graph as bytes, a scale for each of a matrix's columns; activations as bytes, scaled as they come.

Only products with weights become integers: MatMul and Gemm with a constant. Those of queries and keys stay in float.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx

__all__ = ["Plan", "Product", "products", "quantise", "smoothing_scales"]

_QUANTISED = ["MatMul", "Gemm"]
# How much of an outlier goes over into the weights: half of its logarithm (SmoothQuant, arXiv 2211.10438).
_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Product:
    """A product of activations and constant weights in a graph.

    Attributes:
        node: its name.
        source: the name of the activations (..., I).
        weight: the name of the weights.
        largest_weights: the largest absolute value of each row of the weights, float32 (I,).
    """

    node: str
    source: str
    weight: str
    largest_weights: np.ndarray


@dataclass(frozen=True, eq=False)
class Plan:
    """How a graph is quantised.

    Attributes:
        ranges: the largest absolute value of each channel, float32 (I,), by the name of activations that are to be
            smoothed: channels are divided by what the weights' rows are multiplied by, so that the product stays.
        in_float: nodes that stay as they are.
        reduce_range: whether weights take 7 bits, for processors on which sums of products may saturate.
    """

    ranges: Mapping[str, np.ndarray] = field(default_factory=dict)
    in_float: Collection[str] = ()
    reduce_range: bool = False


def products(source: Path) -> list[Product]:
    """Return a graph's products with constant weights, in their order.

    A Gemm is a product as well, and is quantised, but is never smoothed: it comes once behind the layers.
    """
    import onnx

    return _products_of(onnx.load(str(source)).graph)


def _products_of(graph: onnx.GraphProto) -> list[Product]:
    from onnx import numpy_helper

    constants = {each.name: each for each in graph.initializer}
    found = []
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in constants:
            weights = numpy_helper.to_array(constants[node.input[1]])
            if weights.ndim == 2:
                largest = np.abs(weights).max(axis=1).astype(np.float32)
                found.append(Product(node.name, node.input[0], node.input[1], largest))
    return found


def quantise(source: Path, target: Path, plan: Plan | None = None) -> None:
    """Write a graph with its weights in 8 bits, per channel.

    Args:
        source: a graph in float32.
        target: the file to write.
        plan: what is smoothed and what stays in float; None for nothing.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plan = plan or Plan()
    model = onnx.load(str(source))
    if plan.ranges:
        _smooth(model.graph, _products_of(model.graph), plan)
    with _quiet():
        quantize_dynamic(
            model,
            target,
            op_types_to_quantize=_QUANTISED,
            per_channel=True,
            reduce_range=plan.reduce_range,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=list(plan.in_float),
            extra_options={"MatMulConstBOnly": True},
        )


def smoothing_scales(ranges: np.ndarray, largest_weights: np.ndarray) -> np.ndarray:
    """Return by what each channel of activations is divided, and each row of weights multiplied, float32 (I,).

    Args:
        ranges: the largest absolute value of each channel of the activations, (I,).
        largest_weights: of each row of the weights, (I,).
    """
    tiny = np.float32(1e-6)
    scales = np.maximum(ranges, tiny) ** _SHARE / np.maximum(largest_weights, tiny) ** (1 - _SHARE)
    # About 1 in the middle: what is not unusual stays nearly as it was.
    balanced: np.ndarray = (scales / np.median(scales)).astype(np.float32)
    return balanced


def _smooth(graph: onnx.GraphProto, found: list[Product], plan: Plan) -> None:
    """Divide the channels of some activations in front of their products, and multiply the weights' rows, in place."""
    from onnx import helper, numpy_helper

    constants = {each.name: each for each in graph.initializer}
    used = [product.weight for product in found]
    for source, ranges in plan.ranges.items():
        # Weights that two activations share would have to be two.
        behind = [p for p in found if p.source == source and p.node not in plan.in_float and used.count(p.weight) == 1]
        if not behind:
            continue
        scales = smoothing_scales(ranges, np.max([product.largest_weights for product in behind], axis=0))
        factor, smoothed = f"{source}/smoothing", f"{source}/smoothed"
        graph.initializer.append(numpy_helper.from_array(1 / scales, factor))
        multiply = helper.make_node("Mul", [source, factor], [smoothed], name=f"{smoothed}/Mul")
        names = {product.node for product in behind}
        graph.node.insert(next(place for place, node in enumerate(graph.node) if node.name in names), multiply)
        for product in behind:
            weights = numpy_helper.to_array(constants[product.weight])
            scaled = numpy_helper.from_array(scales[:, None] * weights, product.weight)
            constants[product.weight].CopyFrom(scaled)
            node = next(node for node in graph.node if node.name == product.node)
            node.input[0] = smoothed


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantiser from writing advice into the log.

    It writes with the root logger itself. A filter there concerns no other logger, and two threads may have one each.
    """
    root = logging.getLogger()
    errors_alone = _ErrorsAlone()
    root.addFilter(errors_alone)
    try:
        yield
    finally:
        root.removeFilter(errors_alone)


class _ErrorsAlone(logging.Filter):
    """Lets no record through that is less than an error."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is an error."""
        return record.levelno >= logging.ERROR
