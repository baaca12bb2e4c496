"""Reading taught names in a text: words of the tokenizer stand in their places, and their embeddings are replaced.

A stand-in is a word of one token. It stands as often in a name's place as the name has vectors, so the tokenizer
itself cuts and pads the text, and the name takes part in both as any word does.

Shapes: T tokens a text, P of them taught, D the text tower's width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from framecue.errors import InputError, ModelError
from framecue.names.find import FoundName, find_names
from framecue.names.taught import TaughtTokens

__all__ = ["STAND_INS", "Encode", "NamedText", "choose_stand_ins", "read_names"]

Encode = Callable[[str], tuple[np.ndarray, np.ndarray]]
"""Turns a text into token ids int64 (T,) and a mask int64 (T,), 0 on padding; the text is cut where a model cuts it."""

STAND_INS = (
    *("umbrella", "mountain", "strawberry", "elephant", "butterfly", "camera", "rabbit", "garden", "flower", "window"),
    *("kitchen", "orange", "yellow", "silver", "purple", "bridge", "castle", "forest", "guitar", "hammer", "island"),
    *("jacket", "ladder", "market", "needle", "ocean", "pencil", "river", "school", "table", "train", "water"),
    *(
        "winter",
        "robot",
        "rocket",
        "turtle",
        "cloud",
        "star",
        "apple",
        "cheese",
        "carrot",
        "banana",
        "balloon",
        "tractor",
    ),
    *("before", "after", "while", "about", "right", "there", "small", "first", "left", "blue", "this", "that", "here"),
    *("dog", "cat", "car", "red", "man", "the", "and", "are"),
)
"""Words that may stand in: each tokenizer has some of them as one token."""

_ENOUGH = 24


@dataclass(frozen=True, eq=False)
class NamedText:
    """A text with names, as a text tower reads it.

    Attributes:
        text: with stand-ins in the names' places.
        ids: int64 (T,).
        mask: int64 (T,), 0 on padding.
        places: int64 (P,), which tokens are taught; empty where the model cuts the text before the first name.
        vectors: float32 (P, D), what these tokens are.
        names: that were found in the text, in its order.
    """

    text: str
    ids: np.ndarray = field(repr=False)
    mask: np.ndarray = field(repr=False)
    places: np.ndarray = field(repr=False)
    vectors: np.ndarray = field(repr=False)
    names: tuple[str, ...]


def choose_stand_ins(encode: Encode, candidates: Sequence[str] = STAND_INS) -> tuple[str, ...]:
    """Return words that are one token each for a tokenizer, wherever in a text they stand.

    Raises:
        ModelError: there is none.
    """
    chosen: list[str] = []
    for word in candidates:
        if _forms(encode, word) is not None:
            chosen.append(word)
        if len(chosen) == _ENOUGH:
            break
    if not chosen:
        raise ModelError("its tokenizer splits every ordinary word, so none can stand in for a name")
    return tuple(chosen)


def read_names(text: str, names: Sequence[TaughtTokens], encode: Encode) -> NamedText | None:
    """Return a text as a text tower reads it whose names were taught; None for a text without any of them.

    Args:
        text: as it was typed.
        names: all that were taught to the model.
        encode: the model's tokenizer.

    Raises:
        InputError: the text has all the words that could stand in for a name.
        ModelError: the tokenizer does not give the stand-ins as they were when the name was taught.
    """
    found = find_names(text, [name.name for name in names])
    if not found:
        return None
    taught: dict[str, TaughtTokens] = {}
    for name in names:
        taught.setdefault(name.name, name)
    tried = 0
    for words in _choices(text, found, taught):
        tried += 1
        read = _read(text, found, taught, words, encode)
        if read is not None:
            return read
    if not tried:
        raise InputError(f"the text {text[:40]!r}... has every word that could stand in for a name; make it shorter")
    raise ModelError(
        f"the tokenizer splits what stands in for {found[0].name!r}, so the name was taught to another model; "
        "teach it again"
    )


def _choices(text: str, found: Sequence[FoundName], taught: dict[str, TaughtTokens]) -> Iterator[dict[str, str]]:
    """Yield a stand-in for each name, none of which is in the text or stands for two names."""
    # Some tokenizers drop signs and spaces of some kinds, so a word may come about where none is written.
    letters = "".join(sign for sign in text.casefold() if sign.isalnum())
    different = list(dict.fromkeys(each.name for each in found))
    free = {name: [word for word in taught[name].stand_ins if word.casefold() not in letters] for name in different}
    for shift in range(max((len(words) for words in free.values()), default=0)):
        chosen: dict[str, str] = {}
        for name in different:
            turned = [*free[name][shift:], *free[name][:shift]]
            word = next((word for word in turned if word not in chosen.values()), None)
            if word is None:
                return
            chosen[name] = word
        yield chosen


def _read(
    text: str, found: Sequence[FoundName], taught: dict[str, TaughtTokens], words: dict[str, str], encode: Encode
) -> NamedText | None:
    """Return a text read with these stand-ins; None if the tokenizer gives others than were put in."""
    forms: dict[str, frozenset[int]] = {}
    for name, word in words.items():
        known = _forms(encode, word)
        if known is None:
            return None
        forms[name] = known
    if len(set[int]().union(*forms.values())) < sum(len(known) for known in forms.values()):
        return None
    expected = [(each.name, index) for each in found for index in range(len(taught[each.name].vectors))]
    of_id = {token: name for name, known in forms.items() for token in known}
    best: NamedText | None = None
    # First as it was typed, so that "Rex's" is read as "dog's" is. Where that makes another word of it, as in a script
    # without spaces, with spaces around it.
    for space in ("", " "):
        replaced = _replaced(text, found, taught, words, space)
        ids, mask = encode(replaced)
        places = [place for place, (token, real) in enumerate(zip(ids, mask, strict=True)) if real and token in of_id]
        if [of_id[int(ids[place])] for place in places] != [name for name, _ in expected[: len(places)]]:
            continue
        if len(places) < len(expected) and not _is_cut(replaced, ids, encode):
            continue
        if best is None or len(places) > len(best.places):
            best = NamedText(
                replaced,
                ids,
                mask,
                np.array(places, dtype=np.int64),
                _vectors(taught, expected[: len(places)]),
                tuple(dict.fromkeys(each.name for each in found)),
            )
        if len(places) == len(expected):
            break
    return best


def _vectors(taught: dict[str, TaughtTokens], wanted: Sequence[tuple[str, int]]) -> np.ndarray:
    width = next(iter(taught.values())).vectors.shape[1]
    rows = [taught[name].vectors[index] for name, index in wanted]
    return np.array(rows, dtype=np.float32).reshape(len(rows), width)


def _replaced(
    text: str, found: Sequence[FoundName], taught: dict[str, TaughtTokens], words: dict[str, str], space: str
) -> str:
    parts, last = [], 0
    for each in found:
        stand_ins = " ".join([words[each.name]] * len(taught[each.name].vectors))
        parts += [text[last : each.start], space, stand_ins, space]
        last = each.end
    return "".join([*parts, text[last:]])


def _is_cut(text: str, ids: np.ndarray, encode: Encode) -> bool:
    """Whether the tokenizer cuts a text: another word behind it changes nothing."""
    longer, _ = encode(f"{text} {text}")
    return np.array_equal(longer, ids)


def _forms(encode: Encode, word: str) -> frozenset[int] | None:
    """Return the ids of a word that is one token at a text's beginning and within it; None if it is several.

    Some tokenizers have two tokens for a word, as a space belongs to the one within a text.
    """
    one, three = _real(encode, word), _real(encode, f"{word} {word} {word}")
    if len(three) - len(one) != 2 or not len(one):
        return None
    # Marks of the beginning and the end stand around both. From the end, as the one in front of the word is none of it.
    for place in reversed(range(len(one))):
        first, second, third = three[place : place + 3]
        alike = second == third and np.array_equal([*three[:place], first, *three[place + 3 :]], one)
        if alike and _is_own(encode, int(second)):
            return frozenset({int(first), int(second)})
    return None


def _is_own(encode: Encode, token: int) -> bool:
    # Of words that a tokenizer does not know, all have one token.
    return token not in _real(encode, "qzxj qzxj")


def _real(encode: Encode, text: str) -> np.ndarray:
    ids, mask = encode(text)
    real: np.ndarray = ids[mask.astype(bool)]
    return real
