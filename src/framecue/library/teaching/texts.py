"""Texts about examples, with a place for the name: captions, what is said at the moment, what a person says."""

from __future__ import annotations

from collections.abc import Iterable

from framecue.errors import InputError
from framecue.names.find import find_names
from framecue.names.known_words import is_action, places_tried

__all__ = ["given_text", "placed_texts", "tried_texts"]

# Longer ones say mostly something else, and a text tower reads no more than some dozens of words.
_MOST_LETTERS = 200
_MOST_PER_EXAMPLE = 4
# What the place of the name is written as.
_PLACE = "{}"


def placed_texts(texts: Iterable[str], *, name: str, coarse: str | None) -> tuple[str, ...]:
    """Return those texts about one example in which a name has a place, each once, and no more than a few.

    A text tells where the name belongs if it has the name in it, or the ordinary word for such a thing: of "a dog runs"
    comes "a {} runs". Others are left out.

    Args:
        texts: the most important ones first.
        name: the name.
        coarse: an ordinary word for the kind of thing; None for none.
    """
    placed = (_with_place(text, name, coarse) for text in texts)
    return _few(text for text in placed if text is not None)


def tried_texts(texts: Iterable[str], *, coarse: str | None) -> tuple[str, ...]:
    """Return texts about one example with a place tried for each known word, where none tells the name's place.

    What has no name for a model, it describes by some other. Whoever learns from them takes what fits.

    Args:
        texts: the most important ones first.
        coarse: an ordinary word for the kind of thing, or of doing; None for none.
    """
    for_action = coarse is not None and is_action(coarse)
    short = [" ".join(text.split()) for text in texts if len(text) <= _MOST_LETTERS and "{" not in text]
    return _few(made for text in short for made in places_tried(text, for_action=for_action))


def given_text(text: str, *, name: str, coarse: str | None) -> str:
    """Return a text that a person says of an example, with the name's place.

    Raises:
        InputError: it does not say where the name belongs, or is too long.
    """
    placed = _with_place(text, name, coarse)
    if placed is None:
        word = f" or {coarse!r}" if coarse else ""
        raise InputError(
            f"the text {text[:60]!r} cannot be said of an example: it must have {name!r}{word} in it, and "
            f"{_MOST_LETTERS} letters at most"
        )
    return placed


def _few(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))[:_MOST_PER_EXAMPLE]


def _with_place(text: str, name: str, coarse: str | None) -> str | None:
    text = " ".join(text.split())
    if len(text) > _MOST_LETTERS:
        return None
    if "{" in text or "}" in text:
        return text if text.count(_PLACE) == 1 and text.count("{") == text.count("}") == 1 else None
    places = find_names(text, [name]) or (find_names(text, [coarse]) if coarse else [])
    if not places:
        return None
    # Once, as a text is about one such thing.
    return text[: places[0].start] + _PLACE + text[places[0].end :]
