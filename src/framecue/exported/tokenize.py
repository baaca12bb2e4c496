"""Texts to token ids by a ``tokenizer.json``, with the package `tokenizers` alone."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from framecue.errors import ModelError, first_line
from framecue.known_words import Piece, pieces_of

__all__ = ["TextTokenizer"]


class TextTokenizer:
    """Gives the ids that a model's own tokenizer gives.

    The file says everything: also to how many tokens texts are cut, and to how many they are padded, if at all.

    Args:
        file: a ``tokenizer.json``.

    Raises:
        ModelError: it is not there, or cannot be read.
    """

    def __init__(self, file: str | os.PathLike[str]) -> None:
        try:
            self._tokenizer: Tokenizer = Tokenizer.from_str(Path(file).read_text(encoding="utf-8"))
        except Exception as error:
            raise ModelError(f"{file}: the tokenizer cannot be read: {first_line(error)}") from error

    def encode(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids of a text, int64 (T,), and a mask of the same shape and type that is 0 on padding."""
        encoded = self._tokenizer.encode(text)
        return np.array(encoded.ids, dtype=np.int64), np.array(encoded.attention_mask, dtype=np.int64)

    def pieces(self, text: str) -> list[Piece]:
        """Return the pieces that a text is cut into, without marks for its beginning and end."""
        return pieces_of(self._tokenizer, self._tokenizer.encode(text))
