"""What is kept of a name that a library was taught, and how it looks in Arrow: one row a name.

Vectors are bytes of float32: a search reads them as they are, for any model's width.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from framecue.encoder import Fingerprint
from framecue.errors import LibraryError
from framecue.names.find import name_key
from framecue.names.taught import TaughtTokens

__all__ = ["PICTURES", "SCHEMA", "KeptExample", "KeptName", "name_of_row", "names_key", "row_of_name"]

PICTURES = ("thumbnail", "pictures")
"""The columns that a search does not read."""

_EXAMPLE = pa.struct(
    [
        pa.field("is_like", pa.bool_(), nullable=False),
        pa.field("path", pa.string()),
        pa.field("video_id", pa.string()),
        pa.field("start_seconds", pa.float64(), nullable=False),
        pa.field("end_seconds", pa.float64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("vector", pa.binary(), nullable=False),
        pa.field("rank", pa.int64()),
        pa.field("num_compared", pa.int64(), nullable=False),
        pa.field("texts", pa.list_(pa.string()), nullable=False),
    ]
)
SCHEMA = pa.schema(
    [
        # By this it is found: the name in lower case. A merge wants it under the name `path`.
        pa.field("path", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("tokens", pa.binary(), nullable=False),
        pa.field("num_tokens", pa.int64(), nullable=False),
        pa.field("stand_ins", pa.list_(pa.string()), nullable=False),
        pa.field("mean", pa.binary(), nullable=False),
        pa.field("direction", pa.binary()),
        pa.field("coarse", pa.string()),
        pa.field("asked_tokens", pa.int64()),
        pa.field("examples", pa.list_(_EXAMPLE), nullable=False),
        pa.field("made_for", pa.string(), nullable=False),
        pa.field("taught_at", pa.float64(), nullable=False),
        pa.field("notices", pa.list_(pa.string()), nullable=False),
        # Why it could not be taught again, and to which model.
        pa.field("failed_for", pa.string()),
        pa.field("failure", pa.string()),
        pa.field("thumbnail", pa.binary()),
        # Of each example, in the same order.
        pa.field("pictures", pa.list_(pa.binary()), nullable=False),
        # Likewise; a struct of a table cannot be given another field.
        pa.field("agrees", pa.list_(pa.bool_())),
    ]
)
_OF_EXAMPLE = ("path", "video_id", "start_seconds", "end_seconds", "kind", "rank", "num_compared")


@dataclass(frozen=True, eq=False)
class KeptExample:
    """An example as it is kept: where it is, and what it was for the model.

    Attributes:
        path: absolute path of the file, as it was; None for a picture that was given in memory.
        video_id: hash of the file's content; None likewise.
        start_seconds: where the moment starts; 0 for a picture.
        end_seconds: where it ends; 0 for a picture.
        kind: "video" or "image".
        vector: float32 (E,), unit length.
        picture: of a picture that the library does not hold, as WebP, scaled; None for all else, and where it was not
            read.
        rank: its leave-one-out rank, 1 for the first; None where that cannot be said.
        num_compared: of how many moments that is the rank.
        texts: captions of it and words at the moment, with ``{}`` where the name belongs.
        agrees: whether it goes together with the other examples, however many moments come before it; None where that
            was not told.
    """

    path: str | None
    video_id: str | None
    start_seconds: float
    end_seconds: float
    kind: str
    vector: np.ndarray = field(repr=False)
    picture: bytes | None = field(default=None, repr=False)
    rank: int | None = None
    num_compared: int = 0
    texts: tuple[str, ...] = ()
    agrees: bool | None = None


@dataclass(frozen=True, eq=False)
class KeptName:
    """A name as it is kept.

    Attributes:
        tokens: what the text encoder reads in its place; ``tokens.name`` is the name as the person wrote it.
        mean: float32 (E,), unit length: of the examples.
        coarse: the ordinary word that it was learnt from.
        examples: what it means.
        unlike: what it does not mean.
        thumbnail: a small WebP picture of the first example; None if there is none, and where it was not read.
        made_for: what tells the model that it was taught to, as :func:`names_key` gives it.
        taught_at: seconds since 1970.
        num_tokens: how many tokens were asked for; None where the model chose.
        notices: what there is to say of its examples.
        failed_for: of another model, to which it could not be taught again; None if that was not tried.
        failure: why.
        direction: float32 (E,), unit length: in which direction the examples differ from other moments of the library;
            None where that was not told.
    """

    tokens: TaughtTokens
    mean: np.ndarray = field(repr=False)
    coarse: str | None
    examples: tuple[KeptExample, ...]
    unlike: tuple[KeptExample, ...]
    thumbnail: bytes | None = field(repr=False)
    made_for: str = field(repr=False)
    taught_at: float
    num_tokens: int | None = None
    notices: tuple[str, ...] = ()
    failed_for: str | None = field(default=None, repr=False)
    failure: str | None = None
    direction: np.ndarray | None = field(default=None, repr=False)

    @property
    def examples_vector(self) -> np.ndarray:
        """What a search by the examples looks for, float32 (E,), unit length: the direction, or else their mean."""
        return self.mean if self.direction is None else self.direction

    @property
    def name(self) -> str:
        """The name, as the person wrote it."""
        return self.tokens.name

    @property
    def key(self) -> str:
        """By what it is found."""
        return name_key(self.name)


def names_key(fingerprint: Mapping[str, Any]) -> str:
    """Return what tells the model that names are taught to, wherever its weights lie.

    Args:
        fingerprint: the document of it that a library stores.

    Raises:
        LibraryError: it is damaged.
    """
    return json.dumps(Fingerprint.from_dict(fingerprint).content(), sort_keys=True)


def row_of_name(name: KeptName) -> dict[str, Any]:
    """Return a name as a row of SCHEMA."""
    every = [(True, example) for example in name.examples] + [(False, example) for example in name.unlike]
    return {
        "path": name.key,
        "name": name.name,
        "tokens": _bytes(name.tokens.vectors),
        "num_tokens": len(name.tokens.vectors),
        "stand_ins": list(name.tokens.stand_ins),
        "mean": _bytes(name.mean),
        "direction": None if name.direction is None else _bytes(name.direction),
        "coarse": name.coarse,
        "asked_tokens": name.num_tokens,
        "examples": [
            {
                **{field: getattr(example, field) for field in _OF_EXAMPLE},
                "is_like": is_like,
                "vector": _bytes(example.vector),
                "texts": list(example.texts),
            }
            for is_like, example in every
        ],
        "made_for": name.made_for,
        "taught_at": name.taught_at,
        "notices": list(name.notices),
        "failed_for": name.failed_for,
        "failure": name.failure,
        "thumbnail": name.thumbnail,
        "pictures": [example.picture for _, example in every],
        "agrees": [example.agrees for _, example in every],
    }


def name_of_row(uri: str, row: Mapping[str, Any]) -> KeptName:
    """Return the name in a row, with or without the columns of pictures.

    Raises:
        LibraryError: it is damaged.
    """
    try:
        tokens = np.frombuffer(row["tokens"], dtype=np.float32).reshape(row["num_tokens"], -1)
        pictures, agrees = (row.get(name) or [None] * len(row["examples"]) for name in ("pictures", "agrees"))
        every = [
            (
                found["is_like"],
                KeptExample(
                    **{field: found[field] for field in _OF_EXAMPLE},
                    vector=np.frombuffer(found["vector"], dtype=np.float32),
                    picture=picture,
                    texts=tuple(found.get("texts") or ()),
                    agrees=is_one,
                ),
            )
            for found, picture, is_one in zip(row["examples"], pictures, agrees, strict=True)
        ]
        return KeptName(
            tokens=TaughtTokens(row["name"], tokens, tuple(row["stand_ins"])),
            mean=np.frombuffer(row["mean"], dtype=np.float32),
            coarse=row["coarse"],
            examples=tuple(example for is_like, example in every if is_like),
            unlike=tuple(example for is_like, example in every if not is_like),
            thumbnail=row.get("thumbnail"),
            made_for=row["made_for"],
            taught_at=row["taught_at"],
            num_tokens=row["asked_tokens"],
            notices=tuple(row["notices"]),
            failed_for=row.get("failed_for"),
            failure=row.get("failure"),
            direction=None if row.get("direction") is None else np.frombuffer(row["direction"], dtype=np.float32),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise LibraryError(
            f"what library {uri} keeps of the name {row.get('name')!r} is damaged ({error}); forget it, and teach it "
            "again"
        ) from error


def _bytes(vectors: np.ndarray) -> bytes:
    return np.ascontiguousarray(vectors, dtype=np.float32).tobytes()
