"""Teaching a library a name: with progress, a question about ordinary words, and a line about what came of it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from framecue.cli.name_quality import quality_sentence
from framecue.cli.output import ProgressBar, log
from framecue.cli.program import program
from framecue.counts import counted
from framecue.errors import InputError, OrdinaryWordError

if TYPE_CHECKING:
    from collections.abc import Callable

    from framecue.library import Library, TaughtName
    from framecue.library.teaching.examples import Example, Shown

__all__ = ["allowing_ordinary", "teach_name", "told_taught", "with_texts"]


def teach_name(
    library: Library,
    name: str,
    *,
    like: Sequence[Example],
    unlike: Sequence[Example] = (),
    coarse: str | None = None,
    num_tokens: int | None = None,
    yes: bool = False,
) -> TaughtName:
    """Teach a library a name, and show how far it is; a person at a terminal is asked about an ordinary word.

    Args:
        library: has a model.
        name: as for ``Library.teach``, as are the others.
        like: what it means.
        unlike: what it does not mean.
        coarse: an ordinary word for the kind of thing.
        num_tokens: how many token embeddings stand for it.
        yes: whether not to ask.

    Raises:
        FramecueError: it cannot be taught, or the person said no.
    """
    with ProgressBar(f"Learning {name}") as bar:

        def teach(is_allowed: bool) -> TaughtName:
            bar.show(0, None)
            return library.teach(
                name,
                like=like,
                unlike=unlike,
                coarse=coarse,
                num_tokens=num_tokens,
                allow_ordinary=is_allowed,
                on_step=bar.show,
                on_wait=lambda: log(f"waiting for another run that writes {library.uri}"),
            )

        return allowing_ordinary(teach, yes=yes, before_asking=bar.close)


def allowing_ordinary(
    do: Callable[[bool], TaughtName], *, yes: bool, before_asking: Callable[[], None] = lambda: None
) -> TaughtName:
    """Do what gives a name; if it is an ordinary word, ask whether it is meant, and do it then.

    Args:
        do: is told whether the name may be an ordinary word.
        yes: whether it may without a question.
        before_asking: called before a person is asked.

    Raises:
        OrdinaryWordError: the name is an ordinary word, and nobody can be asked.
        InputError: the person said no.
    """
    try:
        return do(yes)
    except OrdinaryWordError as error:
        before_asking()
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        question = f"{error.name!r} is {error.what}, and every search with it would mean this alone. Teach it?"
        if not click.confirm(question, default=False, err=True):
            raise InputError(f"{error.name!r} was not taught; choose a name that is not {error.what}") from None
    return do(True)


def with_texts(examples: Sequence[Shown], texts: Sequence[str]) -> list[Example]:
    """Return examples, each with the text that says what it shows, if it has one.

    Args:
        examples: what a name means.
        texts: one for each, or none at all.
    """
    every = texts or [""] * len(examples)
    return [(example, text) if text.strip() else example for example, text in zip(examples, every, strict=True)]


def told_taught(found: TaughtName, *, place: str | None) -> None:
    """Say in a line each what was taught, what there is to say of it, and how it is searched for.

    Args:
        found: what was taught.
        place: the library, if a search has to name it; None where a search finds it by itself.
    """
    what = "picture" if all(example.kind == "image" for example in found.examples) else "example"
    kind = f" (is: {found.coarse})" if found.coarse else ""
    log(f"taught {found.name} from {counted(len(found.examples), what)}{kind}; {quality_sentence(found)}")
    for notice in found.notices:
        log(notice)
    where = "" if place is None else f" --library {shlex.quote(place)}"
    text = f" {shlex.quote(found.name)}{where}"
    if found.name.startswith("-"):  # else it would be read as an option
        text = f"{where} -- {shlex.quote(found.name)}"
    log(f"search with it: {program()} search{text}")
