"""A sentence encoder's graph belongs to the very files from which it was made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from framecue.backbone.sentence_model import load_sentence_model
from framecue.errors import ModelError
from framecue.exported import export_sentences as module
from framecue.exported.export_sentences import fingerprint_of, keep_sentence_graph, load_described, load_named
from framecue.exported.sentences import find_sentence_encoder
from support.sentences import make_sentence_folder

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_sentence_folder(tmp_path / "tiny")


def test_a_graph_is_made_once_and_not_used_for_files_that_have_changed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_named(str(folder))
    assert encoder.is_late
    with monkeypatch.context() as patched:
        patched.setattr(module, "write_text_side", lambda *given: pytest.fail("it is made again"))
        assert load_named(str(folder)).fingerprint == encoder.fingerprint
        # The same files elsewhere are the same model.
        copy = shutil.copytree(folder, folder.with_name("copy"))
        assert load_named(str(copy)).is_late
    # Another way of pooling is another model, though its weights are the same.
    pooling = folder / "1_Pooling" / "config.json"
    pooling.write_text('{"pooling_mode": "cls"}')
    assert find_sentence_encoder(encoder.fingerprint) is None
    with pytest.raises(ModelError, match="the sentence encoder was changed"):
        load_described(encoder.fingerprint)
    assert load_named(str(folder)).fingerprint.revision != encoder.fingerprint.revision


def test_a_model_whose_files_change_after_it_was_loaded_has_no_graph(folder: Path) -> None:
    model = load_sentence_model(str(folder))
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 12}')
    assert not keep_sentence_graph(model)
    assert find_sentence_encoder(fingerprint_of(model)) is None


def test_what_cannot_be_exported_is_encoded_by_the_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object) -> None:
        raise ModelError("no")

    monkeypatch.setattr(module, "write_text_side", refuse)
    encoder = load_named(str(folder))
    assert not encoder.is_late
    assert encoder.embed_queries(["buying a house"]).shape == (1, 32)


def test_the_fingerprint_says_what_the_folder_says(tmp_path: Path) -> None:
    folder = make_sentence_folder(tmp_path / "other", prompts={"query": "q: "}, max_tokens=20)
    fingerprint = fingerprint_of(load_sentence_model(str(folder)))
    assert (fingerprint.model, fingerprint.max_tokens, fingerprint.embedding_dim) == (str(folder), 20, 32)
    assert (fingerprint.query_prompt, fingerprint.passage_prompt) == ("q: ", "")
