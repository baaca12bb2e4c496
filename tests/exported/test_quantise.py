"""Weights as bytes: which products, per channel; and outliers smoothed into the weights."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime.quantization
import pytest
from onnx import TensorProto, helper, numpy_helper

from framecue.exported.quantise import Plan, products, quantise, smoothing_scales
from framecue.exported.session import open_session

WIDTH, HIDDEN = 16, 24


def weights(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """Two products with one input, joined by a product of activations, and a Gemm behind."""
    constants = {"a": weights(1, WIDTH, HIDDEN), "b": weights(2, WIDTH, HIDDEN), "c": weights(3, WIDTH, WIDTH)}
    nodes = [
        helper.make_node("MatMul", ["pixel_values", "a"], ["q"], name="first"),
        helper.make_node("MatMul", ["pixel_values", "b"], ["k"], name="second"),
        helper.make_node("Transpose", ["k"], ["t"], name="turn", perm=[1, 0]),
        helper.make_node("MatMul", ["q", "t"], ["scores"], name="activations"),
        helper.make_node("MatMul", ["scores", "pixel_values"], ["mixed"], name="mix"),
        helper.make_node("Gemm", ["mixed", "c"], ["embedding"], name="gemm"),
    ]
    save(tmp_path / "graph.onnx", nodes, constants, WIDTH)
    return tmp_path / "graph.onnx"


def save(path: Path, nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray], width: int) -> None:
    made = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [3, WIDTH])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [3, width])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def run(path: Path, values: np.ndarray) -> np.ndarray:
    return open_session(path, num_threads=1).run({"pixel_values": values})[0]


def test_products_are_those_with_constant_weights(graph: Path) -> None:
    found = products(graph)
    assert [(each.node, each.source) for each in found] == [("first", "pixel_values"), ("second", "pixel_values")]
    np.testing.assert_allclose(found[0].largest_weights, np.abs(weights(1, WIDTH, HIDDEN)).max(axis=1))


def test_weights_become_bytes_with_a_scale_a_column_and_activations_stay(graph: Path, tmp_path: Path) -> None:
    quantise(graph, tmp_path / "small.onnx")
    made = onnx.load(str(tmp_path / "small.onnx")).graph
    integer = [node for node in made.node if node.op_type == "MatMulInteger"]
    assert len(integer) == 3  # the two, and the Gemm
    assert [node.name for node in made.node if node.op_type == "MatMul"] == ["activations", "mix"]
    constants = {each.name: numpy_helper.to_array(each) for each in made.initializer}
    held = {name: value for name, value in constants.items() if value.dtype == np.int8 and value.ndim == 2}
    assert sorted(value.shape for value in held.values()) == [(WIDTH, WIDTH), (WIDTH, HIDDEN), (WIDTH, HIDDEN)]
    scales = {name: value for name, value in constants.items() if name.endswith("_scale") and value.ndim == 1}
    assert sorted(len(value) for value in scales.values()) == [WIDTH, HIDDEN, HIDDEN]
    assert all(len(set(value.tolist())) == len(value) for value in scales.values())
    # Whatever a column's size, its largest value takes all of a byte.
    assert all((np.abs(value).max(axis=0) >= 127).all() for value in held.values())
    values = weights(4, 3, WIDTH)
    wanted, found = run(graph, values), run(tmp_path / "small.onnx", values)
    assert 0 < np.abs(found - wanted).max() < 0.05 * np.abs(wanted).max()


def test_weights_of_7_bits(graph: Path, tmp_path: Path) -> None:
    quantise(graph, tmp_path / "small.onnx", Plan(reduce_range=True))
    held = [numpy_helper.to_array(each) for each in onnx.load(str(tmp_path / "small.onnx")).graph.initializer]
    assert max(np.abs(value.astype(int)).max() for value in held if value.dtype == np.int8) == 64


def test_a_product_stays_in_float(graph: Path, tmp_path: Path) -> None:
    quantise(graph, tmp_path / "small.onnx", Plan(in_float=["second"]))
    names = [node.name for node in onnx.load(str(tmp_path / "small.onnx")).graph.node if node.op_type == "MatMul"]
    assert names == ["second", "activations", "mix"]


def test_smoothing_leaves_the_product_as_it_is_and_saves_what_an_outlier_loses(tmp_path: Path) -> None:
    held = weights(1, WIDTH, HIDDEN)
    held[3] /= 200  # as in real models: a channel is large, and what it is multiplied by is small
    path = tmp_path / "graph.onnx"
    save(path, [helper.make_node("MatMul", ["pixel_values", "a"], ["embedding"], name="first")], {"a": held}, HIDDEN)
    values = weights(5, 3, WIDTH)
    values[:, 3] *= 200
    ranges, errors = {"pixel_values": np.abs(values).max(axis=0)}, []
    for plan in (Plan(), Plan(ranges)):
        quantise(path, tmp_path / "small.onnx", plan)
        errors.append(float(np.abs(run(tmp_path / "small.onnx", values) - values @ held).max()))
    assert errors[1] < errors[0] / 10
    # In float nothing is smoothed, and nothing is lost.
    quantise(path, tmp_path / "small.onnx", Plan(ranges, ["first"]))
    np.testing.assert_allclose(run(tmp_path / "small.onnx", values), values @ held, rtol=1e-4, atol=1e-4)


def test_scales_by_hand() -> None:
    scales = smoothing_scales(np.array([1.0, 1.0, 100.0], np.float32), np.array([1.0, 1.0, 4.0], np.float32))
    np.testing.assert_allclose(scales, [1, 1, 5])
    assert np.isfinite(smoothing_scales(np.zeros(3, np.float32), np.zeros(3, np.float32))).all()


def test_the_quantisers_advice_is_kept_back_and_all_else_is_told(
    graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = onnxruntime.quantization.quantize_dynamic

    def talking(*args: Any, **named: Any) -> Any:
        logging.warning("Please consider to run pre-processing before quantization.")
        logging.getLogger("another").warning("a disk is full")
        return real(*args, **named)

    monkeypatch.setattr(onnxruntime.quantization, "quantize_dynamic", talking)
    # Two at once, which begin and end in either order: none may leave the log quieter than it was.
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(lambda number: quantise(graph, tmp_path / f"{number}.onnx"), range(4)):
            pass
    logging.warning("afterwards")
    assert [record.getMessage() for record in caplog.records] == ["a disk is full"] * 4 + ["afterwards"]
