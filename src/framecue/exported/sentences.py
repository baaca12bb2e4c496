"""Sentence encoders as a library uses them: by their graph, without torch, or else the model itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pkgutil import resolve_name
from threading import Lock
from typing import Protocol, TypeVar

import numpy as np

from framecue.checks import MAX_TEXT_LENGTH, check_texts
from framecue.errors import ModelError
from framecue.exported.cache import forget_graph
from framecue.exported.text import TEXT_GRAPH, TextGraph, find_text_graph
from framecue.words.sentences import SentenceEncoder, SentenceFingerprint

__all__ = [
    "EmbedsTexts",
    "LateSentenceEncoder",
    "find_sentence_encoder",
    "load_sentence_encoder",
    "named_sentence_encoder",
]

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Named, not imported: they import torch.
_LOADER = "framecue.exported.export_sentences:load_described"
_NAMED_LOADER = "framecue.exported.export_sentences:load_named"


class EmbedsTexts(Protocol):
    """A model, or a graph, that turns texts into vectors."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Turn texts into embeddings float32 (N, E) of unit length."""

    def unknown_spans(self, text: str) -> list[tuple[int, int]]:
        """Return the parts of a text that it takes for one and the same: (start, end) in characters, in order."""


class LateSentenceEncoder:
    """A :class:`~framecue.words.sentences.SentenceEncoder` by a graph, whose model is loaded if the graph fails.

    Args:
        fingerprint: of the model.
        graph: made of it; None for the model itself.
        model: the model, if it is loaded.
    """

    def __init__(
        self, fingerprint: SentenceFingerprint, graph: TextGraph | None, *, model: EmbedsTexts | None = None
    ) -> None:
        self._fingerprint, self._graph, self._model = fingerprint, graph, model
        self._lock = Lock()

    @property
    def fingerprint(self) -> SentenceFingerprint:
        """See `SentenceEncoder.fingerprint`."""
        return self._fingerprint

    @property
    def is_late(self) -> bool:
        """Whether a graph encodes its texts."""
        return self._graph is not None

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """See `SentenceEncoder.embed_queries`."""
        return self._embed(texts, self._fingerprint.query_prompt)

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        """See `SentenceEncoder.embed_passages`."""
        return self._embed([text[: MAX_TEXT_LENGTH // 2] for text in texts], self._fingerprint.passage_prompt)

    def known_part(self, text: str) -> str:
        """See `SentenceEncoder.known_part`."""
        known, place = "", 0
        for start, end in self._ask(lambda model: model.unknown_spans(text)):
            known += text[place:start] + " "
            place = end
        return " ".join((known + text[place:]).split())

    def _embed(self, texts: Sequence[str], prompt: str) -> np.ndarray:
        check_texts(texts)  # before the prompt, which is never blank
        given = [prompt + " ".join(text.split()) for text in texts]
        return self._ask(lambda model: model.embed_texts(given))

    def _ask(self, question: Callable[[EmbedsTexts], T]) -> T:
        """Return what the graph says, or the model if there is no graph or it fails."""
        if self._graph is not None:
            try:
                return question(self._graph)
            except ModelError as error:
                logger.warning("%s; the model itself is used, and the graph made anew", error)
                forget_graph(self._fingerprint, TEXT_GRAPH)
                self._graph = None
        return question(self._loaded())

    def _loaded(self) -> EmbedsTexts:
        with self._lock:
            if self._model is None:
                load: Callable[[SentenceFingerprint], EmbedsTexts] = resolve_name(_LOADER)
                self._model = load(self._fingerprint)
            return self._model


def find_sentence_encoder(fingerprint: SentenceFingerprint, *, starts_fast: bool = True) -> LateSentenceEncoder | None:
    """Return an encoder by a graph; None if there is none, or the model's files have changed since it was made.

    Args:
        fingerprint: the model's, with an absolute place.
        starts_fast: whether the first vector is wanted soon rather than thousands of them.
    """
    graph = find_text_graph(fingerprint, starts_fast=starts_fast)
    return None if graph is None else LateSentenceEncoder(fingerprint, graph)


def load_sentence_encoder(fingerprint: SentenceFingerprint, *, starts_fast: bool = True) -> SentenceEncoder:
    """Return the encoder that a library names; its model is loaded if there is no graph, but never downloaded.

    Raises:
        ModelError: the model is no longer where it was, or has changed.
    """
    found = find_sentence_encoder(fingerprint, starts_fast=starts_fast)
    if found is not None:
        return found
    load: Callable[[SentenceFingerprint], EmbedsTexts] = resolve_name(_LOADER)
    return LateSentenceEncoder(fingerprint, None, model=load(fingerprint))


def named_sentence_encoder(name: str, *, known: SentenceFingerprint | None = None) -> SentenceEncoder:
    """Return the encoder that a person names, for many passages; its graph is made if there is none.

    Args:
        name: a folder, or a name on the hub, from where it is downloaded if the hub's cache has not got it.
        known: of the library's encoder: if the name means it and its graph is there, nothing else is loaded.

    Raises:
        ModelError: there is no such model, the hub cannot be reached, or the model cannot be used.
    """
    if known is not None and known == known.named(name).with_absolute_place():
        found = find_sentence_encoder(known, starts_fast=False)
        if found is not None:
            return found
    load: Callable[[str], SentenceEncoder] = resolve_name(_NAMED_LOADER)
    return load(name)
