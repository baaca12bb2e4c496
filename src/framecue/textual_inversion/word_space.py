"""Where a text tower expects words of a kind: the mean of their token embeddings, and how they differ.

A token that is learnt freely tells everything about its few examples, also what they do and what else is there, and
then it does not go together with other words. One that stays among those of known words does (measured by
`benchmarks/teach.py`): it can say of a thing what words say of things.

Shapes: W words, N tokens, D the text tower's width, R directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from framecue.errors import InputError
from framecue.textual_inversion.encode import Tokenize

__all__ = ["WordSpace", "ids_of_tokens", "known_ids"]

# With fewer words, how they differ is hardly known, and all of the tower's tokens are taken in their place.
_LEAST_WORDS = 12
_MOST_TOKENS = 4096
# Of the widest direction, what is a direction at all.
_THINNEST = 1e-3


@dataclass(frozen=True, eq=False)
class WordSpace:
    """The token embeddings of known words, as a normal distribution.

    Attributes:
        centre: float32 (D,).
        directions: float32 (R, D), at right angles, each as long as the standard deviation along it.
    """

    centre: Tensor = field(repr=False)
    directions: Tensor = field(repr=False)

    @classmethod
    def of(cls, embeddings: Tensor) -> WordSpace:
        """Return the space of embeddings (W, D) of words; W is at least 2."""
        given = embeddings.detach().to("cpu", torch.float64)
        centre = given.mean(dim=0)
        _, lengths, directions = torch.linalg.svd((given - centre) / len(given) ** 0.5, full_matrices=False)
        kept = lengths > _THINNEST * lengths[0]
        return cls(centre.float(), (lengths[kept, None] * directions[kept]).float())

    @classmethod
    def of_words(cls, table: Tensor, ids: Sequence[int]) -> WordSpace:
        """Return the space of words by their ids; of too few, that of tokens from all over the table (V, D)."""
        if len(ids) >= _LEAST_WORDS:
            return cls.of(table[list(ids)])
        return cls.of(table[:: -(-len(table) // _MOST_TOKENS)])

    def coordinates(self, vectors: Tensor) -> Tensor:
        """Return where vectors (N, D) lie, (N, R), in standard deviations; what is outside of the space is left out."""
        squares = self.directions.square().sum(dim=1)
        return (vectors.detach().cpu().float() - self.centre) @ self.directions.T / squares

    def vectors(self, coordinates: Tensor) -> Tensor:
        """Return the vectors (N, D) at coordinates (N, R)."""
        return self.centre + coordinates @ self.directions


def known_ids(tokenize: Tokenize, words: Sequence[str], stand_ins: Sequence[str]) -> dict[str, int]:
    """Return the words that are one token for a tokenizer, with their ids.

    Args:
        tokenize: the model's.
        words: any.
        stand_ins: words that are one token each.
    """
    if len(stand_ins) < 2:
        return {}
    # Behind another word, as some tokenizers have other tokens for words that begin a text.
    ids, _ = tokenize([f"{stand_ins[0]} {word}" for word in (*stand_ins[:2], *words)])
    own = ids.cpu().numpy()
    differing = np.flatnonzero(own[0] != own[1])
    if len(differing) != 1:
        return {}
    place = int(differing[0])
    same = np.delete(own[2:] == own[0], place, axis=1).all(axis=1)
    found = {word: int(row[place]) for word, row, is_one in zip(words, own[2:], same, strict=True) if is_one}
    # A word that a tokenizer does not know has the token of all such words.
    counts = np.unique(list(found.values()), return_counts=True)
    shared = {int(token) for token, count in zip(*counts, strict=True) if count > 1}
    return {word: token for word, token in found.items() if token not in shared}


def ids_of_tokens(tokenize: Tokenize, words: str, stand_ins: Sequence[str]) -> list[int]:
    """Return the ids of the tokens of some words, without those at a text's beginning and end.

    Args:
        tokenize: the model's.
        words: one word or several.
        stand_ins: words that are one token each.

    Raises:
        InputError: they have no token.
    """

    def behind_another(text: str) -> list[int]:
        ids, mask = tokenize([f"{stand_ins[0]} {text}"])
        return [int(one) for one in ids[0][mask[0].bool()]]

    own = behind_another(" ".join(words.split()))
    # What any two texts have in common at both ends is no word of theirs.
    first, second = behind_another(stand_ins[0]), behind_another(stand_ins[-1])
    begin = next((place for place, both in enumerate(zip(first, second, strict=False)) if both[0] != both[1]), 0)
    end = len(first) - begin - 1
    found = own[begin : len(own) - end] if words.strip() else []
    if not found:
        raise InputError(f"the coarse word {words!r} has no token for this model; give an ordinary word, such as dog")
    return found
