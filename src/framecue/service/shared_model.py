"""A model that several threads share: loaded once, and its tokenizer used by one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from framecue.encoder import ChecksTexts, Encoder, EncoderSpec, Fingerprint
from framecue.exported.stand_in import StandIn

__all__ = ["SharedModel"]


class SharedModel(StandIn):
    """An `Encoder` that is loaded when it is first needed, by one thread, while others wait for it.

    What could not be loaded is tried again at the next need: a folder that was moved may be back.

    Args:
        load: loads the model.
    """

    def __init__(self, load: Callable[[], Encoder]) -> None:
        self._load = load
        self._model: Encoder | None = None
        self._loading, self._encoding = threading.Lock(), threading.Lock()

    @property
    def is_loaded(self) -> bool:
        """Whether it is there, so that a query need not wait for it."""
        return self._model is not None

    @property
    def model(self) -> Encoder:
        """The model itself.

        Raises:
            FramecueError: it cannot be loaded.
        """
        with self._loading:
            if self._model is None:
                self._model = self._load()
            return self._model

    def fingerprint(self) -> Fingerprint:
        """See `Encoder.fingerprint`."""
        return self.model.fingerprint()

    def spec(self) -> EncoderSpec:
        """See `Encoder.spec`."""
        return self.model.spec()

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Turn texts into embeddings float32 (N, E) of unit length; a tokenizer is for one thread at a time."""
        model = self.model
        with self._encoding:
            return model.embed_texts(texts)

    def check_texts(self) -> None:
        """Refuse texts where the model does, see `ChecksTexts`."""
        model = self.model
        if isinstance(model, ChecksTexts):
            model.check_texts()
