"""What an own column of a library may hold of a video."""

from __future__ import annotations

from datetime import datetime

__all__ = ["MetadataValue", "kind_of"]

MetadataValue = str | int | float | bool | datetime
"""A value of an own column; a ``datetime`` has a time zone, UTC where it is read."""

_TYPES: tuple[tuple[str, type], ...] = (
    ("bool", bool),  # before int, as True is one, too
    ("str", str),
    ("int", int),
    ("float", float),
    ("datetime", datetime),
)


def kind_of(value: MetadataValue) -> str:
    """Return the kind of a value: "str", "int", "float", "bool" or "datetime"."""
    return next(name for name, type_ in _TYPES if isinstance(value, type_))
