"""A small encoder that gives each text a direction of its own, and a library of segments that lie near some of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from framecue.library import Library
from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.rows import Row
from support.colours import ColourEncoder

__all__ = ["WordEncoder", "word_library", "word_row"]


class WordEncoder(ColourEncoder):
    """Encodes texts as directions by chance, always the same for a text, so that most are far from each other.

    Attributes:
        texts: how many texts each call encoded.
    """

    embedding_dim = 64

    def __init__(self, **named: Any) -> None:
        super().__init__(name="words", **named)
        self.texts: list[int] = []

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return the texts' directions."""
        self.texts.append(len(texts))
        return np.stack([self.direction(text) for text in texts])

    def direction(self, text: str) -> np.ndarray:
        """Return a text's direction, float32 (E,), of unit length."""
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        vector = np.random.default_rng(seed).normal(size=self.embedding_dim).astype(np.float32)
        unit: np.ndarray = vector / np.linalg.norm(vector)
        return unit


def word_library(
    folder: Path, texts: Sequence[str], *, noise: float = 0.8, model: WordEncoder | None = None
) -> Library:
    """Make a library with a video of one segment for each text, about as near to it as a model brings them."""
    model = model or WordEncoder()
    uri = str(folder / "words.lance")
    store = Store.create(uri, model.fingerprint().to_dict())
    store.write([word_row(model, text, noise=noise) for text in texts])
    return Library(uri, model=model)


def word_row(model: WordEncoder, text: str, *, noise: float = 0.8) -> Row:
    """Return the segment of a text."""
    vector = model.direction(text) + noise * model.direction(f"the noise of {text}")
    return Row(
        video_id=f"id of {text}",
        path=f"/made/{text}.mp4",
        start_seconds=0.0,
        end_seconds=5.0,
        vector=vector / np.linalg.norm(vector),
        duration_seconds=5.0,
        state=FileState(10, 1_700_000_000.0),
    )
