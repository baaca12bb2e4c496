"""The table of the names that a library was taught: one row a name, with all that a search and another model need.

It is made when the first name is taught; a library without one has no such table. A name's row is written in one
commit, so a run that is killed while it teaches leaves the name as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from framecue.names.taught import TaughtTokens

__all__ = ["KeptExample", "KeptName"]


@dataclass(frozen=True, eq=False)
class KeptExample:
    """An example as it is kept: where it is, and what it was for the model.

    Attributes:
        path: absolute path of the file, as it was; None for a picture that was given in memory.
        video_id: hash of the file's content; None likewise.
        start_seconds: where the moment starts; 0 for a picture.
        end_seconds: where it ends; 0 for a picture.
        kind: "video" or "image".
        picture: of a picture that the library does not hold, its bytes as WebP, scaled; None for all else.
        vector: float32 (E,), unit length.
        rank: its leave-one-out rank, 1 for the first; None where that cannot be said.
        num_compared: of how many moments that is the rank.
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


@dataclass(frozen=True, eq=False)
class KeptName:
    """A name as it is kept.

    Attributes:
        tokens: what the text encoder reads in its place; ``tokens.name`` is the name as the person wrote it.
        mean: float32 (E,), unit length: of the examples.
        coarse: the ordinary word that it was learnt from.
        examples: what it means.
        unlike: what it does not mean.
        thumbnail: a small WebP picture of the first example; None if there is none.
        made_for: what tells the model that it was taught to, as :func:`names_key` gives it.
        taught_at: seconds since 1970.
        num_tokens: how many tokens were asked for; None where the model chose.
        notices: what there is to say of its examples.
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

    @property
    def name(self) -> str:
        """The name, as the person wrote it."""
        return self.tokens.name


# The store has, as ``Store.names`` (a TaughtNames):
#   read() -> list[KeptName]           all, by name; read again only after a new commit; no table: quick, []
#   fitting() -> list[KeptName]        those that were taught to the library's model: what a search understands
