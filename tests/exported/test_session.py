"""Opening graphs: what they take and give, several threads at once, and what is said of one that cannot be used."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from framecue.errors import ModelError, RuntimeMissingError
from framecue.exported.extra import EXTRA
from framecue.exported.session import is_available, open_session, runtime_version

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """A graph that gives the product of `x` (N, 3) with a matrix of ones (3, 2), and x itself doubled."""
    from onnx import TensorProto, helper, numpy_helper

    path = tmp_path_factory.mktemp("graph") / "product.onnx"
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])]
    outputs = [
        helper.make_tensor_value_info("product", TensorProto.FLOAT, ["n", 2]),
        helper.make_tensor_value_info("double", TensorProto.FLOAT, ["n", 3]),
    ]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["product"]), helper.make_node("Add", ["x", "x"], ["double"])]
    weights = [numpy_helper.from_array(np.ones((3, 2), dtype=np.float32), "w")]
    made = helper.make_graph(nodes, "product", inputs, outputs, weights)
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


@pytest.mark.parametrize("options", [{}, {"num_threads": 1}, {"starts_fast": True}])
def test_a_graph_tells_its_names_and_gives_all_its_outputs(graph, options):
    session = open_session(graph, **options)
    assert session.inputs == ("x",)
    assert session.outputs == ("product", "double")
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    product, double = session.run({"x": x})
    np.testing.assert_array_equal(product, x @ np.ones((3, 2)))
    np.testing.assert_array_equal(double, 2 * x)


def test_several_threads_may_run_one_session(graph):
    session = open_session(graph, num_threads=1)
    inputs = [np.full((50, 3), number, dtype=np.float32) for number in range(64)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda x: session.run({"x": x})[0], inputs))
    for number, product in enumerate(found):
        np.testing.assert_array_equal(product, np.full((50, 2), 3 * number))


def test_what_does_not_fit_is_an_error_that_names_the_file(graph):
    session = open_session(graph)
    for inputs in ({"x": np.ones((2, 4), np.float32)}, {"y": np.ones((2, 3), np.float32)}, {}):
        with pytest.raises(ModelError, match=r"product\.onnx: the exported graph cannot be run"):
            session.run(inputs)


@pytest.mark.parametrize("content", [b"", b"not a graph", None])
def test_a_damaged_graph_is_an_error_that_names_the_file(graph, tmp_path, content, capfd):
    damaged = tmp_path / "damaged.onnx"
    whole = graph.read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(ModelError, match=r"damaged\.onnx: the exported graph cannot be read: .*export the model again"):
        open_session(damaged)
    assert capfd.readouterr() == ("", "")


def test_a_missing_graph_is_an_error_that_names_the_file(tmp_path):
    with pytest.raises(ModelError, match=r"gone\.onnx: no such file"):
        open_session(tmp_path / "gone.onnx")


def test_without_onnx_runtime_the_extra_is_named(graph, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert not is_available()
    for use in (lambda: open_session(graph), runtime_version):
        with pytest.raises(RuntimeMissingError, match=rf"pip install '{EXTRA.replace('[', '.').replace(']', '.')}'"):
            use()


def test_asking_whether_it_is_there_imports_nothing():
    program = (
        "import sys; from framecue.exported.session import is_available; print(is_available());"
        "assert not {'onnxruntime', 'torch', 'transformers'} & sys.modules.keys(), sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    assert runtime_version().count(".") == 2
