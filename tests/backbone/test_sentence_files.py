"""What a sentence encoder's folder says is read, and what is not known is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framecue.backbone.sentence_files import (
    check_sentence_model,
    hash_of_files,
    hashed_files,
    read_sentence_files,
    sentence_folder,
)
from framecue.errors import ModelError

STEPS = ("Transformer", "Pooling", "Normalize")


def write(folder: Path, name: str, values: object) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(values), encoding="utf-8")


def make(folder: Path, *, steps=STEPS, home="sentence_transformers.models", pooling=None, prompts=None, length=None):
    paths = ["", *(f"{number}_{kind}" for number, kind in enumerate(steps) if number)]
    modules = [{"type": f"{home}.{kind}", "path": path} for kind, path in zip(steps, paths, strict=True)]
    write(folder, "modules.json", modules)
    write(folder, "config.json", {"model_type": "bert"})
    write(folder, "1_Pooling/config.json", pooling or {"pooling_mode": "mean"})
    if prompts is not None:
        write(folder, "config_sentence_transformers.json", prompts)
    if length is not None:
        write(folder, "sentence_bert_config.json", length)
    return folder


def read(folder: Path, name: str = "some/model"):
    return read_sentence_files(folder, name=name)


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ({"pooling_mode": "mean"}, "mean"),
        ({"pooling_mode": "cls", "include_prompt": True}, "cls"),
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}, "mean"),
        ({"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}, "cls"),
        ({"pooling_mode_max_tokens": True}, "max"),
    ],
)
def test_both_ways_of_naming_the_pooling_are_read(tmp_path: Path, pooling: dict[str, object], expected: str) -> None:
    assert read(make(tmp_path, pooling=pooling)).pooling == expected


@pytest.mark.parametrize("home", ["sentence_transformers.models", "sentence_transformers.base.modules.transformer"])
def test_both_ways_of_naming_a_step_are_read(tmp_path: Path, home: str) -> None:
    assert read(make(tmp_path, home=home)).pooling == "mean"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": ("Transformer", "Pooling", "LSTM")}, "its steps are Transformer, Pooling, LSTM; known here are"),
        ({"steps": ("StaticEmbedding", "Pooling")}, "its steps are StaticEmbedding, Pooling"),
        ({"home": "custom_st"}, "which is not known here"),
        ({"pooling": {"pooling_mode": "lasttoken"}}, 'pools its tokens by "lasttoken"; known here are mean, cls, max'),
        ({"pooling": {"pooling_mode_weightedmean_tokens": True}}, 'pools its tokens by "weightedmean_tokens"'),
        (
            {"pooling": {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}},
            "pools its tokens by .*mean.*cls",
        ),
        ({"pooling": {"pooling_mode_mean_tokens": False}}, r"pools its tokens by \[\]"),
        (
            {"pooling": {"pooling_mode": "mean", "include_prompt": False}, "prompts": {"prompts": {"query": "q: "}}},
            "leaves its prompts out of the pooling",
        ),
        ({"length": {"do_lower_case": True}}, "lower-cases texts by itself"),
        ({"length": {"max_seq_length": 0}}, "max_seq_length in sentence_bert_config.json is 0"),
        ({"length": {"max_seq_length": "9"}}, 'max_seq_length in sentence_bert_config.json is "9"'),
        ({"length": {"transformer_task": "fill-mask"}}, "its task is fill-mask"),
        ({"length": [1]}, "is no JSON object"),
        ({"prompts": {"prompts": {"query": 3}}}, "prompts in config_sentence_transformers.json are no texts"),
    ],
)
def test_what_is_not_known_is_refused_by_name(tmp_path: Path, changes, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        read(make(tmp_path, **changes))
    assert str(caught.value).startswith("some/model: ")


def test_a_folder_without_steps_is_no_sentence_encoder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no modules\.json that lists its steps, so it is no sentence encoder"):
        read(tmp_path)
    (tmp_path / "modules.json").write_text("{")
    with pytest.raises(ModelError, match=r"modules\.json cannot be read"):
        read(tmp_path)
    write(tmp_path, "modules.json", [{"type": "sentence_transformers.models.Transformer", "path": "../../etc"}])
    with pytest.raises(ModelError, match="names a folder outside of the model's"):
        read(tmp_path)


def test_dense_layers_are_read_in_order_and_refused_behind_a_normalisation(tmp_path: Path) -> None:
    dense = {
        "in_features": 8,
        "out_features": 4,
        "bias": False,
        "activation_function": "torch.nn.modules.linear.Identity",
    }
    folder = make(tmp_path, steps=("Transformer", "Pooling", "Dense", "Normalize"))
    write(folder, "2_Dense/config.json", dense)
    (layer,) = read(folder).dense
    assert (layer.in_features, layer.out_features, layer.has_bias, layer.activation) == (8, 4, False, "Identity")
    for changed, message in (
        ({"activation_function": "os.system"}, "with system is not known here"),
        ({"out_features": 10**9}, "1000000000"),
        ({"module_input_name": "token_embeddings"}, "module_input_name token_embeddings"),
    ):
        write(folder, "2_Dense/config.json", {**dense, **changed})
        with pytest.raises(ModelError, match=message):
            read(folder)
    late = make(tmp_path / "late", steps=("Transformer", "Pooling", "Normalize", "Dense"))
    with pytest.raises(ModelError, match="a Dense layer follows its normalisation"):
        read(late)


@pytest.mark.parametrize(
    ("name", "prompts", "expected"),
    [
        ("some/model", {"query": "q: ", "passage": "p: "}, ("q: ", "p: ")),
        ("some/model", {"query": "q: ", "document": "d: "}, ("q: ", "d: ")),
        # As later versions of sentence-transformers write into every folder.
        ("some/model", {"query": "", "document": ""}, ("", "")),
        ("intfloat/multilingual-e5-small", {"query": "", "document": ""}, ("query: ", "passage: ")),
        ("intfloat/multilingual-e5-small", None, ("query: ", "passage: ")),
        ("./downloads/multilingual-e5-small/", None, ("query: ", "passage: ")),
        ("intfloat/e5-base-v2", None, ("query: ", "passage: ")),
        ("intfloat/multilingual-e5-large-instruct", None, ("", "")),
        ("intfloat/multilingual-e5-small", {"query": "own: "}, ("own: ", "")),
    ],
)
def test_prompts_are_the_folders_own_or_those_of_a_known_family(tmp_path: Path, name, prompts, expected) -> None:
    files = read(make(tmp_path, prompts=None if prompts is None else {"prompts": prompts}), name)
    assert (files.query_prompt, files.passage_prompt) == expected


def test_a_copy_of_a_known_family_is_known_by_what_its_configuration_says(tmp_path: Path) -> None:
    folder = make(tmp_path)
    write(folder, "config.json", {"_name_or_path": "intfloat/multilingual-e5-base"})
    assert read(folder, "copy").query_prompt == "query: "


def test_a_default_prompt_is_put_before_everything(tmp_path: Path) -> None:
    files = read(make(tmp_path, prompts={"prompts": {"any": "x "}, "default_prompt_name": "any"}))
    assert (files.query_prompt, files.passage_prompt) == ("x ", "x ")


def test_the_hash_changes_with_whatever_changes_vectors_and_with_nothing_else(tmp_path: Path) -> None:
    folder = make(tmp_path, length={"max_seq_length": 9}, steps=("Transformer", "Pooling", "Dense"))
    write(folder, "2_Dense/config.json", {"in_features": 8, "out_features": 4})
    for name in ("model.safetensors", "2_Dense/model.safetensors", "tokenizer.json"):
        (folder / name).write_bytes(b"first")
    files = read(folder)
    names = hashed_files(folder, files)
    assert {"1_Pooling/config.json", "2_Dense/model.safetensors", "model.safetensors", "config.json"} <= set(names)
    before = hash_of_files(folder, files)
    (folder / "README.md").write_text("words")
    (folder / "pytorch_model.bin").write_bytes(b"the same weights again")
    assert hash_of_files(folder, files) == before
    for name in names:
        kept = (folder / name).read_bytes()
        (folder / name).write_bytes(kept + b" ")
        assert hash_of_files(folder, files) != before, name
        (folder / name).write_bytes(kept)
    assert hash_of_files(folder, files) == before


def test_a_name_is_checked_by_what_lies_here_alone(tmp_path: Path) -> None:
    folder = str(make(tmp_path / "model"))
    check_sentence_model(folder)
    check_sentence_model("organisation/model")  # the hub is not asked
    assert sentence_folder(folder) == tmp_path / "model"
    for name in ("", "model", str(tmp_path / "none")):
        with pytest.raises(ModelError, match="no such folder, and no name on the model hub"):
            check_sentence_model(name)
        with pytest.raises(ModelError, match="no such folder, and no name on the model hub"):
            sentence_folder(name)
    with pytest.raises(ModelError, match=r"modules\.json"):
        check_sentence_model(str(tmp_path))
