"""Which models have a text graph made of them after a command; tests/exported holds what the graph does."""

from __future__ import annotations

import pytest

from framecue import load_model
from framecue.cli.text_graphs import keep_text_graph
from framecue.exported.cache import CACHE_VARIABLE, GRAPHS_VARIABLE, read_graphs


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(GRAPHS_VARIABLE)
    return tmp_path / "cache"


def test_an_encoder_of_another_kind_is_left_alone(colour_model, own_cache):
    keep_text_graph(colour_model)
    assert not own_cache.exists()


def test_a_models_graph_is_made_where_it_can_be_run(clip_folder, own_cache, monkeypatch):
    model = load_model(clip_folder, device="cpu")
    with monkeypatch.context() as patched:
        patched.setattr("framecue.exported.session.is_available", lambda: False)
        keep_text_graph(model)
    assert not own_cache.exists()
    pytest.importorskip("onnxruntime")
    keep_text_graph(model)
    assert list(read_graphs(model.fingerprint().with_absolute_places())) == ["text.onnx"]
