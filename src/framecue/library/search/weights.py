"""How much each leg of a search counts, and what makes it count: the one table of all numbers of the fusion."""

from __future__ import annotations

from dataclasses import dataclass, fields

from framecue.checks import is_number
from framecue.errors import InputError

__all__ = ["WEIGHTS", "LegWeights"]


@dataclass(frozen=True, kw_only=True)
class LegWeights:
    """The numbers by which one box puts moments in order.

    Each leg gives a moment a strength in [0, 1], and a share `certain` of it is the chance that the moment is what was
    asked for. A moment is worth the sum over the legs of a weight and the negative logarithm of one less that chance,
    as if each were right or wrong by itself. The strength of what is seen is its cosine on a scale from the middle of
    the nearest segments, 0, to the nearest, 1, times how surely that is what was asked for; that of words is how much
    of the query they are, and that of a meaning is its confidence. So a leg that has found nothing adds nothing, and
    the others' order stays.

    Args:
        certain: the chance of what has a strength of 1, less than 1: the nearer to that, the less two that are half
            sure count beside one that is sure.
        seen: how much it counts that a segment looks like the query.
        doubt: the power of how surely the nearest is what was asked for: the less, the more what is half sure counts.
        enough: the confidence from which on the nearest is taken to be it: how well it fits is told by the scale.
        unsure: the strength of the nearest if it surely is not: some segment is always the nearest. It is less where
            the model does not know all words of the query.
        said: how much a sentence counts that has words of the query.
        written: likewise, what is to be read in the picture.
        named: likewise, the name of a file and of the folders it is in.
        captions: likewise, a caption.
        meaning: likewise, a passage that means the same.
        least_coverage: a text with no more than this share of the query's words, the rarer ones counting for more, is a
            hint at most, unless somebody asks its leg alone.
        sharpness: the power of what is above that share: the higher, the less some of the words are worth beside all.
        hint: what a share of the words is worth in any case, times that share: it decides between moments that look
            alike, and no more.
        run: what several words of the query in a row are worth, however many others it has.
        run_words: how many words in a row that takes; two are enough where a text has no others.
        scattered: what a sentence is worth in which the words stand apart, beside one that has them as they are.
        misheard: what a phrase is worth that was heard with another form of a word, beside one word for word.
        rest: what words of the query are worth in one leg that another leg's text at the same moment lacks, if they
            are all that it lacks.
        unread: how much it counts that words of the query which the model of what is seen does not know are told where
            something is seen that looks like the others.
        elsewhere: words that a leg has found elsewhere in the same video are worth this much of what they are worth
            there.
        seen_elsewhere: likewise, what is seen.
        examples_alone: the share that the examples of a taught name have in what is seen, beside the text, where a
            query says nothing but the name; both are on the scale of what is usual in the library.
        examples_beside: likewise, where it says more.
        right: how much the mean of what somebody has marked as right counts beside a query, on the same scale.
        wrong: likewise, how much a search leads away from what was marked as wrong.

    Raises:
        InputError: a value makes no sense.
    """

    certain: float = 0.7
    seen: float = 1.0
    enough: float = 0.6
    doubt: float = 1.0
    unsure: float = 0.05
    said: float = 1.35
    written: float = 1.8
    named: float = 1.8
    captions: float = 1.3
    meaning: float = 0.6
    least_coverage: float = 0.5
    sharpness: float = 2.0
    hint: float = 0.2
    run: float = 0.8
    run_words: int = 3
    scattered: float = 0.9
    misheard: float = 0.9
    rest: float = 0.4
    unread: float = 0.8
    elsewhere: float = 0.35
    seen_elsewhere: float = 0.5
    examples_alone: float = 0.85
    examples_beside: float = 0.1
    right: float = 1.0
    wrong: float = 0.25

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not is_number(value) or value < 0:
                raise InputError(f"{item.name} is {value!r}; it must be a number, 0 or more")
        if self.enough <= 0:
            raise InputError(f"enough is {self.enough!r}; it is a confidence, more than 0")
        for name in ("certain", "least_coverage", "elsewhere", "seen_elsewhere"):
            if getattr(self, name) >= 1:
                raise InputError(f"{name} is {getattr(self, name)!r}; it is a share, less than 1")
        for name in ("examples_alone", "examples_beside"):
            if getattr(self, name) > 1:
                raise InputError(f"{name} is {getattr(self, name)!r}; it is a share, 1 at most")

    def of(self, leg: str) -> float:
        """Return how much a leg counts."""
        value: float = getattr(self, leg)
        return value


WEIGHTS = LegWeights()
"""Those that are used."""
