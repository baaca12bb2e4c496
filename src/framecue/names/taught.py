"""What a text encoder reads in place of a name that it was taught, and what it is taught from.

Shapes: N tokens a name, D the text tower's width, K examples, E the joint embedding's width.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

__all__ = ["MOST_EXAMPLES", "MOST_TOKENS", "Lesson", "TaughtTokens"]

MOST_TOKENS = 4
"""The most token embeddings that one name may have."""
MOST_EXAMPLES = 200
"""The most examples that one name may have in all, of what it means and of what it does not mean."""


@dataclass(frozen=True, eq=False)
class TaughtTokens:
    """Token embeddings that stand for a name at the input of a frozen text tower (textual inversion, Gal et al. 2023).

    Attributes:
        name: as the person wrote it.
        vectors: float32 (N, D), N from 1 to `MOST_TOKENS`.
        stand_ins: words that are one token each for the model's tokenizer; a text with the name is tokenised with one
            of them, N times, in its place, and the embeddings of these tokens are replaced by ``vectors``. There are
            several, as a text may have one of the words itself, and every name in a text needs its own.
    """

    name: str
    vectors: np.ndarray = field(repr=False)
    stand_ins: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a name is learnt from.

    Attributes:
        name: the name.
        examples: float32 (K, E), unit length: the embeddings of what it means, by the method's own video path.
        unlike: float32 (U, E), unit length: of what it does not mean, though it looks alike; U may be 0.
        others: float32 (M, E), unit length: of other moments of the library, which are taken for not meant.
        coarse: an ordinary word for the kind of thing ("dog"), from which learning starts; None for none.
        texts: captions of examples, with ``{}`` where the name belongs, each with the number of its example.
        num_tokens: N; None for as many as the learner thinks best.
        seed: of everything that is drawn.
    """

    name: str
    examples: np.ndarray = field(repr=False)
    others: np.ndarray = field(repr=False)
    unlike: np.ndarray = field(repr=False)
    coarse: str | None = None
    texts: tuple[tuple[str, int], ...] = ()
    num_tokens: int | None = None
    seed: int = 0
