"""Finding the graph of a text side, and what it says of texts and of damage."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest

from framecue import load_model
from framecue.errors import InputError, ModelError
from framecue.exported.cache import CACHE_VARIABLE, GRAPHS_VARIABLE, graph_folder
from framecue.exported.export_text import keep_text_graph
from framecue.exported.text import TEXT_GRAPH, TOKENIZER_FILE, find_text_graph

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def made(clip_folder, tmp_path_factory):
    """A model's fingerprint, and a cache with its graph."""
    cache = tmp_path_factory.mktemp("graphs")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(CACHE_VARIABLE, str(cache))
        patched.delenv(GRAPHS_VARIABLE, raising=False)
        model = load_model(clip_folder, device="cpu")
        assert keep_text_graph(model)
    return model.fingerprint().with_absolute_places(), cache


@pytest.fixture
def kept(made, own_cache):
    """The fingerprint; the graph is in a cache of the test's own."""
    fingerprint, cache = made
    shutil.copytree(cache, own_cache, dirs_exist_ok=True)
    return fingerprint


def test_a_graph_is_found_for_its_model_alone(kept, monkeypatch):
    assert find_text_graph(kept) is not None
    assert find_text_graph(replace(kept, revision="another")) is None
    with monkeypatch.context() as patched:
        patched.setenv(GRAPHS_VARIABLE, "off")
        assert find_text_graph(kept) is None
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert find_text_graph(kept) is None


def test_texts_are_checked_as_the_model_checks_them(kept, clip_folder):
    graph, model = find_text_graph(kept), load_model(clip_folder, device="cpu")
    for texts in ([], ["a cat", "  "], ["x" * 10_001], ["\ud800"]):
        with pytest.raises(InputError) as ours:
            graph.embed_texts(texts)
        with pytest.raises(InputError) as theirs:
            model.embed_texts(texts)
        assert str(ours.value) == str(theirs.value)
        with pytest.raises(InputError) as ours:
            graph.known_share(texts)
        with pytest.raises(InputError) as theirs:
            model.known_share(texts)
        assert str(ours.value) == str(theirs.value)
    np.testing.assert_allclose(np.linalg.norm(graph.embed_texts(["a cat", "dog"]), axis=1), 1, atol=1e-6)


def test_it_knows_the_words_that_the_model_knows(kept, clip_folder):
    graph, model = find_text_graph(kept), load_model(clip_folder, device="cpu")
    texts = ["a cat", "a cat, a xylograph", "買房子", "7", "a cat " * 200]
    share = graph.known_share(texts)
    assert (share.dtype, share.shape) == (np.float64, (5,))
    np.testing.assert_array_equal(share, model.known_share(texts))
    assert share[0] == 1.0 > share[1] > share[2] == 0.0
    assert share[3] == share[4] == 1.0


def test_a_damaged_file_is_an_error(kept):
    for name in (f"{TEXT_GRAPH}.data", TEXT_GRAPH, TOKENIZER_FILE):
        whole = (graph_folder(kept) / name).read_bytes()
        (graph_folder(kept) / name).write_bytes(b"damaged")
        with pytest.raises(ModelError):
            find_text_graph(kept).embed_texts(["a cat"])
        (graph_folder(kept) / name).write_bytes(whole)
    assert find_text_graph(kept).embed_texts(["a cat"]).shape == (1, kept.embedding_dim)
