"""Two more inputs for a graph of texts, made of the graph alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from framecue import load_model
from framecue.errors import ModelError, RuntimeMissingError
from framecue.exported.cache import CACHE_VARIABLE, graph_folder
from framecue.exported.export_text import export_text
from framecue.exported.name_inputs import MADE_OF, PLACES, VECTORS, embedding_rows, graph_hash, name_graph
from framecue.exported.session import open_session

onnx = pytest.importorskip("onnx", reason="graphs are made with it")
pytest.importorskip("onnxruntime", reason="it runs graphs")


@pytest.fixture(scope="module")
def graph(clip_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(CACHE_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        model = load_model(clip_folder, device="cpu")
        export_text(model, model.fingerprint())
        yield graph_folder(model.fingerprint()) / "text.onnx"


def test_the_graph_has_two_more_inputs_and_no_weights_of_its_own(graph: Path) -> None:
    content = name_graph(graph)
    session = open_session(graph, content=content, starts_fast=True)
    plain = open_session(graph, starts_fast=True)
    assert session.inputs == (*plain.inputs, PLACES, VECTORS)
    assert session.outputs == plain.outputs
    assert session.properties == {**plain.properties, MADE_OF: graph_hash(graph)}
    assert session.shapes[VECTORS][1] == 24
    assert len(content) < graph.stat().st_size + 1000


def test_rows_are_the_models_own(graph: Path, clip_folder: Path) -> None:
    weights = load_model(clip_folder, device="cpu").backbone.token_embedding.weight.detach().numpy()
    ids = np.array([5, 0, 5, len(weights) - 1])
    np.testing.assert_array_equal(embedding_rows(graph, ids), weights[ids])
    inside = graph.with_name("inside.onnx")  # weights of a small model may be in the graph itself
    onnx.save_model(onnx.load(str(graph)), str(inside))
    np.testing.assert_array_equal(embedding_rows(inside, ids), weights[ids])
    inside.unlink()


def test_a_graph_without_a_token_embedding_takes_no_names(graph: Path, tmp_path: Path) -> None:
    model = onnx.load(str(graph), load_external_data=False)
    looked_up = next(node for node in model.graph.node if node.input and "token_embedding" in node.input[0])
    again = onnx.NodeProto()
    again.CopyFrom(looked_up)
    again.output[0] = "again"
    model.graph.node.append(again)
    (tmp_path / "twice.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=r"twice\.onnx: .* looks up token embeddings in 2 places, not in one"):
        name_graph(tmp_path / "twice.onnx")
    del model.graph.initializer[:]
    (tmp_path / "none.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=r"none\.onnx: .* no token embeddings of its own"):
        name_graph(tmp_path / "none.onnx")
    (tmp_path / "damaged.onnx").write_bytes(b"damaged")
    with pytest.raises(ModelError, match=r"damaged\.onnx"):
        name_graph(tmp_path / "damaged.onnx")


def test_what_makes_graphs_is_named_where_it_is_missing(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(RuntimeMissingError, match=r"framecue\[onnx\]"):
        name_graph(graph)
