"""The graph that takes names: what it gives, when it is made, and in which state of the cache."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from framecue import load_model
from framecue.errors import ModelError, RuntimeMissingError
from framecue.exported import name_graph as module
from framecue.exported.cache import CACHE_VARIABLE, GRAPHS_VARIABLE, graph_folder
from framecue.exported.export_text import export_text, keep_text_graph
from framecue.exported.late import find_late_encoder
from framecue.exported.mark import append_property, mark
from framecue.exported.name_graph import NAME_GRAPH
from framecue.exported.text import TEXT_GRAPH, TextGraph, find_text_graph
from framecue.exported.write_text import MAX_DIFFERENCE
from framecue.model import VideoTextModel
from framecue.names.stand_ins import choose_stand_ins
from framecue.names.taught import Lesson, TaughtTokens
from framecue.textual_inversion.encode import encode_by

pytest.importorskip("onnx", reason="graphs are made with it")
pytest.importorskip("onnxruntime", reason="it runs graphs")

PLAIN = ["a red cat falls", "the camera", "x" * 300]
TEXTS = ["Rex", "the dog is left of REX", "little Bella, and rex's cat"]


@pytest.fixture(scope="module")
def exported(clip_folder, tmp_path_factory):
    """A model, and a cache with its graphs."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(CACHE_VARIABLE, str(cache))
        patched.delenv(GRAPHS_VARIABLE, raising=False)
        model = load_model(clip_folder, device="cpu")
        assert keep_text_graph(model)
    return model, cache


@pytest.fixture
def model(exported, own_cache):
    """The model, whose graphs are in the cache."""
    model, cache = exported
    shutil.copytree(cache, own_cache)
    return model


def names_for(model: VideoTextModel) -> list[TaughtTokens]:
    """Names of one and of three tokens in random directions, as long as words of the model."""
    generator, stand_ins = np.random.default_rng(4), choose_stand_ins(encode_by(model.tokenize))
    return [
        TaughtTokens(name, generator.standard_normal((count, 24)).astype(np.float32), stand_ins)
        for name, count in (("Rex", 1), ("little Bella", 3))
    ]


def assert_graph_reads_names(graph: TextGraph, model: VideoTextModel) -> None:
    names = names_for(model)
    ours = graph.embed_named_texts([*TEXTS, *PLAIN], names)
    np.testing.assert_allclose(ours[: len(TEXTS)], model.embed_named_texts(TEXTS, names), atol=MAX_DIFFERENCE)
    # A text without names is what it is without any.
    np.testing.assert_array_equal(ours[len(TEXTS) :], graph.embed_texts(PLAIN))


def test_the_cache_of_an_older_framecue_takes_names(model, monkeypatch):
    fingerprint = model.fingerprint().with_absolute_places()
    folder = graph_folder(fingerprint)
    record = json.loads((folder / "graph.json").read_text(encoding="utf-8"))
    record["graphs"][TEXT_GRAPH]["files"].remove(NAME_GRAPH)
    del record["graphs"][TEXT_GRAPH]["max_difference_of_names"]
    (folder / "graph.json").write_text(json.dumps(record), encoding="utf-8")
    made = (folder / NAME_GRAPH).read_bytes()
    (folder / NAME_GRAPH).unlink()
    before = (folder / TEXT_GRAPH).read_bytes()
    monkeypatch.setattr(VideoTextModel, "__init__", lambda *given: pytest.fail("the model is loaded"))
    graph = find_text_graph(fingerprint)
    graph.embed_texts(PLAIN)
    graph.embed_named_texts(PLAIN, names_for(model))
    assert not (folder / NAME_GRAPH).exists()  # nothing is made for texts without a name
    assert_graph_reads_names(graph, model)
    assert ((folder / NAME_GRAPH).read_bytes(), (folder / TEXT_GRAPH).read_bytes()) == (made, before)
    # The next process makes none.
    monkeypatch.setattr(module, "make_name_graph", lambda *given: pytest.fail("it is made again"))
    assert_graph_reads_names(find_text_graph(fingerprint), model)


def test_a_graph_of_names_that_is_damaged_or_of_another_graph_is_made_anew(model):
    fingerprint = model.fingerprint().with_absolute_places()
    file = graph_folder(fingerprint) / NAME_GRAPH
    whole, graph = file.read_bytes(), file.with_name(TEXT_GRAPH)
    file.write_bytes(b"damaged")
    assert_graph_reads_names(find_text_graph(fingerprint), model)
    assert file.read_bytes() == whole
    # Another export of the model may have its weights in other places.
    graph.write_bytes(append_property(graph.read_bytes(), "another", "export"))
    assert_graph_reads_names(find_text_graph(fingerprint), model)
    assert file.read_bytes() not in (b"damaged", whole)
    mark(graph, "0" * 32)
    with pytest.raises(ModelError, match="another model's"):
        find_text_graph(fingerprint).embed_named_texts(["Rex"], names_for(model))


def test_a_folder_that_is_not_the_caches_stays_as_it_is(model, tmp_path):
    shutil.copytree(graph_folder(model.fingerprint()), tmp_path / "given")
    (tmp_path / "given" / NAME_GRAPH).unlink()
    held = sorted(tmp_path.glob("given/*"))
    assert_graph_reads_names(TextGraph(tmp_path / "given"), model)
    assert sorted(tmp_path.glob("given/*")) == held


def test_a_folder_without_it_says_what_makes_it(model, tmp_path, monkeypatch):
    shutil.copytree(graph_folder(model.fingerprint()), tmp_path / "exported")
    (tmp_path / "exported" / NAME_GRAPH).unlink()
    monkeypatch.setitem(sys.modules, "onnx", None)
    graph = TextGraph(tmp_path / "exported")
    graph.embed_texts(PLAIN)
    with pytest.raises(RuntimeMissingError, match=r"exported: was exported without .* \(text-names\.onnx\), .* again"):
        graph.embed_named_texts(["Rex"], names_for(model)[:1])


def test_a_graph_that_gives_something_else_is_refused(model, monkeypatch, tmp_path):
    folder = graph_folder(model.fingerprint())
    (folder / NAME_GRAPH).unlink()
    rows = module.embedding_rows
    monkeypatch.setattr(module, "embedding_rows", lambda path, ids: rows(path, ids[::-1]))
    with pytest.raises(ModelError, match="does not give what this one gives"):
        TextGraph(folder).embed_named_texts(["Rex"], names_for(model))
    # Texts without names have their graph even so.
    export_text(model, model.fingerprint(), folder=tmp_path / "made")
    details = json.loads((tmp_path / "made" / "graph.json").read_text(encoding="utf-8"))["graphs"][TEXT_GRAPH]
    assert "does not give" in details["why_no_names"]
    assert NAME_GRAPH not in details["files"]
    assert TextGraph(tmp_path / "made").embed_texts(["a cat"]).shape == (1, 24)


def test_names_of_another_model_are_told(model):
    wide = TaughtTokens("Rex", np.zeros((2, 512), dtype=np.float32), names_for(model)[0].stand_ins)
    told = r"a name was taught to another model: its vectors are 512 wide, and .* 24 wide; teach it again"
    with pytest.raises(ModelError, match=told):
        TextGraph(graph_folder(model.fingerprint())).embed_named_texts(["Rex"], [wide])


def test_a_model_that_is_loaded_late_reads_names_and_is_not_loaded_for_them(model, caplog):
    late = find_late_encoder(model.spec())
    names = names_for(model)
    expected = model.embed_named_texts(["Rex falls"], names)
    np.testing.assert_allclose(late.embed_named_texts(["Rex falls"], names), expected, atol=MAX_DIFFERENCE)
    assert late._model is None
    # Names of another model are no fault of the graph's.
    wide = TaughtTokens("Rex", np.zeros((2, 512), dtype=np.float32), names[0].stand_ins)
    with pytest.raises(ModelError, match="was taught to another model"):
        late.embed_named_texts(["Rex falls"], [wide])
    graph = graph_folder(model.fingerprint()) / TEXT_GRAPH
    graph.write_bytes(b"damaged")
    late = find_late_encoder(model.spec())
    np.testing.assert_array_equal(late.embed_named_texts(["Rex falls"], names), expected)
    assert f"{graph}: the exported graph cannot be read" in caplog.text
    assert "the model itself is used" in caplog.text
    assert find_late_encoder(model.spec()) is None  # so it is made anew


CODE = """
import json, sys
import numpy as np
from framecue.encoder import EncoderSpec, Fingerprint
from framecue.exported.late import find_late_encoder
from framecue.exported.mark import append_property, mark
from framecue.names.taught import Lesson, TaughtTokens
with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)
late = find_late_encoder(EncoderSpec(fingerprint=Fingerprint.from_dict(document["fingerprint"])))
rex = TaughtTokens("Rex", np.array(document["vectors"], dtype=np.float32), tuple(document["stand_ins"]))
vectors = late.embed_named_texts(["Rex falls"], [rex])
print(json.dumps([vectors.tolist(), sorted(name for name in sys.modules if "." not in name)]))
"""


def test_a_process_that_reads_names_imports_neither_torch_nor_what_makes_graphs(model, tmp_path):
    rex = names_for(model)[0]
    document = {
        "fingerprint": model.fingerprint().with_absolute_places().to_dict(),
        "vectors": rex.vectors.tolist(),
        "stand_ins": rex.stand_ins,
    }
    (tmp_path / "given.json").write_text(json.dumps(document), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", CODE, tmp_path / "given.json"], capture_output=True, text=True, check=True
    )
    vectors, imported = json.loads(done.stdout)
    np.testing.assert_allclose(vectors, model.embed_named_texts(["Rex falls"], [rex]), atol=MAX_DIFFERENCE)
    assert set(imported).isdisjoint({"torch", "transformers", "onnx", "huggingface_hub"})


def test_a_name_is_learnt_by_the_model_and_read_by_its_graph(model):
    """A lesson through what is loaded late gives what the model itself learns."""
    generator = np.random.default_rng(6)
    vectors = generator.standard_normal((23, model.embedding_dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    lesson = Lesson("Rex", examples=vectors[:3], others=vectors[3:], unlike=vectors[:0], coarse="dog", num_tokens=2)
    late, steps = find_late_encoder(model.spec()), []
    learnt = late.learn_name(lesson, on_step=lambda done, total: steps.append((done, total)))
    np.testing.assert_array_equal(learnt.vectors, model.learn_name(lesson).vectors)
    assert learnt.vectors.shape == (2, 24)
    assert steps[-1][0] == steps[-1][1]
    expected = model.embed_named_texts(["a red Rex"], [learnt])
    np.testing.assert_allclose(
        find_late_encoder(model.spec()).embed_named_texts(["a red Rex"], [learnt]), expected, atol=MAX_DIFFERENCE
    )
    assert (expected @ vectors[:3].T).mean() > (model.embed_texts(["a red dog"]) @ vectors[:3].T).mean()
