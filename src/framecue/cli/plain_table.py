"""A table of plain text, a line each row, as rich draws it where there is room for all of it.

Rich lays out every cell as if it had to be wrapped, which takes seconds for some thousand rows; in a pipe nothing is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

__all__ = ["plain_table"]

_BETWEEN = "   "


def plain_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[str] = (), longest_rule: int
) -> str:
    """Return a table with a line below its head, and an empty line before and after it.

    Args:
        columns: the headings; all empty for a table without headings.
        rows: the cells, printable text of one line.
        right: headings of the columns to align right.
        longest_rule: how long the line below the head is at most.
    """
    head = [list(columns)] if any(columns) else []
    cells = [*head, *rows]
    widths = [max((_width(row[place]) for row in cells), default=0) for place in range(len(columns))]
    lines = [_line(row, widths, [name in right for name in columns]) for row in cells]
    if head:
        rule = " " + "─" * (sum(widths) + len(_BETWEEN) * (len(widths) - 1))
        lines.insert(1, rule[:longest_rule])
    return "\n".join(["", *lines, "", ""])


def _line(row: Sequence[str], widths: Sequence[int], is_right: Sequence[bool]) -> str:
    padded = []
    for text, width, at_right in zip(row, widths, is_right, strict=True):
        room = " " * (width - _width(text))
        padded.append(room + text if at_right else text + room)
    return f" {_BETWEEN.join(padded)}".rstrip()


def _width(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
