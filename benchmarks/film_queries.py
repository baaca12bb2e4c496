"""Questions about films that were made here (`films.py`), each with the moments that are right.

What is right is looked up in what is known of all films, so that a phrase which happens to occur in two films has both
of them as its answer, whatever it was drawn from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from film_words import ACTIONS, SUBJECTS, content_words, draw_title, plain
from films import SINGLE_SHARE, Collection, Film, Slot, Spoken
from framecue.datasets.moji_motion.grammar import caption
from framecue.datasets.moji_motion.meaning import MOTIONS, Act, Meaning
from framecue.evaluation.moments import Window

__all__ = ["KINDS", "LEG_OF_KIND", "FilmQuery", "film_queries"]

LEG_OF_KIND = {
    "phrase": "said",
    "said": "said",
    "written": "written",
    "seen": "seen",
    "named": "named",
    "meaning": "meaning",
}
"""The kinds that one leg alone can answer, and which leg that is."""

KINDS = (*LEG_OF_KIND, "mixed", "fields", "order", "absent")
"""Besides: two legs at once, in plain words and with the names of fields; two acts in their order; what is nowhere."""

_PHRASE_WORDS, _TRIES = (3, 5), 200


@dataclass(frozen=True)
class FilmQuery:
    """A question.

    Attributes:
        kind: one of `KINDS`.
        text: as it is typed into the one box.
        right: the moments that are right; none for what is nowhere.
        about: which legs it is about: "seen", "said+written".
        parts: the two texts of an order or of a mixture.
        wrong: of an order, the moments in which the same things happen the other way round.
    """

    kind: str
    text: str
    right: tuple[Window, ...]
    about: str
    parts: tuple[str, ...] = ()
    wrong: tuple[Window, ...] = ()


def film_queries(collection: Collection, per_kind: int, *, seed: int) -> list[FilmQuery]:
    """Draw so many different questions of each kind, or as many as the films have."""
    makers: dict[str, Callable[[Collection, np.random.Generator], Iterable[FilmQuery]]] = {
        "phrase": _phrases,
        "said": _said,
        "written": _written,
        "seen": _seen,
        "named": _named,
        "meaning": _meanings,
        "mixed": _mixed,
        "fields": _fields,
        "order": _orders,
        "absent": _absent,
    }
    found = []
    for number, kind in enumerate(KINDS):
        rng = np.random.default_rng([seed, 3, number])
        different = {query.text: query for query in makers[kind](collection, rng)}
        drawn = list(different.values())
        chosen = rng.permutation(len(drawn))[:per_kind]
        found += [drawn[place] for place in sorted(chosen)]
    return found


def _slots(collection: Collection) -> Iterator[tuple[Film, Slot]]:
    return ((film, slot) for film in collection.films for slot in film.slots)


def _spoken(collection: Collection) -> Iterator[tuple[Film, Spoken]]:
    return ((film, spoken) for film in collection.films for spoken in film.spoken)


def _phrases(collection: Collection, rng: np.random.Generator) -> Iterator[FilmQuery]:
    """Yield a few words of each sentence as they stand, in quotes."""
    for _, spoken in _spoken(collection):
        words = plain(spoken.sentence.core)
        for _ in range(_TRIES):
            length = min(len(words), int(rng.integers(_PHRASE_WORDS[0], _PHRASE_WORDS[1] + 1)))
            first = int(rng.integers(len(words) - length + 1))
            phrase = words[first : first + length]
            if len(content_words(" ".join(phrase))) > 1:
                yield FilmQuery("phrase", f'"{" ".join(phrase)}"', phrase_windows(collection, phrase), "said")
                break


def phrase_windows(collection: Collection, phrase: list[str]) -> tuple[Window, ...]:
    """When some words are said one after the other, from the first one's beginning to the last one's end."""
    found = []
    for film, spoken in _spoken(collection):
        words = [" ".join(plain(word.text)) for word in spoken.words]
        for first in range(len(words) - len(phrase) + 1):
            if words[first : first + len(phrase)] == phrase:
                last = spoken.words[first + len(phrase) - 1]
                found.append(Window(film.name, spoken.words[first].start_seconds, last.end_seconds))
    return tuple(found)


def _said(collection: Collection, rng: np.random.Generator) -> Iterator[FilmQuery]:
    """Yield the words of each sentence that mean something, without the rest."""
    for _, spoken in _spoken(collection):
        yield FilmQuery("said", _words_of(spoken), _said_windows(collection, _words_of(spoken)), "said")


def _words_of(spoken: Spoken) -> str:
    return " ".join(content_words(spoken.sentence.core))


def _said_windows(collection: Collection, text: str) -> tuple[Window, ...]:
    wanted = set(text.split())
    return tuple(
        Window(film.name, spoken.start_seconds, spoken.end_seconds)
        for film, spoken in _spoken(collection)
        if wanted <= set(plain(spoken.sentence.text))
    )


def _written(collection: Collection, rng: np.random.Generator) -> Iterator[FilmQuery]:
    for _, slot in _slots(collection):
        if slot.title is not None:
            text = slot.title.lower()
            yield FilmQuery("written", text, _title_windows(collection, text), "written")


def _title_windows(collection: Collection, text: str) -> tuple[Window, ...]:
    """When a title is shown, alone or as a part of a longer one."""
    wanted = set(plain(text))
    return tuple(
        Window(film.name, *slot.title_seconds)
        for film, slot in _slots(collection)
        if slot.title is not None and wanted <= set(plain(slot.title))
    )


def _seen(collection: Collection, rng: np.random.Generator) -> Iterator[FilmQuery]:
    """Yield each act in words that are drawn anew."""
    for _, slot in _slots(collection):
        yield FilmQuery("seen", caption(_meaning(slot.meaning), rng), _act_windows(collection, slot.meaning), "seen")


def _act_windows(collection: Collection, meaning: str) -> tuple[Window, ...]:
    return tuple(
        Window(film.name, slot.start_seconds, slot.end_seconds)
        for film, slot in _slots(collection)
        if slot.meaning == meaning
    )


def _meaning(key: str) -> Meaning:
    """Read a meaning's key."""
    acts = [Act(*part.split(":")) for part in key.split(" while ")]
    return Meaning(acts[0]) if len(acts) == 1 else Meaning(acts[0], "while", acts[1])


def _named(collection: Collection, rng: np.random.Generator) -> Iterator[FilmQuery]:
    """Yield two or three of the things that each file's name tells."""
    for film in collection.films:
        for chosen in ((0, 1), (0, 2), (1, 2), (0, 1, 2), (2, 3)):
            text = " ".join(film.parts[place] for place in chosen).lower()
            yield FilmQuery("named", text, _name_windows(collection, text), "named")


def _name_windows(collection: Collection, text: str) -> tuple[Window, ...]:
    wanted = set(text.split())
    return tuple(
        Window(film.name, 0.0, film.seconds)
        for film in collection.films
        if wanted <= {part.lower() for part in film.parts}
    )


def _meanings(collection: Collection, rng: np.random.Generator) -> Iterator[FilmQuery]:
    for _, spoken in _spoken(collection):
        same = tuple(
            Window(film.name, other.start_seconds, other.end_seconds)
            for film, other in _spoken(collection)
            if other.sentence.core == spoken.sentence.core
        )
        yield FilmQuery("meaning", spoken.sentence.paraphrase, same, "meaning")


def _mixed(collection: Collection, rng: np.random.Generator) -> Iterator[FilmQuery]:
    for about, parts, right in _mixtures(collection, rng):
        yield FilmQuery("mixed", " ".join(parts), right, about, parts)


def _fields(collection: Collection, rng: np.random.Generator) -> Iterator[FilmQuery]:
    names = {"seen": "seen", "said": "said", "written": "written", "named": "name"}
    for about, parts, right in _mixtures(collection, rng):
        fields = zip(about.split("+"), parts, strict=True)
        yield FilmQuery("fields", " ".join(f'{names[leg]}:"{text}"' for leg, text in fields), right, about, parts)


def _mixtures(
    collection: Collection, rng: np.random.Generator
) -> Iterator[tuple[str, tuple[str, str], tuple[Window, ...]]]:
    """Yield two things that meet in fewer moments than either of them is found in."""
    for film, slot in _slots(collection):
        things = {"seen": (caption(_meaning(slot.meaning), rng), _act_windows(collection, slot.meaning))}
        if slot.spoken is not None:
            core = " ".join(plain(slot.spoken.sentence.core))
            things["said"] = (core, _said_windows(collection, core))
        if slot.title is not None:
            title = slot.title.lower()
            things["written"] = (title, _title_windows(collection, title))
        occasion = film.parts[0].lower()
        things["named"] = (occasion, _name_windows(collection, occasion))
        for about in ("seen+said", "seen+written", "said+written", "named+seen", "named+said"):
            first, second = about.split("+")
            if first not in things or second not in things:
                continue
            (first_text, firsts), (second_text, seconds) = things[first], things[second]
            right = tuple(_meetings(firsts, seconds))
            if right and len(right) < min(len(firsts), len(seconds)):
                yield about, (first_text, second_text), right


def _meetings(firsts: Iterable[Window], seconds: Iterable[Window]) -> Iterator[Window]:
    """Yield the shorter of any two windows that overlap: what is said in an act, an act in a film."""
    for one in firsts:
        for other in seconds:
            start, end = (max(one.start_seconds, other.start_seconds), min(one.end_seconds, other.end_seconds))
            if one.video == other.video and start < end:
                yield min(one, other, key=lambda window: window.end_seconds - window.start_seconds)


def _orders(collection: Collection, rng: np.random.Generator) -> Iterator[FilmQuery]:
    """Yield two acts that follow each other; the other film of the couple has them the other way round."""
    for film in collection.films:
        for place in range(0, len(film.slots), 2):
            first, second = film.slots[place].meaning, film.slots[place + 1].meaning
            right, wrong = _in_order(collection, first, second), _in_order(collection, second, first)
            parts = (_simply(first, rng), _simply(second, rng))
            yield FilmQuery("order", f"{parts[0]}, then {parts[1]}", right, "seen", parts, wrong)


def _in_order(collection: Collection, first: str, second: str) -> tuple[Window, ...]:
    """When one act is followed by another, at once or later."""
    return tuple(
        Window(film.name, one.start_seconds, two.end_seconds)
        for film in collection.films
        for one in film.slots
        for two in film.slots
        if (one.meaning, two.meaning) == (first, second) and one.end_seconds <= two.start_seconds
    )


def _simply(meaning: str, rng: np.random.Generator) -> str:
    """An act in words of one clause, without a comma: what follows a comma is the next act."""
    while True:
        text = caption(_meaning(meaning), rng)
        if "," not in text and not text.startswith(("here ", "there ", "a clip ")):
            return text


def _absent(collection: Collection, rng: np.random.Generator) -> Iterator[FilmQuery]:
    """Yield, in turns, acts of actors that no film has, phrases and meanings that nobody tells, titles of none."""
    titles = {slot.title.lower() for _, slot in _slots(collection) if slot.title is not None}
    for _ in range(2 * len(collection.films) + 40):
        yield FilmQuery("absent", caption(_act_by(collection.absent_actors, rng), rng), (), "seen")
        action = int(rng.choice(collection.absent_actions))
        subject = int(rng.integers(len(SUBJECTS)))
        yield FilmQuery("absent", f'"{SUBJECTS[subject][0]} {ACTIONS[action][0]}"', (), "said")
        yield FilmQuery("absent", f"{SUBJECTS[subject][1]}, {ACTIONS[action][1]}", (), "meaning")
        title = draw_title(rng).lower()
        if title not in titles and not _title_windows(collection, title):
            yield FilmQuery("absent", title, (), "written")


def _act_by(actors: tuple[str, ...], rng: np.random.Generator) -> Meaning:
    """One or two of some actors, doing anything."""
    count = 1 if rng.random() < SINGLE_SHARE else 2
    acts = [Act(str(name), str(rng.choice(list(MOTIONS)))) for name in rng.choice(actors, size=count, replace=False)]
    return Meaning(acts[0]) if count == 1 else Meaning(acts[0], "while", acts[1])
