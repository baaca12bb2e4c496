"""The text side of a model as a graph: texts become vectors without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from framecue.checks import check_texts
from framecue.cores import num_cores
from framecue.errors import ModelError
from framecue.exported.cache import Identity, graph_folder, graph_key, is_wanted, read_graphs
from framecue.exported.name_graph import open_name_graph, run_named
from framecue.exported.session import Session, is_available, open_session
from framecue.exported.sources import has_known_sources
from framecue.exported.spare_tokenizer import SpareTokenizer, open_tokenizer
from framecue.exported.tokenize import TextTokenizer
from framecue.known_words import known_share, unknown_spans
from framecue.names.stand_ins import NamedText, read_names
from framecue.names.taught import TaughtTokens

__all__ = ["MASK", "TEXT_GRAPH", "TOKENIZER_FILE", "TextGraph", "find_text_graph", "given_of_text"]

TEXT_GRAPH, TOKENIZER_FILE = "text.onnx", "tokenizer.json"
IDS, MASK = "input_ids", "attention_mask"


class TextGraph:
    """A graph of one text at a time, with its tokenizer; each is opened when the first text needs it.

    The graph takes ``input_ids``, int64 (1, T), and ``attention_mask`` of the same shape if it needs one; it gives a
    unit vector, float32 (1, E). Texts with taught names go through another graph with the same weights, see
    :mod:`framecue.exported.name_graph`.

    Args:
        folder: holds the graph and ``tokenizer.json``.
        starts_fast: whether the first vector is wanted soon rather than thousands of them.
        key: of the model that the graph has to be of, see `open_session`.
        keeps: whether what has to be made for names may be written into the folder, as into the cache.
    """

    def __init__(self, folder: Path, *, starts_fast: bool = True, key: str | None = None, keeps: bool = False) -> None:
        self.folder, self._starts_fast, self._key, self._keeps = folder, starts_fast, key, keeps
        # One thread: a text takes 20 ms with one, and others would first have to be started.
        self._num_threads = 1 if starts_fast else num_cores()
        self._session: Session | None = None
        self._named_session: Session | None = None
        self._tokenizer: TextTokenizer | SpareTokenizer | None = None

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Turn texts into embeddings float32 (N, E) of unit length.

        Raises:
            InputError: there is no text, or one has only spaces, is too long (10 000 characters) or not Unicode.
            ModelError: the graph cannot be read or run, or gives no numbers.
        """
        check_texts(texts)
        return np.concatenate([self._embed(text) for text in texts])

    def embed_named_texts(self, texts: Sequence[str], names: Sequence[TaughtTokens]) -> np.ndarray:
        """Turn texts into embeddings float32 (N, E) of unit length, names in them read as what was taught.

        Raises:
            InputError: as `embed_texts` raises it, or a text has every word that could stand in for a name.
            ModelError: as `embed_texts` raises it, or the names were taught to another model.
        """
        check_texts(texts)
        encode = self._opened_tokenizer().encode
        read = [read_names(text, names, encode) for text in texts]
        return np.concatenate(
            [
                self._embed(text) if named is None else self._embed_named(named)
                for text, named in zip(texts, read, strict=True)
            ]
        )

    def known_share(self, texts: Sequence[str]) -> np.ndarray:
        """Return how much of each text is made of words that the model was made for, float64 (N,); see `KnowsWords`.

        Raises:
            InputError: as `embed_texts` raises it.
            ModelError: the tokenizer cannot be read.
        """
        check_texts(texts)
        pieces = self._opened_tokenizer().pieces
        return np.array([known_share(text, pieces(text)) for text in texts], dtype=np.float64)

    def unknown_spans(self, text: str) -> list[tuple[int, int]]:
        """Return the parts of a text that the model takes for one and the same: (start, end) in characters, in order.

        Raises:
            ModelError: the tokenizer cannot be read.
        """
        return unknown_spans(self._opened_tokenizer().pieces(text))

    def _embed(self, text: str) -> np.ndarray:
        session = self._opened()
        return _finite(session, session.run(given_of_text(session, *self._opened_tokenizer().encode(text)))[0], text)

    def _embed_named(self, named: NamedText) -> np.ndarray:
        if not len(named.places):
            return self._embed(named.text)  # it is cut before its first name
        if self._named_session is None:
            self._named_session = open_name_graph(
                self.folder / TEXT_GRAPH,
                self._opened_tokenizer().encode,
                given_of_text,
                num_threads=self._num_threads,
                starts_fast=self._starts_fast,
                key=self._key,
                keeps=self._keeps,
            )
        session = self._named_session
        vectors = run_named(session, given_of_text(session, named.ids, named.mask), named.places, named.vectors)
        return _finite(session, vectors, named.text)

    def _opened(self) -> Session:
        if self._session is None:
            self._session = open_session(
                self.folder / TEXT_GRAPH, num_threads=self._num_threads, starts_fast=self._starts_fast, key=self._key
            )
        return self._session

    def _opened_tokenizer(self) -> TextTokenizer | SpareTokenizer:
        if self._tokenizer is None:
            file = self.folder / TOKENIZER_FILE
            self._tokenizer = open_tokenizer(file) if self._starts_fast else TextTokenizer(file)
        return self._tokenizer


def given_of_text(session: Session, ids: np.ndarray, mask: np.ndarray) -> dict[str, np.ndarray]:
    """Return what a text side's graph is given of a text: its ids (T,) and its mask (T,), as far as it wants them."""
    given = {IDS: ids[None], MASK: mask[None]}
    return {name: given[name] for name in session.inputs if name in given}


def _finite(session: Session, vectors: np.ndarray, text: str) -> np.ndarray:
    if not np.isfinite(vectors).all():
        raise ModelError(f"{session.path}: the exported graph gives no finite vector for {text!r}")
    return vectors


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
    return TextGraph(graph_folder(fingerprint), starts_fast=starts_fast, key=graph_key(fingerprint), keeps=True)
