"""What turns sentences into vectors by which meanings are compared, seen from a library: no model is imported here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from framecue.errors import LibraryError
from framecue.paths import absolute_path, is_dir, user_path

__all__ = ["DEFAULT_SENTENCE_MODEL", "SentenceEncoder", "SentenceFingerprint"]

DEFAULT_SENTENCE_MODEL = "intfloat/multilingual-e5-small"
"""The sentence encoder that is taken where none is named.

It was trained to find passages by questions, in about a hundred languages, and across them; its licence is MIT. It is
small: 12 layers of width 384, 118 million numbers, of which the layers, which cost the time, are a fifth: 0.47 GB to
download once. `paraphrase-multilingual-MiniLM-L12-v2` is as large and as fast, but reads 128 tokens, about half of what
is said quickly in 30 seconds, and was trained to compare sentences with each other.
"""


@dataclass(frozen=True, kw_only=True)
class SentenceFingerprint:
    """The identity of a sentence encoder: two with equal fingerprints give equal vectors, up to rounding.

    Attributes:
        model: its name on the hub, or its folder.
        revision: the hub's commit, or a hash of the folder's files.
        embedding_dim: the width E of its vectors.
        max_tokens: where it cuts texts.
        query_prompt: what is put in front of what is searched for.
        passage_prompt: what is put in front of what is found.
    """

    model: str
    revision: str
    embedding_dim: int
    max_tokens: int
    query_prompt: str = ""
    passage_prompt: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the document that a library keeps and ``framecue info --json`` prints."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> SentenceFingerprint:
        """Return the fingerprint in a document that a library keeps.

        Raises:
            LibraryError: it is not one, or one of a later framecue.
        """
        try:
            return cls(**document)
        except TypeError as error:
            raise LibraryError(
                f"the fingerprint of the library's sentence encoder is damaged, or a later framecue's: {error}"
            ) from error

    def places(self) -> list[str]:
        """Return where its files are."""
        return [self.model]

    def content(self) -> dict[str, Any]:
        """Return what it computes, wherever its files are."""
        return {name: value for name, value in self.to_dict().items() if name != "model"}

    @property
    def key(self) -> str:
        """The text by which a library tells whether passages were made by this very encoder."""
        return json.dumps(self.content(), sort_keys=True)

    def named(self, name: str) -> SentenceFingerprint:
        """Return the same at another place."""
        return replace(self, model=name)

    def with_absolute_place(self) -> SentenceFingerprint:
        """Return the fingerprint with an absolute folder, so that its model is found from any working folder."""
        folder = user_path(self.model)
        return replace(self, model=absolute_path(folder)) if is_dir(Path(folder)) else self


class SentenceEncoder(Protocol):
    """Turns sentences and passages into vectors; it is made once and asked many times."""

    def __hash__(self) -> int:
        """Return a number for it, as what is found out about an encoder is kept for that very one."""

    @property
    def fingerprint(self) -> SentenceFingerprint:
        """What it is; known without loading a model."""

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Turn what is searched for into embeddings float32 (N, E) of unit length.

        Raises:
            InputError: there is no text, or one has only spaces or cannot be encoded.
            ModelError: the model can no longer be found, or gives no numbers.
        """

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        """Turn what is to be found into embeddings float32 (N, E) of unit length.

        Raises:
            InputError: there is no text, or one has only spaces or cannot be encoded.
            ModelError: the model can no longer be found, or gives no numbers.
        """

    def known_part(self, text: str) -> str:
        """Return a text without the words and signs that it knows nothing of; empty if it knows none.

        It takes all of these for one and the same, so that to it two texts of them mean the same.

        Raises:
            ModelError: the model can no longer be found.
        """
