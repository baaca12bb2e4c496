"""A library's own columns: what people note about their videos, in the same table as what framecue notes.

They are columns like any other, so conditions, merges and exports know them without further ado. They are added, and
taken out, in one commit that writes no rows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

import pyarrow as pa

from framecue.errors import InputError, LibraryError
from framecue.library.own_values import kind_of
from framecue.library.store.rows import COLUMNS, Row
from framecue.library.store.table import Table

__all__ = ["KINDS", "add_columns", "check_name", "drop_columns", "kinds_in", "kinds_of_rows"]

KINDS: Mapping[str, pa.DataType] = MappingProxyType(
    {
        "str": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "datetime": pa.timestamp("us", tz="UTC"),
    }
)
"""The kinds of own columns, by the names of Python's types, as Arrow has them."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
# In LanceDB's SQL these mean something else where a column's name could stand (tried with each of SQL's words), or are
# operators. All others can be written as they are.
# fmt: off
_SQL_WORDS = frozenset((
    "all", "and", "any", "between", "case", "cast", "current_date", "current_time", "current_timestamp", "exists",
    "false", "ilike", "in", "interval", "is", "like", "not", "null", "or", "select", "some", "trim", "true", "with",
))
# fmt: on


def check_name(name: object, others: Collection[str] = ()) -> str:
    """Return the name of an own column, or refuse it.

    Args:
        name: of the column.
        others: the names of the own columns that there are.

    Raises:
        InputError: it is framecue's own, or cannot be written in a condition as it is.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot be the name of a column; take letters of a to z, digits and _, begin with a letter, and "
            "use 63 at most"
        )
    if name.lower() in COLUMNS:
        raise InputError(f"a column named {name} is framecue's own; take another name, such as my_{name}")
    if name.lower() in _SQL_WORDS:
        raise InputError(f"{name} means something else in a condition; take another name, such as my_{name}")
    # Conditions know no case: it would be chance which of the two is meant.
    like = next((other for other in others if other.lower() == name.lower() and other != name), None)
    if like is not None:
        raise InputError(f"there is a column {like}, and conditions do not tell it from {name}; keep to one of them")
    return name


def kinds_in(schema: pa.Schema) -> dict[str, str]:
    """Return the own columns of a table, each with its kind, in their order.

    A column of another type, which somebody made with LanceDB itself, is kept in the rows, but is not among them.
    """
    names = {type_: name for name, type_ in KINDS.items()}
    return {field.name: names[field.type] for field in schema if field.name not in COLUMNS and field.type in names}


def kinds_of_rows(rows: Iterable[Row], held: Collection[str]) -> dict[str, str]:
    """Return the own columns that rows have and a table has not, each with its kind.

    Args:
        rows: as they were in another table.
        held: the names of the table's columns.
    """
    kinds: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.extra.items():
            if name not in held and value is not None:
                kinds.setdefault(name, set()).add(kind_of(value))
    return {name: "float" if found == {"int", "float"} else min(found) for name, found in kinds.items()}


def add_columns(table: Table, kinds: Mapping[str, str]) -> None:
    """Add own columns, empty in every row, in one commit; those that are there already are left alone.

    Raises:
        InputError: one is there with another kind, or its name cannot be used.
        LibraryError: the library cannot be written.
    """
    there = kinds_in(table.schema)
    missing = {name: kind for name, kind in kinds.items() if there.get(check_name(name, there)) != kind}
    if clash := next((name for name in missing if name in there), None):
        raise InputError(f"column {clash} holds values of {there[clash]}, not of {kinds[clash]}")
    if not missing:
        return
    fields = [pa.field(name, KINDS[kind], nullable=True) for name, kind in missing.items()]
    try:
        table.commit("given columns", lambda: table.lance.add_columns(fields))
    except LibraryError:
        # A framecue that knew no lease may have added them in an object store.
        table.catch_up()
        if kinds_in(table.schema).items() < kinds.items():
            raise


def drop_columns(table: Table, names: Collection[str]) -> None:
    """Take own columns out, with all their values, in one commit.

    Raises:
        InputError: there is no such column, or it is framecue's own.
        LibraryError: the library cannot be written.
    """
    own = [name for name in table.schema.names if name not in COLUMNS]
    for name in names:
        if name not in own:
            shown = ", ".join(own) or "none"
            raise InputError(f"the library has no column {name} of your own; its own columns: {shown}")
    if names:
        table.commit("changed", lambda: table.lance.drop_columns(list(names)))
