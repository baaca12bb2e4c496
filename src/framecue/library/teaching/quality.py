"""How good examples are: whether each is found by the others, and what there is to say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from framecue.library.search.usual import unit
from framecue.library.store.taught_names import KeptExample

__all__ = ["ENOUGH_EXAMPLES", "mean_vector", "notices_of", "ranked"]

ENOUGH_EXAMPLES = 3
"""With so many examples a name is usually understood."""
# An example stands apart if the others put it behind more than this share of the library's moments, and this many.
_APART_SHARE, _APART_RANK = 0.1, 10


def mean_vector(examples: Sequence[KeptExample]) -> np.ndarray:
    """Return the mean of examples' vectors, float32 (E,) of unit length; the first one where they cancel out."""
    mean = np.mean([example.vector.astype(np.float64) for example in examples], axis=0)
    direction = unit(mean)
    return examples[0].vector if direction is None else direction


def ranked(examples: Sequence[KeptExample], others: np.ndarray) -> tuple[KeptExample, ...]:
    """Return examples with their leave-one-out ranks.

    Each takes part in a search by the mean of the other examples, among other moments: its rank is 1 if none of these
    is nearer to that mean.

    Args:
        examples: what a name means.
        others: float32 (M, E), unit length: other moments of the library.
    """
    if len(examples) < 2:
        return tuple(replace(example, rank=None, num_compared=0) for example in examples)
    found = []
    for number, example in enumerate(examples):
        query = mean_vector([*examples[:number], *examples[number + 1 :]])
        nearer = int((others @ query > float(example.vector @ query)).sum()) if len(others) else 0
        found.append(replace(example, rank=nearer + 1, num_compared=len(others) + 1))
    return tuple(found)


def notices_of(examples: Sequence[KeptExample]) -> tuple[str, ...]:
    """Return what there is to say of ranked examples, each a sentence for a person."""
    if len(examples) == 1:
        return (
            f"One example alone says little of what is meant: {ENOUGH_EXAMPLES} or more, in different places and from "
            "different sides, are better.",
        )
    apart = [example for example in examples if _is_apart(example)]
    if len(examples) == 2 and len(apart) == 2:
        return ("The two examples have little in common: give more, so that it can be told which is meant.",)
    return tuple(
        f"{_name(example)} stands apart: searched for by the other examples, it comes in place {example.rank} of "
        f"{example.num_compared}; teach the name anew without it, or give more examples like it."
        for example in apart
    )


def _is_apart(example: KeptExample) -> bool:
    return example.rank is not None and example.rank > max(_APART_RANK, _APART_SHARE * example.num_compared)


def _name(example: KeptExample) -> str:
    if example.path is None:
        return "A picture that was given in memory"
    if example.kind == "image":
        return example.path
    return f"{example.path} at {example.start_seconds:.1f} to {example.end_seconds:.1f} s"
