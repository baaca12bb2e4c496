"""Sentence encoders as a library uses them: by a graph, and by the model where there is none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from framecue.errors import InputError, ModelError
from framecue.exported import sentences as module
from framecue.exported.cache import CACHE_VARIABLE, GRAPHS_VARIABLE, graph_folder, read_graphs
from framecue.exported.sentences import find_sentence_encoder, load_sentence_encoder, named_sentence_encoder
from framecue.exported.text import TEXT_GRAPH
from framecue.exported.write_text import MAX_DIFFERENCE
from support.sentences import make_sentence_folder

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

TEXTS = ["buying a house", "We signed the mortgage.", "  the   dog's \t red cat ", "日本 é", "two " * 90]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory):
    """A tiny sentence encoder with its graph: its folder, its fingerprint, and the cache."""
    place = tmp_path_factory.mktemp("sentences")
    folder = make_sentence_folder(place / "tiny", prompts={"query": "query : ", "passage": "passage : "}, dense=12)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(CACHE_VARIABLE, str(place / "cache"))
        patched.delenv(GRAPHS_VARIABLE, raising=False)
        encoder = named_sentence_encoder(str(folder))
        assert encoder.is_late
    return folder, encoder.fingerprint, place / "cache"


@pytest.fixture
def made(kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The same in a cache of the test's own: the folder and the fingerprint."""
    folder, fingerprint, cache = kept
    shutil.copytree(cache, tmp_path / "cache", dirs_exist_ok=True)
    return folder, fingerprint


def test_a_graph_gives_what_the_model_gives_with_its_prompts(made) -> None:
    from framecue.backbone.sentence_model import load_sentence_model

    folder, fingerprint = made
    encoder, model = find_sentence_encoder(fingerprint), load_sentence_model(str(folder))
    assert encoder is not None
    for prompt, embed in (("query : ", encoder.embed_queries), ("passage : ", encoder.embed_passages)):
        np.testing.assert_allclose(
            embed(TEXTS), model.embed_texts([prompt + text for text in TEXTS]), atol=MAX_DIFFERENCE
        )
    assert encoder.embed_queries(TEXTS).shape == (len(TEXTS), fingerprint.embedding_dim)
    assert np.abs(encoder.embed_queries(TEXTS) - encoder.embed_passages(TEXTS)).max() > 0.01
    details = read_graphs(fingerprint)[TEXT_GRAPH]
    assert 0 <= details["max_difference"] <= MAX_DIFFERENCE


def test_by_graph_and_by_model_the_same_part_of_a_text_is_known(made) -> None:
    from framecue.backbone.sentence_model import load_sentence_model
    from framecue.exported.sentences import LateSentenceEncoder

    folder, fingerprint = made
    model = LateSentenceEncoder(fingerprint, None, model=load_sentence_model(str(folder)))
    for encoder in (find_sentence_encoder(fingerprint), model):
        assert encoder.known_part("  a   house ") == "a house"
        assert encoder.known_part("buying 🐸 a\thouse 青蛙") == "buying a house"
        assert encoder.known_part("🐸 青蛙") == encoder.known_part("x" * 300) == ""


def test_neither_torch_nor_transformers_is_imported_for_it(made) -> None:
    program = (
        "import sys\n"
        "from framecue.exported.sentences import load_sentence_encoder\n"
        "from framecue.words.sentences import SentenceFingerprint\n"
        f"found = load_sentence_encoder(SentenceFingerprint(**{asdict(made[1])!r})).embed_queries(['buying a house'])\n"
        "heavy = sorted({'torch', 'transformers', 'sentence_transformers', 'av'} & set(sys.modules))\n"
        "print(found.shape, heavy)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(1, 12) []"


def test_the_library_s_model_by_name_is_not_loaded_again(made, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, fingerprint = made
    monkeypatch.setattr(module, "resolve_name", lambda name: pytest.fail("the model is loaded"))
    monkeypatch.chdir(folder.parent)
    assert named_sentence_encoder("tiny", known=fingerprint).fingerprint == fingerprint
    assert load_sentence_encoder(fingerprint).fingerprint == fingerprint


def test_a_damaged_graph_is_forgotten_and_the_model_used(made) -> None:
    _, fingerprint = made
    encoder = find_sentence_encoder(fingerprint)
    expected = load_sentence_encoder(fingerprint).embed_queries(TEXTS)
    (graph_folder(fingerprint) / TEXT_GRAPH).write_bytes(b"no graph")
    np.testing.assert_allclose(encoder.embed_queries(TEXTS), expected, atol=MAX_DIFFERENCE)
    assert not encoder.is_late
    # It was made anew with the model.
    assert find_sentence_encoder(fingerprint) is not None


def test_without_graphs_the_model_encodes(made, monkeypatch: pytest.MonkeyPatch) -> None:
    _, fingerprint = made
    expected = load_sentence_encoder(fingerprint).embed_queries(TEXTS)
    monkeypatch.setenv(GRAPHS_VARIABLE, "off")
    assert find_sentence_encoder(fingerprint) is None
    np.testing.assert_allclose(load_sentence_encoder(fingerprint).embed_queries(TEXTS), expected, atol=MAX_DIFFERENCE)


def test_a_text_of_nothing_is_refused_though_there_is_a_prompt(made) -> None:
    encoder = load_sentence_encoder(made[1])
    for texts in ([], [" "]):
        with pytest.raises(InputError):
            encoder.embed_queries(texts)
    # What is said is never too long.
    assert encoder.embed_passages(["x " * 20_000]).shape == (1, 12)


def test_a_model_that_is_gone_is_one_sentence_with_the_way_out(made, tmp_path: Path) -> None:
    _, fingerprint = made
    gone = fingerprint.named(str(tmp_path / "gone"))
    with pytest.raises(ModelError, match=r"no longer at .*gone; name it again with .*--sentence-model FOLDER"):
        load_sentence_encoder(gone)
    with pytest.raises(ModelError, match=r"no longer at some/where; .*--sentence-model some/where"):
        load_sentence_encoder(fingerprint.named("some/where"))
