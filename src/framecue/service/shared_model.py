"""A model that several threads share: loaded once, and its tokenizer used by one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from framecue.encoder import ChecksTexts, Encoder, EncoderSpec, Fingerprint, learner_of
from framecue.errors import FramecueError
from framecue.exported.stand_in import StandIn
from framecue.names.taught import TaughtTokens

__all__ = ["ModelState", "SharedModel"]

ModelState = Literal["waiting", "loading", "ready", "failed"]
"""How far a model is: nobody has needed it, it is being loaded, it is there, it could not be loaded."""


class SharedModel(StandIn):
    """An `Encoder` that is loaded when it is first needed, by one thread, while others wait for it.

    What could not be loaded is tried again at the next need: a folder that was moved may be back.

    Args:
        load: loads the model.

    Attributes:
        state: how far it is.
        problem: why it could not be loaded, in words for a person; None if it could, or nobody has tried.
    """

    def __init__(self, load: Callable[[], Encoder]) -> None:
        self._load = load
        self._model: Encoder | None = None
        self._loading, self._encoding = threading.Lock(), threading.Lock()
        self.state: ModelState = "waiting"
        self.problem: str | None = None

    @property
    def model(self) -> Encoder:
        """The model itself.

        Raises:
            FramecueError: it cannot be loaded.
        """
        with self._loading:
            if self._model is None:
                self.state = "loading"
                try:
                    self._model = self._load()
                except FramecueError as error:
                    self.state, self.problem = "failed", str(error)
                    raise
                except BaseException:
                    self.state, self.problem = "failed", "framecue has a defect here; the server's log says where"
                    raise
                self.state, self.problem = "ready", None
            return self._model

    def forget(self) -> None:
        """Let go of the model; the next need loads it anew."""
        with self._loading:
            self._model = None
            self.state = "waiting"

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

    def embed_named_texts(self, texts: Sequence[str], names: Sequence[TaughtTokens]) -> np.ndarray:
        """See `LearnsNames.embed_named_texts`; by one thread at a time."""
        model = learner_of(self.model)
        with self._encoding:
            return model.embed_named_texts(texts, names)

    def check_texts(self) -> None:
        """Refuse texts where the model does, see `ChecksTexts`."""
        model = self.model
        if isinstance(model, ChecksTexts):
            model.check_texts()
