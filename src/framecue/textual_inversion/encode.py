"""Texts with taught names through a method's own forward pass.

Shapes: N texts, T tokens, P taught tokens, D the text tower's width, E the joint embedding's width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from framecue.backbone import Backbone
from framecue.errors import ModelError
from framecue.methods import Method
from framecue.names.stand_ins import Encode, NamedText, read_names
from framecue.names.taught import TaughtTokens
from framecue.textual_inversion.inserted import inserted

__all__ = ["Tokenize", "encode_by", "named_features", "read_texts"]

Tokenize = Callable[[list[str]], tuple[Tensor, Tensor]]
"""Turns texts into ids (N, T) and a mask (N, T), cut to what the method takes."""

_KEPT_TEXTS = 512


def encode_by(tokenize: Tokenize) -> Encode:
    """Return what encodes one text, in NumPy, and keeps what it has encoded: stand-ins are looked at for each text."""

    @lru_cache(maxsize=_KEPT_TEXTS)
    def encode(text: str) -> tuple[np.ndarray, np.ndarray]:
        ids, mask = tokenize([text])
        return ids[0].numpy(), mask[0].numpy()

    return encode


def read_texts(
    backbone: Backbone, tokenize: Tokenize, texts: Sequence[str], names: Sequence[TaughtTokens]
) -> list[NamedText | None]:
    """Return each text as the tower reads it, None for one without a name.

    Raises:
        ModelError: the names were taught to another model.
        InputError: as :func:`~framecue.names.stand_ins.read_names` raises it.
    """
    width = backbone.token_embedding.embedding_dim
    for name in names:
        if name.vectors.ndim != 2 or name.vectors.shape[1] != width:
            raise ModelError(
                f"{name.name!r} was taught to another model: its vectors are {name.vectors.shape[-1]} wide, and "
                f"{backbone.name} reads vectors that are {width} wide; teach it again"
            )
    encode = encode_by(tokenize)
    return [read_names(text, names, encode) for text in texts]


def named_features(method: Method, backbone: Backbone, tokenize: Tokenize, texts: Sequence[NamedText]) -> Tensor:
    """Return the features of texts with names, (N, E) or (N, 1 + T, E), not normalised; see `Method.encode_text`."""
    ids, mask = tokenize([each.text for each in texts])
    rows = np.concatenate([np.full(len(each.places), row) for row, each in enumerate(texts)])
    places = np.concatenate([each.places for each in texts])
    vectors = np.concatenate([each.vectors for each in texts])
    device = backbone.token_embedding.weight.device
    with inserted(
        backbone.token_embedding,
        rows=torch.from_numpy(rows.astype(np.int64)),
        places=torch.from_numpy(places),
        vectors=torch.from_numpy(vectors),
        num_texts=len(texts),
    ):
        return method.encode_text(backbone, ids.to(device), mask.to(device))
