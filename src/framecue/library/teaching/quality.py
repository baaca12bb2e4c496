"""How good examples are: whether each is found by the others, and what there is to say of them.

A place among the library's moments is one half of it. Where many moments show the same as the examples, these come
before them, and a good example has a bad place. So it is asked as well whether the examples go together: whether they
have more in common than as many moments of this library that are drawn by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from framecue.library.search.usual import unit
from framecue.library.store.taught_names import KeptExample

__all__ = ["ENOUGH_EXAMPLES", "agreement", "mean_vector", "notices_of", "ranked"]

ENOUGH_EXAMPLES = 3
"""With so many examples a name is usually understood."""
# An example stands apart if the others put it behind more than this share of the library's moments, and this many.
_APART_SHARE, _APART_RANK = 0.1, 10
# Examples go together if so large a share of what chance draws has less in common; one of them does if it has at least
# so large a share of what the others have in common, beyond what any two moments have.
_SURELY, _BELONGS = 0.9, 0.5
_NUM_DRAWN = 500
# From fewer moments chance draws the same again and again.
_LEAST_OTHERS = 10


def mean_vector(examples: Sequence[KeptExample]) -> np.ndarray:
    """Return the mean of examples' vectors, float32 (E,) of unit length; the first one where they cancel out."""
    mean = np.mean([example.vector.astype(np.float64) for example in examples], axis=0)
    direction = unit(mean)
    return examples[0].vector if direction is None else direction


def ranked(examples: Sequence[KeptExample], others: np.ndarray) -> tuple[KeptExample, ...]:
    """Return examples with their leave-one-out ranks.

    Each takes part in a search by the mean of the other examples, among other moments: its rank is 1 if none of these
    is nearer to that mean. Whether it agrees with them does not depend on how many moments show the same.

    Args:
        examples: what a name means.
        others: float32 (M, E), unit length: other moments of the library.
    """
    if len(examples) < 2:
        return tuple(replace(example, rank=None, num_compared=0, agrees=None) for example in examples)
    found = []
    agree = _agreeing(np.stack([example.vector for example in examples]), others)
    for number, (example, agrees) in enumerate(zip(examples, agree, strict=True)):
        query = mean_vector([*examples[:number], *examples[number + 1 :]])
        nearer = int((others @ query > float(example.vector @ query)).sum()) if len(others) else 0
        found.append(replace(example, rank=nearer + 1, num_compared=len(others) + 1, agrees=agrees))
    return tuple(found)


def agreement(examples: np.ndarray, others: np.ndarray) -> float | None:
    """Return which share of what chance draws has less in common than some examples, in [0, 1]; the same each time.

    What vectors have in common is the mean cosine of any two of them, and each draw has as many moments as there are
    examples (a permutation test). So a library whose moments are all alike asks for more than one of many kinds.

    Args:
        examples: float32 (K, E), unit length, two or more.
        others: float32 (M, E), unit length: moments of the library.

    Returns:
        None where there are too few others to draw from.
    """
    num = len(examples)
    if len(others) < max(_LEAST_OTHERS, 2 * num):
        return None
    order = np.random.default_rng(0).random((_NUM_DRAWN, len(others)))
    is_drawn = np.zeros_like(order, dtype=np.float32)
    np.put_along_axis(is_drawn, np.argpartition(order, num - 1, axis=1)[:, :num], 1.0, axis=1)
    drawn = _in_common(is_drawn @ others, num)
    # What is the same to within rounding has no less.
    return float(np.mean(drawn < _in_common(examples.sum(axis=0), num) - 1e-6))


def _agreeing(examples: np.ndarray, others: np.ndarray) -> list[bool | None]:
    """Return of each example, (K, E), whether it goes together with the rest; None where that cannot be told."""
    num, share = len(examples), agreement(examples, others)
    if share is None:
        return [None] * num
    if share < _SURELY or num == 2:
        return [share >= _SURELY] * num
    usual = _in_common(others.sum(axis=0), len(others))
    total = examples.sum(axis=0)
    own = [float(example @ (total - example)) / (num - 1) - usual for example in examples]
    theirs = [_in_common(total - example, num - 1) - usual for example in examples]
    return [bool(rest > 0 and one >= _BELONGS * rest) for one, rest in zip(own, theirs, strict=True)]


def _in_common(total: np.ndarray, num: int) -> np.ndarray:
    """Return the mean cosine of any two of some unit vectors, float64 (...).

    Args:
        total: (..., E), their sum.
        num: how many they are, two or more.
    """
    squares = (total.astype(np.float64) ** 2).sum(axis=-1)
    return np.asarray((squares - num) / (num * (num - 1)), dtype=np.float64)


def notices_of(examples: Sequence[KeptExample]) -> tuple[str, ...]:
    """Return what there is to say of ranked examples, each a sentence for a person."""
    if len(examples) == 1:
        return (
            f"One example alone says little of what is meant: {ENOUGH_EXAMPLES} or more, in different places and from "
            "different sides, are better.",
        )
    apart = [example for example in examples if _is_apart(example)]
    if len(examples) == 2 and len(apart) == 2:
        return (
            "The two examples have little in common that other moments of the library have not: give more, so that it "
            "can be told what is meant.",
        )
    return tuple(
        f"{_name(example)} stands apart: searched for by the other examples, it comes in place {example.rank} of "
        f"{example.num_compared}; teach the name anew without it, or give more examples like it."
        for example in apart
    )


def _is_apart(example: KeptExample) -> bool:
    is_far = example.rank is not None and example.rank > max(_APART_RANK, _APART_SHARE * example.num_compared)
    return is_far and not example.agrees


def _name(example: KeptExample) -> str:
    if example.path is None:
        return "A picture that was given in memory"
    if example.kind == "image":
        return example.path
    return f"{example.path} at {example.start_seconds:.1f} to {example.end_seconds:.1f} s"
