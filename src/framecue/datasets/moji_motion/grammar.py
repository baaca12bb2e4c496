"""Captions for meanings, from a small grammar with paraphrases."""

from __future__ import annotations

import numpy as np

from framecue.datasets.moji_motion.meaning import Act, Meaning
from framecue.errors import InputError

__all__ = ["PHRASES", "all_words", "caption", "captions", "motion_caption"]

PHRASES: dict[str, tuple[str, ...]] = {
    "right": ("moves right", "slides to the right", "goes from left to right"),
    "left": ("moves left", "slides to the left", "goes from right to left"),
    "rise": ("rises", "goes up", "climbs"),
    "fall": ("falls", "goes down", "drops"),
    "grow": ("grows", "gets bigger", "becomes larger"),
    "shrink": ("shrinks", "gets smaller", "becomes tiny"),
    "appear": ("appears", "shows up", "comes into view"),
    "vanish": ("vanishes", "disappears", "goes out of view"),
    "spin": ("spins", "rotates", "turns around"),
    "circle": ("circles", "goes in a circle", "runs around in a circle"),
    "still": ("stands still", "stays still", "does not move"),
}
_SINGLE = ("{a} {m}", "a clip of {a} that {m}", "here {a} {m}", "there is {a} that {m}")
_WHILE = (
    "{a} {m} while {b} {n}",
    "{a} {m} as {b} {n}",
    "{a} {m} and at the same time {b} {n}",
    "while {a} {m}, {b} {n}",
)
_THEN = (
    "{a} {m}, then {b} {n}",
    "{a} {m} and then {b} {n}",
    "first {a} {m}, then {b} {n}",
    "{a} {m} before {b} {n}",
    "{b} {n} after {a} {m}",
    "after {a} {m}, {b} {n}",
)

NUM_CAPTIONS = 24
"""How many captions a single act has: 4 templates, 2 articles, 3 phrases for its motion. Two acts have many more."""


def caption(meaning: Meaning, rng: np.random.Generator) -> str:
    """Return one caption of a meaning, drawn from its paraphrases."""
    if meaning.second is None:
        return _fill(_pick(_SINGLE, rng), meaning.first, None, rng)
    first, second = meaning.first, meaning.second
    if meaning.relation == "while":
        if rng.random() < 0.5:
            first, second = second, first
        return _fill(_pick(_WHILE, rng), first, second, rng)
    return _fill(_pick(_THEN, rng), first, second, rng)


def captions(meaning: Meaning, rng: np.random.Generator, *, num_captions: int) -> tuple[str, ...]:
    """Return different captions of one meaning.

    Raises:
        InputError: more than 24 are wanted; every meaning has that many, and some have no more.
    """
    if num_captions > NUM_CAPTIONS:
        raise InputError(f"num_captions is {num_captions}; a meaning has {NUM_CAPTIONS} captions for certain, not more")
    made: dict[str, None] = {}
    while len(made) < num_captions:
        made[caption(meaning, rng)] = None
    return tuple(made)


def motion_caption(meaning: Meaning) -> str:
    """Return what happens, but not to whom, always in the same words: "rises then moves left"."""
    return f" {meaning.relation} ".join(PHRASES[act.motion][0] for act in meaning.acts)


def all_words() -> list[str]:
    """Return every word of the grammar except for the actors' names."""
    templates = [*_SINGLE, *_WHILE, *_THEN, *(phrase for phrases in PHRASES.values() for phrase in phrases), "a an the"]
    words = " ".join(templates).replace(",", " ").split()
    return sorted({word for word in words if "{" not in word})


def with_article(noun: str, rng: np.random.Generator) -> str:
    """Return a noun with "a", "an" or "the" before it."""
    if rng.random() < 0.5:
        return f"the {noun}"
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _fill(template: str, first: Act, second: Act | None, rng: np.random.Generator) -> str:
    values = {"a": with_article(first.actor, rng), "m": _pick(PHRASES[first.motion], rng)}
    if second is not None:
        values |= {"b": with_article(second.actor, rng), "n": _pick(PHRASES[second.motion], rng)}
    return template.format(**values)


def _pick(options: tuple[str, ...], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]
