"""Sentence encoders: a transformer whose tokens become one vector, as the folder's own files say.

`transformers` alone runs them. Shapes: N texts, T tokens, D the transformer's width, E the vector's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from framecue.backbone.config import read_config
from framecue.backbone.download import fetch, find_download
from framecue.backbone.load import read_silently, read_tokenizer, read_weights
from framecue.backbone.sentence_files import (
    DenseFiles,
    SentenceFiles,
    hash_of_files,
    hashed_files,
    read_sentence_files,
    sentence_folder,
)
from framecue.backbone.sizes import check_no_bomb, check_parameters
from framecue.backbone.source import Source, cached_folder, is_hub_name
from framecue.checks import check_texts
from framecue.errors import ModelError
from framecue.known_words import pieces_of, unknown_spans
from framecue.paths import is_file

__all__ = ["OPTION", "SentenceModel", "load_sentence_model"]

OPTION = "--sentence-model"
"""The option with which a person names a sentence encoder."""


class SentenceModel(nn.Module):
    """A sentence encoder in float32, on the processor.

    Args:
        transformer: gives a vector for each token.
        tokenizer: of the transformer.
        dense: what is done with the pooled vector.
        name: its name on the hub, or its folder.
        revision: the hub's commit, or a hash of the folder's files.
        folder: where its files are.
        files: what they say.
    """

    def __init__(
        self,
        transformer: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        dense: nn.Sequential,
        *,
        name: str,
        revision: str,
        folder: Path,
        files: SentenceFiles,
    ) -> None:
        super().__init__()
        self.pads_texts = False
        self.transformer, self.tokenizer, self.dense = transformer, tokenizer, dense
        self.name, self.revision, self.folder, self.files = name, revision, folder, files
        self.max_tokens = _max_tokens(transformer, tokenizer, files, name=name)
        self.embedding_dim = files.dense[-1].out_features if files.dense else int(transformer.config.hidden_size)

    @property
    def module(self) -> nn.Module:
        """What turns tokens into a vector: itself."""
        return self

    @property
    def hashed_files(self) -> list[str]:
        """The names of the files that its vectors depend on."""
        return hashed_files(self.folder, self.files)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Turn tokens (N, T), with a mask that is 0 on padding, into unit vectors float32 (N, E)."""
        tokens: Tensor = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        pooled = _POOLING[self.files.pooling](tokens, attention_mask)
        return functional.normalize(self.dense(pooled), dim=-1)

    def tokenize(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return the ids of texts, int64 (N, T), padded to the longest, and their mask."""
        tokens = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=self.max_tokens, return_tensors="pt"
        )
        return tokens["input_ids"], tokens["attention_mask"]

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Turn texts, with their prompts in front, into embeddings float32 (N, E) of unit length.

        One by one, so that a text's vector does not depend on the others.

        Raises:
            InputError: there is no text, or one has only spaces, is too long (10 000 characters) or not Unicode.
            ModelError: a vector is not finite.
        """
        check_texts(texts)
        with torch.inference_mode():
            vectors = np.concatenate([self(*self.tokenize([text])).numpy() for text in texts])
        if not np.isfinite(vectors).all():
            raise ModelError(f"{self.name}: the model gives no finite vector; its weights are damaged")
        return vectors

    def unknown_spans(self, text: str) -> list[tuple[int, int]]:
        """Return the parts of a text that the model takes for one and the same: (start, end) in characters, in order.

        A tokenizer that cannot tell where its tokens stand gives none.
        """
        encodings = self.tokenizer(text, truncation=True, max_length=self.max_tokens).encodings
        return unknown_spans(pieces_of(cast(Any, self.tokenizer).backend_tokenizer, encodings[0])) if encodings else []


def load_sentence_model(name: str, *, revision: str | None = None) -> SentenceModel:
    """Load a sentence encoder; one on the hub is downloaded, unless it is in the hub's cache.

    Args:
        name: a folder that sentence-transformers has written, or a name on the hub.
        revision: a commit on the hub; for a folder, the hash that its files must have. None for what is there.

    Raises:
        ModelError: there is no such model, the hub cannot be reached, a file cannot be read, or the model asks for
            something that is not known here.
    """
    is_on_hub = is_hub_name(name)
    folder = _folder_of_hub(name, revision) if is_on_hub else sentence_folder(name)
    files = read_sentence_files(folder, name=name)
    source = Source(name, str(folder), folder)
    if not is_file(folder / source.config_file):
        raise ModelError(f"{name}: the folder has no {source.config_file}, so it is no model folder")
    config = read_silently(source, lambda: read_config(source))
    read_silently(source, lambda: check_parameters(config, name=name, folder=folder, dtype=torch.float32))
    made_from = folder.name if is_on_hub else read_silently(source, lambda: hash_of_files(folder, files))
    if revision not in (None, made_from):
        raise ModelError(
            f"{name}: the folder's files are {made_from}, not {revision}: the sentence encoder was changed"
        )
    # Its own pooling layer is left unused by all ways of pooling, and not every folder has one.
    transformer = read_silently(source, lambda: read_weights(source, config, torch.float32, unused="pooler."))
    return SentenceModel(
        transformer,
        read_tokenizer(source),
        read_silently(source, lambda: nn.Sequential(*map(_load_dense, files.dense))),
        name=name,
        revision=made_from,
        folder=folder,
        files=files,
    ).eval()


def _folder_of_hub(name: str, revision: str | None) -> Path:
    """Return the folder of the hub's cache with a model's files, after downloading what it lacks."""
    download = find_download(name, revision=revision, option=OPTION)
    if download is not None:
        fetch(download)
    folder = cached_folder(name, revision)
    if folder is None:
        raise ModelError(f"{name}: the hub's copy has no config.json, so it is no model; give another sentence encoder")
    return folder


def _max_tokens(
    transformer: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, files: SentenceFiles, *, name: str
) -> int:
    limits = [files.max_tokens, tokenizer.model_max_length if files.max_tokens is None else None]
    limits.append(getattr(transformer.config, "max_position_embeddings", None))
    length = min((int(limit) for limit in limits if limit is not None), default=0)
    if not 2 < length <= 1 << 15:
        raise ModelError(
            f"{name}: nothing says how many tokens it reads; give max_seq_length in sentence_bert_config.json"
        )
    return length


def _load_dense(files: DenseFiles) -> nn.Module:
    layer = nn.Linear(files.in_features, files.out_features, bias=files.has_bias)
    file = files.folder / "model.safetensors"
    if is_file(file):
        weights = load_file(file)
    else:
        file = files.folder / "pytorch_model.bin"
        check_no_bomb(file)
        weights = torch.load(file, map_location="cpu", weights_only=True)
    layer.load_state_dict({key.removeprefix("linear."): value.to(torch.float32) for key, value in weights.items()})
    activation: Any = getattr(nn, files.activation)
    return nn.Sequential(layer, activation())


def _mean(tokens: Tensor, mask: Tensor) -> Tensor:
    weights = mask[..., None].to(tokens.dtype)
    return (tokens * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-9)


def _first(tokens: Tensor, mask: Tensor) -> Tensor:
    return tokens[:, 0]


def _largest(tokens: Tensor, mask: Tensor) -> Tensor:
    return tokens.masked_fill(mask[..., None] == 0, -torch.inf).amax(dim=1)


_POOLING = {"mean": _mean, "cls": _first, "max": _largest}
