"""Texts to token ids by a ``tokenizer.json``, with the package `tokenizers` alone."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from framecue.errors import ModelError, first_line

__all__ = ["TextTokenizer", "spans_of"]


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

    def unknown_spans(self, text: str) -> list[tuple[int, int]]:
        """Return the parts of a text that all become one and the same id: (start, end) in characters, in order."""
        encoded = self._tokenizer.encode(text)
        return spans_of(self._unknown, encoded.ids, encoded.offsets)

    @cached_property
    def _unknown(self) -> int | None:
        """The id of whatever has none; None where everything has one."""
        model = json.loads(self._tokenizer.to_str())["model"]
        if model.get("unk_id") is not None:
            return int(model["unk_id"])
        name = model.get("unk_token")
        number: int | None = None if name is None else self._tokenizer.token_to_id(name)
        return number


def spans_of(wanted: int | None, ids: Sequence[int], spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the parts of a text, not empty, that have become an id, in order.

    Args:
        wanted: the id; None for none.
        ids: of the text.
        spans: (start, end) in characters of what has become each of them.
    """
    return [(start, end) for one, (start, end) in zip(ids, spans, strict=True) if one == wanted and end > start]
