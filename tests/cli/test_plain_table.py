from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from framecue.cli.plain_table import plain_table

CELLS = st.text(st.sampled_from("ab ,.[]日🐕é"), max_size=12).map(str.strip)


def by_rich(columns: list[str], rows: list[list[str]], right: list[str]) -> str:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(columns))
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold", no_wrap=name in right)
    for row in rows:
        table.add_row(*map(Text, row))
    out = io.StringIO()
    Console(file=out, width=1_000_000, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=5), st.sampled_from([[], ["place"]]))
def test_it_looks_as_rich_draws_it(rows: list[list[str]], right: list[str]) -> None:
    for columns in (["name", "place", "example"], ["", "", ""]):
        assert plain_table(columns, rows, right=right, longest_rule=10_000) == by_rich(columns, rows, right)


def test_by_hand() -> None:
    made = plain_table(["name", "place"], [["Rex", "1 of 9"], ["日本", "12 of 9"]], right=["place"], longest_rule=12)
    assert made == "\n name     place\n ───────────\n Rex     1 of 9\n 日本   12 of 9\n\n"


@pytest.mark.parametrize("columns", [["a", "b"], ["", ""]])
def test_a_table_without_rows(columns: list[str]) -> None:
    made = plain_table(columns, [], longest_rule=120)
    assert made == ("\n a   b\n ─────\n\n" if any(columns) else "\n\n")
