"""Teaching names at the prompt of ``framecue search``, and forgetting them: ``:teach Rex 1,4 unlike 2 is dog``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from framecue.cli.name_quality import quality_sentence
from framecue.cli.output import log
from framecue.cli.prompt_search import hits_named
from framecue.cli.teaching import teach_name, with_texts
from framecue.counts import counted
from framecue.errors import AbsentError, InputError

if TYPE_CHECKING:
    from framecue.library import Hit, Library

__all__ = ["TypedName", "forget_typed", "parse_taught", "teach_typed"]

_RANK = r"\d+(?:\s*-\s*\d+)?"
_RANKS = rf"{_RANK}(?:\s*,\s*{_RANK})*\s*,?"
_TYPED = re.compile(
    rf"(?P<name>.+?)\s+(?P<like>{_RANKS})(?:\s+unlike\s+(?P<unlike>{_RANKS}))?"
    r"(?:\s+is\s+(?:an?\s+)?(?P<coarse>\S.*?))?(?:\s+shows\s+(?P<shows>\S.*))?",
    re.ASCII | re.IGNORECASE,
)
_QUOTES = ('"', "'")


@dataclass(frozen=True)
class TypedName:
    """What was typed behind ``:teach``.

    Attributes:
        name: the name, without quotes around it.
        like: ranks of what it means.
        unlike: ranks of what it does not mean; empty for none.
        coarse: an ordinary word for it; None for none.
        shows: what each example shows; empty for none.
    """

    name: str
    like: str
    unlike: str = ""
    coarse: str | None = None
    shows: tuple[str, ...] = ()


def parse_taught(rest: str) -> TypedName:
    """Take what stands behind ``:teach`` apart; a name may be several words, with or without quotes.

    Raises:
        InputError: there are no ranks, or there is no name, or a quote is not closed.
    """
    match = _TYPED.fullmatch(rest.strip())
    if match is None:
        raise InputError(
            f"{rest[:80]!r} is no name with results behind it; type :teach NAME and their numbers, as in :teach Rex 1,4"
        )
    return TypedName(
        _unquoted(match["name"]), match["like"], match["unlike"] or "", match["coarse"], _texts(match["shows"] or "")
    )


def _unquoted(name: str) -> str:
    return name[1:-1] if len(name) > 1 and name[0] in _QUOTES and name[-1] == name[0] else name


def _texts(typed: str) -> tuple[str, ...]:
    """Return texts that were typed one after another, each in quotes; one alone needs none.

    Raises:
        InputError: a quote is not closed.
    """
    if not typed.startswith(_QUOTES):
        return (typed,) if typed else ()
    try:
        return tuple(shlex.split(typed))
    except ValueError:
        raise InputError(
            f'a quote is not closed in {typed[:80]!r}; put each text in quotes: shows "Rex swims" "Rex runs"'
        ) from None


def teach_typed(library: Library, rest: str, shown: Mapping[int, Hit]) -> None:
    """Teach a library a name by results that were shown, and say in a line what came of it.

    Args:
        library: has a model.
        rest: what was typed behind ``:teach``.
        shown: the results, by rank.

    Raises:
        FramecueError: it cannot be taught; nothing has changed.
    """
    typed = parse_taught(rest)
    like = hits_named(shown, typed.like)
    unlike = hits_named(shown, typed.unlike) if typed.unlike else []
    if typed.shows and len(typed.shows) != len(like):
        raise InputError(
            f"there {'is' if len(typed.shows) == 1 else 'are'} {counted(len(typed.shows), 'text')} behind shows, and "
            f"{counted(len(like), 'result')} before; give one for each, in their order, and '' for one without"
        )
    found = teach_name(library, typed.name, like=with_texts(like, typed.shows), unlike=unlike, coarse=typed.coarse)
    log(f"taught {found.name} from {counted(len(found.examples), 'example')}; {quality_sentence(found)}")
    for notice in found.notices:
        log(notice)
    log(f"search with it: {found.name}")


def forget_typed(library: Library, rest: str) -> None:
    """Forget a name, and say so in a line.

    Args:
        library: that was taught it.
        rest: what was typed behind ``:forget``: the name, with or without quotes.

    Raises:
        AbsentError: the library was not taught it.
        LibraryError: the library cannot be read or written.
    """
    # A name may have quotes of its own.
    for name in dict.fromkeys((rest, _unquoted(rest))):
        if library.forget_name(name, on_wait=lambda: log(f"waiting for another run that writes {library.uri}")):
            log(f"forgot {name}")
            return
    known = ", ".join(found.name for found in library.taught_names()) or "none"
    raise AbsentError(f"the library was not taught {rest[:80]!r}; its names: {known[:300]}")
