"""The text side of a model as a graph: texts become vectors without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from framecue.checks import check_texts
from framecue.cores import num_cores
from framecue.errors import ModelError
from framecue.exported.cache import Identity, graph_folder, graph_key, is_wanted, read_graphs
from framecue.exported.session import Session, is_available, open_session
from framecue.exported.sources import has_known_sources
from framecue.exported.spare_tokenizer import SpareTokenizer, open_tokenizer
from framecue.exported.tokenize import TextTokenizer

__all__ = ["MASK", "TEXT_GRAPH", "TOKENIZER_FILE", "TextGraph", "find_text_graph"]

TEXT_GRAPH, TOKENIZER_FILE = "text.onnx", "tokenizer.json"
IDS, MASK = "input_ids", "attention_mask"


class TextGraph:
    """A graph of one text at a time, with its tokenizer; both are opened when the first text comes.

    The graph takes ``input_ids``, int64 (1, T), and ``attention_mask`` of the same shape if it needs one; it gives a
    unit vector, float32 (1, E).

    Args:
        folder: holds the graph and ``tokenizer.json``.
        starts_fast: whether the first vector is wanted soon rather than thousands of them.
        key: of the model that the graph has to be of, see `open_session`.
    """

    def __init__(self, folder: Path, *, starts_fast: bool = True, key: str | None = None) -> None:
        self.folder, self._starts_fast, self._key = folder, starts_fast, key
        self._opened: tuple[Session, TextTokenizer | SpareTokenizer] | None = None

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Turn texts into embeddings float32 (N, E) of unit length.

        Raises:
            InputError: there is no text, or one has only spaces, is too long (10 000 characters) or not Unicode.
            ModelError: the graph cannot be read or run, or gives no numbers.
        """
        check_texts(texts)
        session, tokenizer = self._open()
        return np.concatenate([self._embed(session, tokenizer, text) for text in texts])

    def _open(self) -> tuple[Session, TextTokenizer | SpareTokenizer]:
        if self._opened is None:
            # One thread: a text takes 20 ms with one, and others would first have to be started.
            num_threads = 1 if self._starts_fast else num_cores()
            session = open_session(
                self.folder / TEXT_GRAPH, num_threads=num_threads, starts_fast=self._starts_fast, key=self._key
            )
            self._opened = session, _tokenizer(self.folder, spares=self._starts_fast)
        return self._opened

    def _embed(self, session: Session, tokenizer: TextTokenizer | SpareTokenizer, text: str) -> np.ndarray:
        ids, mask = tokenizer.encode(text)
        given = {IDS: ids[None], MASK: mask[None]}
        vectors = session.run({name: given[name] for name in session.inputs if name in given})[0]
        if not np.isfinite(vectors).all():
            raise ModelError(f"{session.path}: the exported graph gives no finite vector for {text!r}")
        return vectors


def _tokenizer(folder: Path, *, spares: bool) -> TextTokenizer | SpareTokenizer:
    file = folder / TOKENIZER_FILE
    return open_tokenizer(file) if spares else TextTokenizer(file)


def find_text_graph(fingerprint: Identity, *, starts_fast: bool = True) -> TextGraph | None:
    """Return the graph of a model's text side; None where there is none, or the model's files have changed since.

    Nothing is read but two small documents and the times of the model's files.

    Args:
        fingerprint: of the model, with absolute places.
        starts_fast: see `TextGraph`.
    """
    if not is_wanted() or not is_available():
        return None
    if not read_graphs(fingerprint).get(TEXT_GRAPH, {}).get("files") or not has_known_sources(fingerprint):
        return None
    return TextGraph(graph_folder(fingerprint), starts_fast=starts_fast, key=graph_key(fingerprint))
