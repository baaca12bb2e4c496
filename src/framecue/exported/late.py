"""A model that is loaded when something needs it, and whose texts need it not: an exported graph encodes them.

A search by words then imports neither torch nor transformers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pkgutil import resolve_name
from threading import Lock
from typing import Any

import numpy as np

from framecue.encoder import Encoder, EncoderSpec, Fingerprint
from framecue.errors import ModelError
from framecue.exported.cache import forget_graph, read_graphs
from framecue.exported.stand_in import StandIn
from framecue.exported.text import TEXT_GRAPH, TextGraph, find_text_graph
from framecue.names.taught import TaughtTokens
from framecue.video.read.sampling import FrameSampling

__all__ = ["LateEncoder", "find_late_encoder", "load_described"]

logger = logging.getLogger(__name__)

# Named, not imported: it imports torch.
_LOADER = "framecue.model:load_described"


class LateEncoder(StandIn):
    """An `Encoder` that makes the same vectors as the model it stands for.

    Args:
        spec: of the model, with absolute places; its files were seen to be the ones that the fingerprint means.
        graph: of its text side.
    """

    def __init__(self, spec: EncoderSpec, graph: TextGraph) -> None:
        self._spec, self._graph = spec, graph
        self._model: Encoder | None = None
        self._lock = Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process looks for itself what it finds.
        return load_described, (self._spec,)

    @property
    def model(self) -> Encoder:
        """The model itself.

        Raises:
            ModelError: the backbone can no longer be found, or is another one now.
            AdapterError: the adapter can no longer be found.
        """
        with self._lock:
            if self._model is None:
                load: Callable[[EncoderSpec], Encoder] = resolve_name(_LOADER)
                loaded = load(self._spec)
                if self._spec.fingerprint.differences(loaded.fingerprint()):
                    raise ModelError(
                        f"{self._spec.fingerprint.backbone}: the model has changed meanwhile; run it again"
                    )
                self._model = loaded
            return self._model

    @property
    def method_name(self) -> str:
        """See `Encoder.method_name`."""
        return self._spec.fingerprint.method

    @property
    def sampling(self) -> FrameSampling:
        """See `Encoder.sampling`."""
        return self._spec.fingerprint.sampling

    def fingerprint(self) -> Fingerprint:
        """Return the fingerprint for which the graph was made, which the model's files still have."""
        return self._spec.fingerprint

    def spec(self) -> EncoderSpec:
        """Return what the model is loaded from."""
        return self._spec

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Turn texts into embeddings float32 (N, E) of unit length: by the graph, or by the model if that is loaded."""
        if self._model is None:
            try:
                return self._graph.embed_texts(texts)
            except ModelError as error:
                logger.warning("%s; the model itself is used, and the graph made anew", error)
                forget_graph(self._spec.fingerprint, TEXT_GRAPH)
        return self.model.embed_texts(texts)

    def embed_named_texts(self, texts: Sequence[str], names: Sequence[TaughtTokens]) -> np.ndarray:
        """Turn texts with taught names into embeddings float32 (N, E) of unit length, as `embed_texts` does."""
        if self._model is None:
            try:
                return self._graph.embed_named_texts(texts, names)
            except ModelError as error:
                logger.warning("%s; the model itself is used", error)
                vectors = super().embed_named_texts(texts, names)
                # The names are the model's, so it is the graph; one that takes none would take none anew.
                if "why_no_names" not in read_graphs(self._spec.fingerprint).get(TEXT_GRAPH, {}):
                    forget_graph(self._spec.fingerprint, TEXT_GRAPH)
                return vectors
        return super().embed_named_texts(texts, names)

    def known_share(self, texts: Sequence[str]) -> np.ndarray:
        """Return how much of each text is made of words that the model was made for; see `KnowsWords`."""
        if self._model is None:
            try:
                return self._graph.known_share(texts)
            except ModelError as error:
                logger.warning("%s; the model itself is used", error)
        return super().known_share(texts)

    def check_texts(self) -> None:
        """Do nothing: a model with such a graph has a tokenizer."""


def find_late_encoder(spec: EncoderSpec) -> LateEncoder | None:
    """Return an encoder whose texts are encoded by a graph; None where only the model itself will do.

    That is where there is no graph for exactly this model, or another precision than the graph's is wanted.
    """
    if spec.precision != "float32":
        return None
    graph = find_text_graph(spec.fingerprint)
    return None if graph is None else LateEncoder(spec, graph)


def load_described(spec: EncoderSpec) -> Encoder:
    """Load a model, at once or late; `framecue.encoder.ENCODERS` refers to this function.

    Raises:
        ModelError: the backbone can no longer be found.
        AdapterError: the adapter can no longer be found, or it is not known where it was.
    """
    late = find_late_encoder(spec)
    if late is not None:
        return late
    load: Callable[[EncoderSpec], Encoder] = resolve_name(_LOADER)
    return load(spec)
