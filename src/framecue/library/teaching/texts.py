"""Texts about examples, with a place for the name: captions, and what is said or shown at the moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from framecue.names.find import find_names

__all__ = ["lesson_texts"]

# Longer ones say mostly something else, and a text tower reads no more than some dozens of words.
_MOST_LETTERS = 200
_MOST_PER_EXAMPLE = 4
# What the place of the name is written as; a text that has it already is left out.
_PLACE = "{}"


def lesson_texts(texts: Iterable[Sequence[str]], *, name: str, coarse: str | None) -> tuple[tuple[str, int], ...]:
    """Return texts in which a name has a place, each with the number of its example.

    A text tells where the name belongs if it has the name in it, or the ordinary word for such a thing: of "a dog runs"
    comes "a {} runs". Others are left out.

    Args:
        texts: of each example, any number.
        name: the name.
        coarse: an ordinary word for the kind of thing; None for none.
    """
    found: list[tuple[str, int]] = []
    for number, every in enumerate(texts):
        made = [made for text in every if (made := _with_place(text, name, coarse)) is not None]
        found += [(text, number) for text in list(dict.fromkeys(made))[:_MOST_PER_EXAMPLE]]
    return tuple(found)


def _with_place(text: str, name: str, coarse: str | None) -> str | None:
    text = " ".join(text.split())
    if len(text) > _MOST_LETTERS or "{" in text or "}" in text:
        return None
    places = find_names(text, [name]) or (find_names(text, [coarse]) if coarse else [])
    if not places:
        return None
    # Once, as a text is about one such thing.
    return text[: places[0].start] + _PLACE + text[places[0].end :]
