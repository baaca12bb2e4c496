"""Labels of classes, and the templates by which a label becomes the texts that stand for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from pathlib import Path

from framecue.errors import InputError
from framecue.forms import composed
from framecue.uses.text_files import Text, checked_text, read_texts
from framecue.validation import shown

__all__ = [
    "KINETICS_TEMPLATES",
    "MAX_LABELS",
    "MAX_TEMPLATES",
    "PLACEHOLDER",
    "as_read",
    "check_labels",
    "check_templates",
    "labels_of",
    "phrasings",
    "read_labels",
    "read_templates",
]

PLACEHOLDER = "{}"
"""Stands for the label in a template."""
MAX_LABELS = 100_000
MAX_TEMPLATES = 1_000

_SHOWN = ("photo", "video", "example", "demonstration")
_WHOM = (
    "{}",
    *(f"a person {doing}{{}}" for doing in ("", "using ", "doing ", "during ", "performing ", "practicing ")),
)
KINETICS_TEMPLATES: tuple[str, ...] = tuple(f"a {shown_as} of {whom}." for shown_as, whom in product(_SHOWN, _WHOM))
"""The 28 templates with which CLIP was tested on Kinetics-700 (github.com/openai/CLIP, data/prompts.md)."""


def read_labels(file: str | Path) -> tuple[str, ...]:
    """Return the labels of a file, in its order: a label a line, a JSON list, or the column label (or name) of CSV.

    Two labels that differ in case, in spaces or in how an accent is written are one label, as most models read them as
    the same; what else a model cannot tell apart, `classify` refuses.

    Raises:
        InputError: the file cannot be read; a label is blank, too long or there twice; there is only one, as there is
            nothing to choose then, or there are more than MAX_LABELS. The message names file and line.
    """
    texts = read_texts(file, columns=("label", "name"))
    return _distinct(texts, "label", str(file), least=2, most=MAX_LABELS, key=as_read)


def read_templates(file: str | Path) -> tuple[str, ...]:
    """Return the templates of a file: one a line, a JSON list, or the column template of CSV.

    Raises:
        InputError: the file cannot be read, a template has no ``{}`` or is there twice, or there are more than
            MAX_TEMPLATES. The message names file and line.
    """
    found = _distinct(read_texts(file, columns=("template",)), "template", str(file), least=1, most=MAX_TEMPLATES)
    return check_templates(found, of=f"{file}: ")


def check_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Return labels that were given one by one; see `read_labels`.

    Raises:
        InputError: as there.
    """
    if isinstance(labels, str):
        raise InputError(f"the labels are {labels!r}; give a list of texts")
    texts = (Text(checked_text(label, f"label {number}"), f"label {number}") for number, label in _counted(labels))
    return _distinct(texts, "label", "labels", least=2, most=MAX_LABELS, key=as_read)


def labels_of(texts: Iterable[Text]) -> tuple[str, ...]:
    """Return the labels that texts name, each once, sorted; those of a file of true labels come again and again.

    Raises:
        InputError: as `read_labels`.
    """
    first: dict[str, Text] = {}
    for text in texts:
        first.setdefault(text.text, text)
    return _distinct([first[name] for name in sorted(first)], "label", "labels", least=2, most=MAX_LABELS, key=as_read)


def check_templates(templates: Iterable[str], *, of: str = "") -> tuple[str, ...]:
    """Return templates, each of which has a ``{}`` for the label.

    Args:
        templates: the templates.
        of: what a message begins with.

    Raises:
        InputError: one has none, or is there twice; or there are none, or more than MAX_TEMPLATES.
    """
    if isinstance(templates, str):
        raise InputError(f"the templates are {templates!r}; give a list of texts")
    texts = (
        Text(checked_text(item, f"{of}template {number}"), f"template {number}") for number, item in _counted(templates)
    )
    found = _distinct(texts, "template", f"{of}templates", least=1, most=MAX_TEMPLATES)
    for template in found:
        if PLACEHOLDER not in template:
            raise InputError(
                f"{of}the template {shown(template)} has no {PLACEHOLDER} for the label; "
                f'write for example "a video of {PLACEHOLDER}"'
            )
    return found


def phrasings(label: str, templates: Sequence[str]) -> list[str]:
    """Return the texts that stand for a label, one a template; other braces than ``{}`` are as they are."""
    return [template.replace(PLACEHOLDER, label) for template in templates]


def _counted(texts: Iterable[str]) -> Iterable[tuple[int, str]]:
    return enumerate(texts, start=1)


def as_read(label: str) -> str:
    """Return what most tokenizers make of a text before they divide it: without case, with single spaces."""
    return " ".join(composed(label).casefold().split())


def _distinct(
    texts: Iterable[Text], what: str, of: str, *, least: int, most: int, key: Callable[[str], str] = composed
) -> tuple[str, ...]:
    """Return texts that differ to a person, and are neither too few nor too many.

    Args:
        texts: each with where it stands.
        what: what they are, for messages.
        of: what messages begin with.
        least: how many there have to be.
        most: how many there may be.
        key: two texts are the same if this gives the same for both; an accent written apart makes no other text.
    """
    places: dict[str, Text] = {}
    found = []
    for text, where in texts:
        other = places.setdefault(key(text), Text(text, where))
        if other.where != where:
            same = "is there already" if other.text == text else f"is the same as {shown(other.text)} to a model"
            raise InputError(f"{where}: the {what} {shown(text)} {same} ({other.where}); take one out")
        found.append(text)
        if len(found) > most:
            raise InputError(f"{of}: more than {most} {what}s; give fewer")
    if len(found) < least:
        number = f"only one {what}" if found else f"no {what}"
        raise InputError(f"{of}: {number}; give {'two or more, to choose from' if least > 1 else 'one or more'}")
    return tuple(found)
