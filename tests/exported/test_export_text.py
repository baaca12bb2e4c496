"""Text sides as graphs: each backbone and each method's own text side gives what the model gives."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

from framecue import load_model
from framecue.errors import ModelError
from framecue.exported import export_text as exporting
from framecue.exported import write_text as writing
from framecue.exported.cache import GRAPHS_VARIABLE, graph_folder, read_graphs
from framecue.exported.export_text import export_text, keep_text_graph
from framecue.exported.name_graph import NAME_GRAPH
from framecue.exported.queries import ODD_TEXTS
from framecue.exported.text import TEXT_GRAPH, TextGraph, find_text_graph
from framecue.exported.write_text import MAX_DIFFERENCE
from framecue.methods import build_method
from framecue.model import VideoTextModel
from framecue.names.stand_ins import choose_stand_ins
from framecue.names.taught import TaughtTokens
from framecue.textual_inversion.encode import encode_by

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

TEXTS = ["a red cat falls", "the dog", *ODD_TEXTS]
NAMED_TEXTS = [
    *("Rex", "the dog is left of REX", "little Bella, rex's cat, and Bella", "レックスが camera", "strawberry Rex"),
    *("the " * 19 + "little bella falls", "the " * 40 + "Rex"),
]


def names_for(model):
    """Names of one to four tokens in random directions, as long as words of the model."""
    generator, stand_ins = np.random.default_rng(4), choose_stand_ins(encode_by(model.tokenize))
    return [
        TaughtTokens(name, generator.standard_normal((count, 24)).astype(np.float32), stand_ins)
        for count, name in enumerate(("Rex", "レックス", "Bella", "little Bella"), start=1)
    ]


def assert_graph_reads_names(graph, model):
    names = names_for(model)
    ours = graph.embed_named_texts([*NAMED_TEXTS, *TEXTS], names)
    theirs = model.embed_named_texts(NAMED_TEXTS, names)
    np.testing.assert_allclose(ours[: len(NAMED_TEXTS)], theirs, atol=MAX_DIFFERENCE)
    # What was taught is read, and a text without names is what it is without any.
    as_typed = graph.embed_texts([*NAMED_TEXTS, *TEXTS])
    assert np.abs(ours - as_typed)[:5].max(axis=1).min() > 0.01
    np.testing.assert_array_equal(ours[len(NAMED_TEXTS) :], as_typed[len(NAMED_TEXTS) :])


def assert_graph_is_model(model):
    export_text(model, model.fingerprint())
    ours, theirs = TextGraph(graph_folder(model.fingerprint())).embed_texts(TEXTS), model.embed_texts(TEXTS)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, atol=MAX_DIFFERENCE)
    assert np.abs(theirs[0] - theirs[1]).max() > 0.01
    details = read_graphs(model.fingerprint())[TEXT_GRAPH]
    assert 0 <= details["max_difference"] <= MAX_DIFFERENCE
    assert 0 <= details["max_difference_of_names"] <= MAX_DIFFERENCE
    assert NAME_GRAPH in details["files"]
    assert_graph_reads_names(TextGraph(graph_folder(model.fingerprint())), model)
    assert details["versions"].keys() == {"framecue", "onnx", "onnxruntime", "tokenizers", "torch", "transformers"}


@pytest.fixture(params=["clip", "clip, largest id", "siglip", "siglip2", "pe-core"])
def any_backbone(request, make_backbone, make_siglip_backbone, make_pe_core_backbone):
    makers = {
        "clip": make_backbone,
        "clip, largest id": lambda: make_backbone(eos_token_id=2),
        "siglip": lambda: make_siglip_backbone("siglip"),
        "siglip2": lambda: make_siglip_backbone("siglip2"),
        "pe-core": make_pe_core_backbone,
    }
    return makers[request.param]()


def test_each_backbone_gives_what_its_graph_gives(any_backbone):
    assert_graph_is_model(VideoTextModel(any_backbone, build_method("mean-pool", {}, any_backbone)).eval())


# Methods that change the text side, each in the ways in which it does; the others take the backbone's.
@pytest.mark.parametrize(
    ("method", "options"),
    [("vop", {}), ("vop", {"text_prompt_layout": "modelscope"}), ("lora", {}), ("dgl", {})],
)
def test_each_text_side_gives_what_its_graph_gives(make_backbone, method, options):
    backbone = make_backbone()
    made = build_method(method, options, backbone)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    assert_graph_is_model(VideoTextModel(backbone, made, method_name=method).eval())


def test_a_model_in_bfloat16_has_the_graph_of_the_model_in_float32(clip_folder):
    model = load_model(clip_folder, dtype="bfloat16", device="cpu")
    assert keep_text_graph(model)
    graph = find_text_graph(model.fingerprint().with_absolute_places())
    exact = load_model(clip_folder, device="cpu").embed_texts(TEXTS)
    np.testing.assert_allclose(graph.embed_texts(TEXTS), exact, atol=MAX_DIFFERENCE)


def test_a_graph_is_made_once_and_known_to_be_of_these_files(clip_folder, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    shutil.copytree(clip_folder, folder)
    model = load_model(folder, device="cpu")
    fingerprint = model.fingerprint().with_absolute_places()
    assert find_text_graph(fingerprint) is None
    assert keep_text_graph(model)
    assert find_text_graph(fingerprint) is not None
    monkeypatch.setattr(exporting, "export_text", lambda *given: pytest.fail("it is made again"))
    assert keep_text_graph(model)
    # The same weights elsewhere: their graph is there, but whether they are the same is not known before they are read.
    shutil.copytree(folder, tmp_path / "copy")
    copy = load_model(tmp_path / "copy", device="cpu")
    assert find_text_graph(copy.fingerprint().with_absolute_places()) is None
    assert keep_text_graph(copy)
    assert find_text_graph(copy.fingerprint().with_absolute_places()) is not None
    assert find_text_graph(fingerprint) is not None


def test_a_model_whose_files_have_changed_since_it_was_loaded_has_no_graph(clip_folder, make_backbone, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(clip_folder, folder)
    model = load_model(folder, device="cpu")
    make_backbone(seed=5).save(folder, overwrite=True)
    assert not keep_text_graph(model)
    assert find_text_graph(model.fingerprint().with_absolute_places()) is None


def test_what_cannot_be_exported_is_tried_once(clip_folder, monkeypatch):
    model = load_model(clip_folder, device="cpu")
    calls = []

    def refuse(*given):
        calls.append(given)
        raise ModelError("no")

    monkeypatch.setattr(writing, "_write_graph", refuse)
    assert not keep_text_graph(model)
    assert not keep_text_graph(model)
    assert len(calls) == 1
    fingerprint = model.fingerprint().with_absolute_places()
    assert read_graphs(fingerprint)[TEXT_GRAPH]["why_not"] == "no"
    assert find_text_graph(fingerprint) is None
    monkeypatch.undo()
    monkeypatch.setenv("FRAMECUE_CACHE", str(graph_folder(fingerprint).parents[1]))
    monkeypatch.delenv(GRAPHS_VARIABLE, raising=False)
    monkeypatch.setattr(writing, "versions", lambda: {"torch": "later"})
    assert keep_text_graph(model)


def test_a_graph_or_tokenizer_that_gives_something_else_is_refused(clip_folder, monkeypatch):
    model = load_model(clip_folder, device="cpu")
    with monkeypatch.context() as patched:
        patched.setattr(writing, "MAX_DIFFERENCE", -1.0)
        with pytest.raises(ModelError, match="off the model, more than"):
            export_text(model, model.fingerprint())
    write = writing._write_tokenizer

    def write_another(model, path):
        write(model, path)
        document = json.loads(path.read_text(encoding="utf-8"))
        document["truncation"]["max_length"] -= 1
        path.write_text(json.dumps(document), encoding="utf-8")

    monkeypatch.setattr(writing, "_write_tokenizer", write_another)
    with pytest.raises(ModelError, match=r"in a way that tokenizer\.json does not"):
        export_text(model, model.fingerprint())
    assert read_graphs(model.fingerprint()) == {}


def test_nothing_is_made_where_it_is_not_wanted(clip_folder, monkeypatch, own_cache):
    monkeypatch.setenv(GRAPHS_VARIABLE, "off")
    assert not keep_text_graph(load_model(clip_folder, device="cpu"))
    assert not own_cache.exists()
