"""What a person says about their videos, in whatever form they have it, as values for a library's own columns."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from typing import Any, Protocol

from framecue.errors import InputError, ObjectError
from framecue.forms import composed
from framecue.library.own_values import MetadataValue, kind_of
from framecue.library.results import Skipped
from framecue.library.store.own_columns import check_name
from framecue.object_store.urls import as_url, normal_url
from framecue.paths import absolute_path

__all__ = ["GivenMetadata", "MetadataLike", "read_metadata"]

PATH = "path"
_INT64 = 2**63
# Missing values of pandas: compared with anything, they are neither true nor false.
_MISSING = ("NAType", "NaTType")

Values = Mapping[str, Any]


class ArrowTable(Protocol):
    """A table of Arrow: ``pyarrow.Table`` or ``RecordBatch``."""

    def to_pylist(self) -> list[dict[str, Any]]:
        """Return the rows."""
        ...


class Frame(Protocol):
    """A table of pandas."""

    def to_dict(self, orient: Any) -> Any:
        """Return the rows, with "records"."""
        ...


MetadataLike = (
    Mapping[str, Values]
    | Mapping[os.PathLike[str], Values]
    | Callable[[str], Values | None]
    | ArrowTable
    | Frame
    | Iterable[Values]
)
"""Values by column for each video: a mapping from its path; a function that returns them for an absolute path; or a
table, or rows of one, with a column ``path``."""


@dataclass(frozen=True)
class GivenMetadata:
    """Values for own columns.

    Attributes:
        by_path: values by column, by absolute path; None clears a value.
        skipped: the paths that are not among the videos.
    """

    by_path: Mapping[str, Mapping[str, MetadataValue | None]] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()

    def kinds(self, held: Mapping[str, str]) -> dict[str, str]:
        """Return the kind of each column that is named, once every value was checked against it.

        Args:
            held: the library's own columns with their kinds; others are new, and have the kind of their values.

        Returns:
            The kinds by name. A new column without any value is left out.

        Raises:
            InputError: a value has another kind than its column, or than another value, or a name cannot be used.
        """
        kinds: dict[str, str] = {}
        first: dict[str, tuple[str, MetadataValue]] = {}
        for path, values in self.by_path.items():
            for name, value in values.items():
                check_name(name, [*held, *kinds])
                if value is None:
                    continue
                kind = kind_of(value)
                kinds.setdefault(name, held.get(name, kind))
                first.setdefault(name, (path, value))
                # Whole numbers go into a column of numbers, also if a later value makes it one.
                if {kind, kinds[name]} == {"int", "float"} and held.get(name) != "int":
                    kinds[name] = "float"
                elif kinds[name] == "int" and isinstance(value, float) and value.is_integer():
                    # pandas makes 4.0 of a 4 in a column in which a value is missing.
                    continue
                elif kind != kinds[name]:
                    other = "" if name in held else f", as {first[name][1]!r} of {first[name][0]} is"
                    raise InputError(
                        f"column {name} holds values of {kinds[name]}{other}, and {path} has {value!r}, "
                        f"a value of {kind}; give one kind of values, or another name to the column"
                    )
        return kinds


def read_metadata(given: MetadataLike | None, paths: Collection[str], *, where: str) -> GivenMetadata:
    """Return what was given for some videos.

    Args:
        given: see :data:`MetadataLike`.
        paths: of the videos, absolute.
        where: what the videos are, for the reason why another path is skipped ("the library holds").

    Raises:
        InputError: it is something else, a table has no column ``path``, a path is there twice with different values,
            or a value is none that a column can hold.
    """
    if given is None:
        return GivenMetadata()
    if callable(given) and not isinstance(given, Mapping):
        found = ((path, given(path)) for path in sorted(paths))
        return GivenMetadata({path: _plain(path, values) for path, values in found if values is not None})
    # A name that was typed may have its accents in another form than the file system's.
    known = {composed(path): path for path in paths} | {path: path for path in paths}
    by_path: dict[str, dict[str, MetadataValue | None]] = {}
    skipped: dict[str, Skipped] = {}
    for item, values in _items(given):
        path = _noted(item)
        place = known.get(path) or known.get(composed(path))
        plain = _plain(path, values)
        if place is None:
            skipped[path] = Skipped(path, f"there are values for it, but {where} no such file")
        elif by_path.setdefault(place, plain) != plain:
            raise InputError(f"{path} is there twice, with different values; give each video once")
    return GivenMetadata(by_path, tuple(skipped.values()))


def _noted(item: str | os.PathLike[str]) -> str:
    """Return a path or a URL as a library notes it; a URL that no library can have as it is."""
    url = as_url(item)
    if url is None:
        return absolute_path(item)
    try:
        return normal_url(url)
    except ObjectError:
        return url


def _items(given: Any) -> Iterable[tuple[str | os.PathLike[str], Any]]:
    """Yield what was given as pairs of a path and its values."""
    if isinstance(given, Mapping):
        return [(_path(path, "a path"), values) for path, values in given.items()]
    rows: Any = given
    if hasattr(given, "to_pylist"):
        rows = given.to_pylist()
    elif hasattr(given, "to_dicts"):  # polars
        rows = given.to_dicts()
    elif hasattr(given, "to_dict"):
        rows = given.to_dict("records")
    if isinstance(rows, (str, bytes)) or not isinstance(rows, Iterable):
        raise InputError(
            f"metadata is a {type(given).__name__}; give a mapping from paths to values, a function of a path, or a "
            "table with a column path"
        )
    return [_item(row) for row in rows]


def _item(row: Any) -> tuple[str | os.PathLike[str], dict[str, Any]]:
    if not isinstance(row, Mapping) or PATH not in row:
        names = f" (it has {', '.join(map(str, row))})" if isinstance(row, Mapping) else ""
        raise InputError(f"the metadata have a row without a column {PATH}{names}; it says which video is meant")
    return _path(row[PATH], f"the column {PATH}"), {name: value for name, value in row.items() if name != PATH}


def _path(path: Any, what: str) -> str | os.PathLike[str]:
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise InputError(f"{what} of the metadata is {path!r}; it must be the path of a video")
    return path


def _plain(path: str, values: Any) -> dict[str, MetadataValue | None]:
    if not isinstance(values, Mapping):
        raise InputError(f"the values for {path} are {values!r}; give a mapping from columns to values")
    return {name: _value(path, name, value) for name, value in values.items()}


def _value(path: str, name: str, value: Any) -> MetadataValue | None:
    """Return a value as a column holds it; None for a missing one.

    Raises:
        InputError: no column can hold it.
    """
    if value is None or type(value).__name__ in _MISSING:
        return None
    value = _of_python(value)
    if value is None:
        return None
    if isinstance(value, float):
        if math.isinf(value):
            raise _refused(path, name, value, "a finite number")
        return None if math.isnan(value) else float(value)
    if isinstance(value, (bool, str)):
        return value if isinstance(value, bool) else _text(path, name, value)
    if isinstance(value, int):
        if not -_INT64 <= value < _INT64:
            raise _refused(path, name, value, "a whole number of 64 bits")
        return int(value)
    if isinstance(value, date):
        return _time(path, name, value)
    raise _refused(path, name, value, "a text, a number, True or False, or a datetime")


def _of_python(value: Any) -> Any:
    """Return a scalar of NumPy or pandas as one of Python; None for a time that is none."""
    if hasattr(value, "to_pydatetime"):
        return value.replace(nanosecond=0).to_pydatetime()  # which would warn of what it leaves out
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        return value.astype("datetime64[us]").item() if value.dtype.kind == "M" else value.item()
    return value


def _text(path: str, name: str, value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _refused(path, name, value, "a text in Unicode") from None
    return str(value)


def _time(path: str, name: str, value: date) -> datetime:
    """Return a time in UTC; without a time zone it is local, and a day begins at midnight, as in filters."""
    try:
        if not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)
        return value.astimezone(timezone.utc)
    except (OverflowError, ValueError, OSError):
        raise _refused(path, name, value, "a time that this system can convert") from None


def _refused(path: str, name: str, value: Any, allowed: str) -> InputError:
    shown = repr(value)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return InputError(f"column {name} of {path} is {shown}; it must be {allowed}, or None")
