from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest

from framecue.cli.nothing_found import WHERE_WORDS_ARE_NOT, blame, nothing_message, nowhere, option_of
from framecue.cli.query_options import filter_options
from framecue.library import Filters, Query, SearchOptions, background
from framecue.library.search.legs.registry import LEGS
from support.words import word_library


def counting(passing: dict[frozenset[str], int]) -> Any:
    """Count by the names of the filters that are set; those that are not listed let nothing through."""

    def count(filters: Filters | None) -> int:
        given = [] if filters is None else [item.name for item in fields(filters) if getattr(filters, item.name)]
        return passing.get(frozenset(given), 0)

    return count


def test_each_filter_has_its_option() -> None:
    options = {option for param in filter_options(click.command()(lambda: None)).params for option in param.opts}
    assert {option_of(item.name) for item in fields(Filters)} == options


A, B, C = {"folder": "/a"}, {"path": "*.mp4"}, {"longer_than_seconds": 3.0}
ALL, F, P, L = frozenset(), *(frozenset(one) for one in (A, B, C))


@pytest.mark.parametrize(
    ("filters", "passing", "says"),
    [
        (A, {ALL: 120}, "--folder leaves 0 of 120 videos"),
        (A, {ALL: 1}, "--folder leaves 0 of 1 video"),
        (A | B, {ALL: 9, P: 3}, "--folder leaves 0 of 9 videos; without it 3 pass"),
        (A | B, {ALL: 9}, "--folder leaves 0 of 9 videos; --path leaves 0 of 9 videos"),
        (
            A | B,
            {ALL: 9, P: 3, F: 1},
            "--folder leaves 1, --path leaves 3 of 9 videos, and no video passes both; "
            "without --folder 3 pass; without --path 1 passes",
        ),
        (
            A | B | C,
            {ALL: 9, P: 3, F: 2, L: 4, F | P: 1},
            "--folder leaves 2, --path leaves 3, --longer-than leaves 4 of 9 videos, and no video passes all of them; "
            "without --longer-than 1 passes",
        ),
        (A | B | C, {ALL: 9, P: 3, F: 2, F | P: 1}, "--longer-than leaves 0 of 9 videos; without it 1 passes"),
        (A, {ALL: 9, F: 1}, None),
    ],
)
def test_who_is_to_blame(filters: dict[str, Any], passing: dict[frozenset[str], int], says: str | None) -> None:
    assert blame(Filters(**filters), counting(passing)) == says


def test_each_leg_that_looks_for_words_says_where_they_are_not() -> None:
    assert set(WHERE_WORDS_ARE_NOT) == set(LEGS)


@pytest.mark.parametrize(
    ("typed", "only", "says"),
    [
        ('said:"a b" said:"c"', (), 'nobody says "a b" or "c"; without said:'),
        ("caption:a b", (), 'no caption has any word of "a b"; without caption:'),
        ("meaning:zxq qxz", (), 'nothing that is said or written means "zxq qxz"; without meaning:'),
        ('meaning:"zxq qxz"', (), 'nothing that is said or written means "zxq qxz"; without meaning:'),
        ("a", ("written", "named"), 'nowhere is "a" written, and no file or folder has "a" in its name; without :only'),
        ("said:a b", ("written",), 'nobody says any word of "a b"; without said:'),
    ],
)
def test_words_that_are_nowhere(typed: str, only: tuple[str, ...], says: str) -> None:
    assert nowhere(Query.parse(typed), only, mark=":") == f"{says} all that the library has is searched"


def test_the_best_result_is_the_one_that_fits_best_be_it_not_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = word_library(tmp_path, [f"scene number {number}" for number in range(60)])
    # The nearest is known to show something else.
    known = Path(library.search("nothing like it", k=1)[0].path).stem
    monkeypatch.setattr(background, "querybank_of", lambda _: (known,))
    hits = library.search("nothing like it", k=60)
    sure = [hit.confidence or 0.0 for hit in hits]
    assert sure[0] < max(sure)
    options = SearchOptions(min_confidence=0.99)
    told = nothing_message(library, [Query("nothing like it")], 1, options)
    assert told.startswith(f"nothing found: the best result fits {max(sure):.0%}, less than --min-confidence 99%")
