"""Sentences in which a name is learnt, as the text tower reads them.

Shapes: N tokens of the name, C companions of an example.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from framecue.names.stand_ins import Encode, read_names
from framecue.names.taught import TaughtTokens
from framecue.names.templates import BESIDE, filled_in

__all__ = ["Context", "read_contexts"]

# No template and no text has them, whatever the name is.
_NAME, _COMPANION = "qzxjv", "qzxjw"


@dataclass(frozen=True, eq=False)
class Context:
    """A sentence with the name in it.

    Attributes:
        text: with stand-ins for what is learnt.
        places: int64 (P,), which of its tokens are learnt.
        which: int64 (P,), what is learnt there: 0 to N - 1 the name's tokens, from N on the example's companions.
        example: the number of the example that it is about.
    """

    text: str
    places: np.ndarray = field(repr=False)
    which: np.ndarray = field(repr=False)
    example: int


def read_contexts(
    encode: Encode,
    texts: Iterable[tuple[str, int]],
    *,
    stand_ins: Sequence[str],
    num_tokens: int,
    num_companions: int,
) -> list[Context]:
    """Return sentences as a text tower reads them; those that it cuts before all of the name is there are left out.

    Args:
        encode: the model's tokenizer.
        texts: with ``{}`` for the name and `BESIDE` for companions, each with the number of its example.
        stand_ins: words that are one token each.
        num_tokens: N.
        num_companions: C, how many tokens `BESIDE` is read as.
    """
    # What is read in the places are numbers, by which it is known what belongs there.
    numbers = np.arange(num_tokens + num_companions, dtype=np.float32)[:, None]
    learnt = [
        TaughtTokens(_NAME, numbers[:num_tokens], tuple(stand_ins)),
        TaughtTokens(_COMPANION, numbers[num_tokens:], tuple(stand_ins)),
    ]
    found = []
    for text, example in texts:
        read = read_names(filled_in(text, _NAME).replace(BESIDE, _COMPANION), learnt, encode)
        if read is None:
            continue
        which = read.vectors[:, 0].astype(np.int64)
        if set(range(num_tokens)) <= set(which.tolist()):
            found.append(Context(read.text, read.places, which, example))
    return found
