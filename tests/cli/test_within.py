from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.cli.nothing_found import nothing_message
from framecue.cli.prompt import Prompt
from framecue.cli.prompt_search import PromptSearch
from framecue.cli.within import least_within, within_hint
from framecue.library import Hit, InOrder, Library, Query, SearchOptions
from framecue.library.results import PartHit
from framecue.library.store import Store
from support.words import WordEncoder, word_row


class Found:
    """A library that has found some orders, of which it gives those that a limit on the time lets through."""

    def __init__(self, hits: list[Hit]) -> None:
        self.hits = hits

    def search(self, query: InOrder, *, options: SearchOptions) -> list[Hit]:
        def passes(hit: Hit) -> bool:
            limit = float("inf") if query.within_seconds is None else query.within_seconds
            return all(later.start_seconds - one.end_seconds <= limit for one, later in pairwise(hit.parts))

        assert (options.offset, options.explain, options.refine) == (0, False, False)
        return [hit for hit in self.hits if passes(hit)][: options.k]


def order(confidence: float | None, *waits: float) -> Hit:
    """Return a hit whose parts last a second each and have waits between them."""
    starts = [0.0]
    for wait in waits:
        starts.append(starts[-1] + 1 + wait)
    parts = tuple(PartHit("x", start, start + 1, 0.5) for start in starts)
    return Hit(1, "/a.mp4", 0.0, starts[-1] + 1, 0.5, "id", 999.0, confidence=confidence, parts=parts)


def asked(within: float | None = 5) -> InOrder:
    return InOrder(["a kiss", "fireworks"], within_seconds=within)


NO_FIT = [order(0.1, 2)]


@pytest.mark.parametrize(
    ("hits", "says"),
    [
        ([order(0.1, 2), order(0.9, 30)], "with --within 30 something does"),
        ([order(0.1, 2), order(0.9, 30), order(0.8, 12.25)], "with --within 12.3 something does"),
        ([order(0.1, 2), order(0.9, 3, 8.5)], "with --within 8.5 something does"),
        # Windows that overlap wait for nothing; what is asked is no time below that.
        ([order(0.1, 2), order(0.9, -2, 7)], "with --within 7 something does"),
        ([order(0.1, 2), order(0.2, 30)], None),
    ],
)
def test_the_least_time_that_would_do_is_told(hits: list[Hit], says: str | None) -> None:
    told = within_hint(Found(hits), asked(), NO_FIT, SearchOptions())  # type: ignore[arg-type]
    assert told == (None if says is None else f"nothing fits that comes within 5 s; {says}")


def test_nothing_is_told_where_the_time_is_not_to_blame() -> None:
    library: Any = Found([order(0.9, 30)])
    options = SearchOptions()
    assert within_hint(library, asked(), NO_FIT, options)
    assert ":within 30" in (within_hint(library, asked(), NO_FIT, options, mark=":") or "")
    # Without a limit, with what fits or cannot be judged, with nothing, and on a later page.
    assert within_hint(library, asked(None), NO_FIT, options) is None
    assert within_hint(library, Query("a kiss"), NO_FIT, options) is None
    assert within_hint(library, asked(), [order(0.9, 2)], options) is None
    assert within_hint(library, asked(), [order(None, 2)], options) is None
    assert within_hint(library, asked(), [], options) is None
    assert within_hint(library, asked(), NO_FIT, replace(options, offset=10)) is None


@given(st.lists(st.floats(0.01, 400), min_size=1, max_size=8), st.floats(0, 0.009))
def test_the_time_that_is_told_would_do_and_a_little_less_would_not(waits: list[float], within: float) -> None:
    library: Any = Found([order(0.9, wait) for wait in waits])
    seconds = least_within(library, asked(within), SearchOptions(), is_enough=lambda _: True)
    assert seconds is not None
    assert library.search(asked(seconds), options=SearchOptions())
    assert not library.search(asked(seconds - 0.11), options=SearchOptions()) if seconds > 0.11 else True


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A library of one film with a kiss at 15 s and fireworks at 45 s."""
    model = WordEncoder()
    uri = str(tmp_path / "l.lance")
    texts = [f"scene {number}" for number in range(40)]
    texts[3], texts[9] = "a kiss", "fireworks"
    rows = [
        replace(
            word_row(model, text, noise=0.2),
            path="/made/film.mp4",
            video_id="film",
            start_seconds=5.0 * number,
            end_seconds=5.0 * number + 5,
            duration_seconds=200.0,
        )
        for number, text in enumerate(texts)
    ]
    Store.create(uri, model.fingerprint().to_dict()).write(rows)
    return Library(uri, model=model)


def test_a_real_search_tells_it_too(library: Library) -> None:
    hits = library.search(asked())
    assert hits
    told = "nothing fits that comes within 5 s; with --within 25 something does"
    assert within_hint(library, asked(), hits, SearchOptions()) == told
    assert library.search(asked(25))[0].fits
    assert not library.search(asked(24.9))[0].fits


def test_who_asks_for_a_confidence_is_told_as_well(library: Library) -> None:
    told = nothing_message(library, [asked()], 1, SearchOptions(min_confidence=0.5))
    assert told.endswith("less than --min-confidence 50%; with --within 25 one fits as well")
    alone = nothing_message(library, [asked(25)], 1, SearchOptions(min_confidence=1.0))
    assert alone.endswith("less than --min-confidence 100%")


def test_the_command_and_the_prompt_tell_it(
    library: Library, run: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("framecue.cli.search.library_model", lambda library, **_: WordEncoder())
    query = ("search", "a kiss", "--then", "fireworks", "--library", library.uri)
    told = "nothing fits that comes within 5 s; with --within 25 something does\n"
    assert run(*query, "--within", 5).err == told
    assert run(*query, "--within", 5, "--format", "path").err.endswith(told)
    assert run(*query, "--within", 25).err == run(*query, "--within", 5, "--json").err == ""
    prompt = Prompt(lambda: library, PromptSearch(None, SearchOptions()))
    for line in ("a kiss", ":then fireworks", ":within 5"):
        prompt.take(line)
    assert capsys.readouterr().err == told.replace("--", ":")
