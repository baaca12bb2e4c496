from __future__ import annotations

import pyarrow as pa

from framecue.library.store.timed_text_rows import PHRASES, SCHEMA, HeldText, held_texts, rows_of
from framecue.words.timed_text import TimedText, TimedWord


def said(start: float, text: str, language: str | None = "en") -> TimedText:
    return TimedText(start, start + 2, text, "said", language)


def test_a_line_is_searched_with_the_words_in_which_it_goes_on() -> None:
    lines = [said(0, "Then we signed"), said(2, "the mortgage, and"), said(30, "left"), said(2, "puis", "fr")]
    rows = list(rows_of("id", "speech", lines))
    assert {(row["language"], row["number"]): row[PHRASES] for row in rows} == {
        ("en", 0): "then we signed the mortgage and",
        ("en", 1): "the mortgage and",  # what follows is half a minute later
        ("en", 2): "left",
        ("fr", 0): "puis",
    }


def test_rows_become_the_lines_that_they_were_made_of() -> None:
    line = TimedText(1.0, 2.0, "Hello", "said", None, 0.5, (TimedWord(1.0, 2.0, " Hello"),))
    rows = list(rows_of("id", "speech", [line]))
    known = [{name: value for name, value in row.items() if name in SCHEMA.names} for row in rows]
    assert held_texts(pa.Table.from_pylist(known, schema=SCHEMA)) == [HeldText("id", "speech", 0, line)]
    assert HeldText("id", "speech", 0, line).sequence == ("id", "speech", "said", None)
