"""Teaching a name at the prompt of ``framecue search``: ``:teach Rex 1,4 unlike 2 is dog``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from framecue.cli.name_quality import quality_sentence
from framecue.cli.output import log
from framecue.cli.prompt_search import hits_named
from framecue.cli.teaching import teach_name
from framecue.counts import counted
from framecue.errors import InputError

if TYPE_CHECKING:
    from framecue.library import Hit, Library

__all__ = ["TypedName", "parse_taught", "teach_typed"]

_RANK = r"\d+(?:\s*-\s*\d+)?"
_RANKS = rf"{_RANK}(?:\s*,\s*{_RANK})*\s*,?"
_TYPED = re.compile(
    rf"(?P<name>.+?)\s+(?P<like>{_RANKS})(?:\s+unlike\s+(?P<unlike>{_RANKS}))?(?:\s+is\s+(?:an?\s+)?(?P<coarse>\S.*))?",
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
    """

    name: str
    like: str
    unlike: str = ""
    coarse: str | None = None


def parse_taught(rest: str) -> TypedName:
    """Take what stands behind ``:teach`` apart; a name may be several words, with or without quotes.

    Raises:
        InputError: there are no ranks, or there is no name.
    """
    match = _TYPED.fullmatch(rest.strip())
    if match is None:
        raise InputError(
            f"{rest[:80]!r} is no name with results behind it; type :teach NAME and their numbers, as in :teach Rex 1,4"
        )
    name = match["name"]
    if len(name) > 1 and name[0] in _QUOTES and name[-1] == name[0]:
        name = name[1:-1]
    return TypedName(name, match["like"], match["unlike"] or "", match["coarse"])


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
    found = teach_name(library, typed.name, like=like, unlike=unlike, coarse=typed.coarse)
    log(f"taught {found.name} from {counted(len(found.examples), 'example')}; {quality_sentence(found)}")
    for notice in found.notices:
        log(notice)
    log(f"search with it: {found.name}")
