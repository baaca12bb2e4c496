"""A library searched by words without the model: the same hits, and the model itself wherever words are not enough."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from framecue import Library, Query, load_model
from framecue.cli.main import main
from framecue.encoder import EncoderSpec
from framecue.errors import ModelError
from framecue.exported.cache import CACHE_VARIABLE, GRAPHS_VARIABLE, graph_folder, read_graphs
from framecue.exported.export_text import keep_text_graph
from framecue.exported.late import LateEncoder, find_late_encoder, load_described
from framecue.exported.mark import mark
from framecue.exported.text import TEXT_GRAPH, TextGraph
from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.rows import Row
from framecue.library.store.taught_name_rows import KeptName
from framecue.model import VideoTextModel
from framecue.names.stand_ins import choose_stand_ins
from framecue.names.taught import TaughtTokens
from framecue.textual_inversion.encode import encode_by
from framecue.video import READING, content_hash

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

QUERY = "a red cat"


@pytest.fixture(scope="module")
def made_once(clip_folder, tmp_path_factory):
    """A cache with the graph of a model, and the model's fingerprint."""
    cache = tmp_path_factory.mktemp("made-once")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(cache))
        patch.delenv(GRAPHS_VARIABLE, raising=False)
        model = load_model(clip_folder, device="cpu")
        assert keep_text_graph(model)
    return cache, model.fingerprint().with_absolute_places()


@pytest.fixture
def spec(made_once, own_cache):
    """Of a model whose graph was made."""
    cache, fingerprint = made_once
    shutil.copytree(cache, own_cache)
    return EncoderSpec(fingerprint=fingerprint)


@pytest.fixture
def library(spec, tmp_path):
    """A library of a dozen segments."""
    store = Store.create(str(tmp_path / "library.lance"), spec.fingerprint.to_dict())
    vectors = np.random.default_rng(0).standard_normal((12, spec.fingerprint.embedding_dim)).astype(np.float32)
    store.write(
        [
            Row(
                video_id=f"{number:040x}",
                path=f"/videos/{number}.mp4",
                start_seconds=0.0,
                end_seconds=5.0,
                vector=vector / np.linalg.norm(vector),
                duration_seconds=5.0,
                state=FileState(1000, 1.7e9),
            )
            for number, vector in enumerate(vectors)
        ]
    )
    return store.uri


# Runs the command line as a program does, and says which packages it has imported.
PROGRAM = """
import json, sys
sys.argv = ["framecue", *sys.argv[1:]]
from framecue.cli.main import main
code = main()
print(json.dumps([code, sorted(name for name in sys.modules if "." not in name)]))
"""


def run(*arguments):
    """What a command prints as JSON in a process of its own, and the packages that this has imported."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    printed, _, last = done.stdout.rstrip("\n").rpartition("\n")
    code, imported = json.loads(last)
    assert code == 0, done.stderr
    return json.loads(printed), set(imported)


def run_here(capsys, *arguments):
    """What a command prints as JSON, run in this process, which has torch."""
    assert main(arguments) == 0
    return json.loads(capsys.readouterr().out)


HEAVY = {"torch", "transformers", "huggingface_hub", "pandas", "av", "urllib3"}


def assert_same(found, other):
    assert len(found["results"]) == 10
    assert [hit["path"] for hit in found["results"]] == [hit["path"] for hit in other["results"]]
    scores = [[hit["score"] for hit in document["results"]] for document in (found, other)]
    np.testing.assert_allclose(*scores, atol=1e-4)


def test_a_search_imports_neither_torch_nor_transformers_and_finds_the_same(library, monkeypatch, capsys):
    search = ("search", QUERY, "--library", library, "--json")
    found, imported = run(*search)
    assert imported.isdisjoint(HEAVY)
    assert "onnxruntime" in imported
    monkeypatch.setattr(LateEncoder, "embed_texts", lambda *given: pytest.fail("the graph is used"))
    with monkeypatch.context() as patched:
        patched.setenv(GRAPHS_VARIABLE, "off")
        by_torch = run_here(capsys, *search)
    assert_same(found, by_torch)
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "onnxruntime", None)
        assert run_here(capsys, *search) == by_torch


def test_a_search_with_a_taught_name_imports_neither_and_finds_what_the_model_finds(
    library, clip_folder, monkeypatch, capsys
):
    store, model = Store.open(library), load_model(clip_folder, device="cpu")
    vectors = model.backbone.token_embedding.weight[5:7].detach().numpy()
    tokens = TaughtTokens("Zorvex", vectors, choose_stand_ins(encode_by(model.tokenize)))
    mean = np.eye(1, store.fingerprint["embedding_dim"], dtype=np.float32)[0]
    store.names.write(KeptName(tokens, mean, None, (), (), None, store.names.made_for, 1.7e9))
    search = ("search", "a red ZORVEX, and zorvex", "--library", library, "--json")
    for _ in range(2):  # the first makes what names need
        found, imported = run(*search)
        assert imported.isdisjoint(HEAVY)
        assert all(hit["names"] == ["Zorvex"] for hit in found["results"])
    monkeypatch.setenv(GRAPHS_VARIABLE, "off")
    assert_same(found, run_here(capsys, *search))


def test_info_imports_neither_torch_nor_transformers(library):
    _, imported = run("info", "--library", library, "--json")
    assert imported.isdisjoint(HEAVY | {"onnxruntime"})


def test_an_index_run_with_nothing_to_do_imports_neither_torch_nor_transformers(spec, library, tmp_path):
    video = tmp_path / "held.mp4"
    video.write_bytes(bytes(1000))
    vector = np.eye(1, spec.fingerprint.embedding_dim, dtype=np.float32)[0]
    held = Row(
        video_id=content_hash(str(video)),
        path=str(video),
        start_seconds=0.0,
        end_seconds=5.0,
        vector=vector,
        duration_seconds=5.0,
        state=FileState(video.stat().st_size, video.stat().st_mtime),
        reading=READING,
    )
    Store.open(library).write([held])
    found, imported = run("index", str(video), "--library", library, "--json")
    assert (found["unchanged"], found["added"]) == (1, 0)
    assert sorted(imported & (HEAVY - {"av"} | {"onnxruntime"})) == []  # PyAV is what would read a new file


def test_a_first_search_makes_the_graph_and_the_next_one_uses_it(spec, library, monkeypatch, capsys):
    shutil.rmtree(graph_folder(spec.fingerprint))
    first = run_here(capsys, "search", QUERY, "--library", library, "--json")
    assert read_graphs(spec.fingerprint).keys() == {TEXT_GRAPH}
    monkeypatch.setattr(VideoTextModel, "embed_texts", lambda *given: pytest.fail("the model is used"))
    assert_same(run_here(capsys, "search", QUERY, "--library", library, "--json"), first)


def test_words_need_no_model_and_all_else_loads_it(spec, clip_folder):
    late, model = load_described(spec), load_model(clip_folder, device="cpu")
    assert isinstance(late, LateEncoder)
    assert (late.method_name, late.sampling, late.fingerprint()) == (
        model.method_name,
        model.sampling,
        spec.fingerprint,
    )
    np.testing.assert_allclose(late.embed_texts([QUERY]), model.embed_texts([QUERY]), atol=1e-5)
    texts = ["a cat", "xylograph"]
    assert late.known_share(texts).tolist() == model.known_share(texts).tolist() == [1.0, 0.0]
    late.check_texts()
    assert late._model is None
    frames = np.random.default_rng(0).integers(0, 256, (model.sampling.num_frames, 40, 40, 3)).astype(np.uint8)
    pixels = late.prepare(frames)
    assert isinstance(late.model, VideoTextModel)
    assert late.known_share(texts).tolist() == [1.0, 0.0]
    np.testing.assert_array_equal(pixels, model.prepare(frames))
    np.testing.assert_array_equal(late.embed_videos(pixels[None]), model.embed_videos(pixels[None]))
    np.testing.assert_array_equal(late.embed_frames(pixels), model.embed_frames(pixels))
    assert (late.offline, late.has_captioner, late.short_side) == (True, False, model.short_side)
    assert pickle.loads(pickle.dumps(load_described(spec))).fingerprint() == spec.fingerprint


def test_another_precision_is_the_models_own(spec):
    assert find_late_encoder(EncoderSpec(fingerprint=spec.fingerprint, precision="bfloat16")) is None


def test_a_damaged_graph_costs_nothing_but_time(spec, caplog):
    (graph_folder(spec.fingerprint) / TEXT_GRAPH).write_bytes(b"damaged")
    late = load_described(spec)
    vectors = late.embed_texts([QUERY])
    assert "damaged" not in read_graphs(spec.fingerprint)
    assert read_graphs(spec.fingerprint) == {}
    assert "the model itself is used" in caplog.text
    np.testing.assert_array_equal(vectors, late.model.embed_texts([QUERY]))


def test_a_graph_of_another_model_is_not_believed(spec, caplog):
    file = graph_folder(spec.fingerprint) / TEXT_GRAPH
    mark(file, "0" * 32)
    late = load_described(spec)
    vectors = late.embed_texts([QUERY])
    assert "another model's" in caplog.text
    np.testing.assert_array_equal(vectors, late.model.embed_texts([QUERY]))
    assert read_graphs(spec.fingerprint) == {}


def test_a_model_that_has_changed_meanwhile_is_refused(spec):
    another = replace(spec.fingerprint, parameters="another")
    with pytest.raises(ModelError, match="has changed meanwhile"):
        _ = LateEncoder(EncoderSpec(fingerprint=another), TextGraph(graph_folder(spec.fingerprint))).model


def test_the_librarys_own_search_uses_it_and_a_model_searches_the_same_library(spec, library, clip_folder):
    opened = Library(library)
    late = opened.search(QUERY)
    assert isinstance(opened._model, LateEncoder)
    assert opened._model._model is None
    own = Library(library, model=load_model(clip_folder, device="cpu")).search(QUERY)
    assert [hit.path for hit in late] == [hit.path for hit in own]
    # A vector that was given needs no encoder at all.
    vector = load_model(clip_folder, device="cpu").embed_texts([QUERY])[0]
    assert [hit.path for hit in opened.search(Query(vectors=[vector]))] == [hit.path for hit in own]
