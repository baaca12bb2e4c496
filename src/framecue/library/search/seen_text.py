"""What of a text a model is asked to see: the words that it was made for.

In one box a text may ask for something that is seen and for something that is said, written or a name. Words that a
model was never trained on lead the vector of the whole text astray, and other legs look for them; so what is looked for
in what is seen is the rest.
"""

from __future__ import annotations

from itertools import groupby

from framecue.encoder import Encoder, known_share_of
from framecue.library.store.words import says_something

__all__ = ["seen_text"]

# A word of several parts, as with a hyphen, is known if half of it is.
_KNOWN_FROM = 0.5


def seen_text(model: Encoder, text: str) -> str:
    """Return a text without the words that a model was not made for; the text itself if nothing else says anything.

    Left out with them are common words that stand among them, such as "the" and "of": by themselves they say nothing.

    Args:
        model: reads it. One that cannot tell its words is given the text as it is.
        text: any that it can encode.

    Raises:
        InputError: the text is empty, too long or not Unicode.
    """
    if known_share_of(model, [text])[0] == 1:
        return text
    words = text.split()
    shares = known_share_of(model, words)
    pairs = zip(words, (shares >= _KNOWN_FROM).tolist(), strict=True)
    runs = (" ".join(word for word, _ in run) for is_known, run in groupby(pairs, lambda pair: pair[1]) if is_known)
    return " ".join(run for run in runs if says_something(run)) or text
