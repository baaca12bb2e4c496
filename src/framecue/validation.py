"""Checking what people write in files with pydantic, and putting its errors in framecue's words.

The sections of a recipe are pydantic models (:class:`Strict`). A method's options are a plain dataclass whose
annotations are read here (:func:`problem_with`). Both get the same messages, one line: what was given, what is allowed.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, fields
from functools import cache
from itertools import islice
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model
from pydantic_core import PydanticCustomError, PydanticKnownError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = [
    "AtLeastOne",
    "AtLeastZero",
    "Integer",
    "Number",
    "PositiveNumber",
    "Strict",
    "dataclass_types",
    "explain",
    "model_types",
    "problem_with",
    "shown",
    "told",
    "tuples_for_lists",
    "unknown_key",
]


class Strict(BaseModel):
    """A section of a file: it has no keys but its fields, no infinite numbers, and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _no_bool(value: object, error_type: str) -> object:
    # pydantic takes `true` for the number 1; in a file it is a mistake.
    if isinstance(value, bool):
        raise PydanticKnownError(error_type)  # type: ignore[arg-type]  # one of pydantic's own types of error
    return value


Integer = Annotated[int, BeforeValidator(lambda value: _no_bool(value, "int_type"))]
Number = Annotated[float, BeforeValidator(lambda value: _no_bool(value, "float_type"))]

AtLeastOne = Annotated[int, Field(ge=1)]
AtLeastZero = Annotated[int, Field(ge=0)]
PositiveNumber = Annotated[float, Field(gt=0, allow_inf_nan=False)]

_KINDS = {
    "int": "an integer",
    "float": "a number",
    "bool": "a boolean (true or false)",
    "string": "a string",
    "list": "a list",
    "tuple": "a list",
    "path": "a path",
}
_MAPPINGS = ("model", "dict", "dataclass", "mapping")
_BOUNDS = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}
_WRONG_KIND = ("_type", "_parsing", "_from_float")


def shown(value: object) -> str:
    """Return a value as Python writes it, cut to fit into a line; no more of it is written than is shown."""
    return _cut(_SHORT.repr(value))


class _Short(reprlib.Repr):
    """Writes the beginning of a value: in a file of a kilobyte may stand a list of a billion, by its aliases."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = 30
        self.maxother = 200

    def repr_str(self, value: str, level: int) -> str:
        return repr(value[:200])

    def repr_bytes(self, value: bytes, level: int) -> str:
        return repr(value[:200])

    def repr_int(self, value: int, level: int) -> str:
        # Python refuses to write one of thousands of digits.
        return repr(value) if value.bit_length() < _MOST_BITS else f"an integer of {value.bit_length()} bits"

    def repr_dict(self, value: dict[Any, Any], level: int) -> str:
        if level <= 0:
            return "{...}"
        shown = [
            f"{self.repr1(key, level - 1)}: {self.repr1(each, level - 1)}"
            for key, each in islice(value.items(), self.maxdict)
        ]
        return f"{{{', '.join([*shown, *['...'][: len(value) > self.maxdict]])}}}"


_MOST_BITS = 1_000
_SHORT = _Short()


def _cut(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def told(message: str) -> PydanticCustomError:
    """Return an error to raise in a validator; :func:`explain` repeats its message, so it has to name the key."""
    return PydanticCustomError("told", "{message}", {"message": message})


def unknown_key(key: str, allowed: Collection[str]) -> str:
    """Return a message that a key is not known, which one was perhaps meant, and which ones there are.

    Args:
        key: as it was written, after its sections and dots: ``"schedule.batchsize"``.
        allowed: the names of its section.
    """
    section, _, name = key.rpartition(".")
    meant = difflib.get_close_matches(name, allowed, n=1)
    place = f"{section}." if section else ""
    hint = f" (did you mean {place + meant[0]!r}?)" if meant else ""
    return f"unknown key {key!r}{hint}; allowed: {', '.join(sorted(allowed))}"


def explain(
    error: ValidationError,
    sections: Mapping[tuple[str, ...], Mapping[str, Any]],
    *,
    prefix: str = "",
    name: Callable[[str], str] = repr,
    show: Callable[[object], str] = shown,
    mapping: str = "a section with keys of its own",
    unknown: Callable[[str, Collection[str]], str] = unknown_key,
    most: int = 5,
) -> str:
    """Return pydantic's errors in one line.

    Args:
        error: what pydantic raised.
        sections: the types of the keys of each section, by the keys that lead to it; ``()`` is the top.
        prefix: a section in which everything lies, for the names of keys.
        name: writes a key's name.
        show: writes a value.
        mapping: what to call a section if something else was given in its place.
        unknown: returns the message for an unknown key, given its name and the allowed ones.
        most: how many errors to list.
    """
    lines = []
    for each in error.errors()[:most]:
        keys = tuple(str(part) for part in each["loc"])
        key = ".".join(filter(None, (prefix, *keys)))
        known = sections.get(keys[:-1], {})
        match each["type"]:
            case "extra_forbidden" | "unexpected_keyword_argument":
                lines.append(unknown(key, list(known)))
            case "missing":
                lines.append(f"{name(key)} is missing")
            case "told":
                lines.append(each["msg"])
            case _ if not keys:  # about the whole, such as text that is not JSON
                lines.append(each["msg"])
            case _:
                allowed = _allowed(each, mapping, known.get(keys[-1]))
                lines.append(f"{name(key)} {allowed}, got {_cut(show(each['input']))}")
    return "; ".join(lines)


def _allowed(error: ErrorDetails, mapping: str, hint: Any) -> str:
    """Return what a value must be, given the error and the type that it should have."""
    null = " or null" if type(None) in _parts(hint) else ""
    match error["type"]:
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            # The whole range, as pydantic names only the bound that was broken; from its error if there is no type.
            bounds = _bounds(hint) or error.get("ctx", {})
            return "must be " + " and ".join(
                f"{_BOUNDS[key]} {_number(bounds[key])}" for key in _BOUNDS if key in bounds
            )
        case "finite_number":
            return "must be a finite number"
        case "literal_error":
            return f"must be {error['ctx']['expected']}{null}"
    kind = error["type"].partition("_")[0]  # int_type, int_parsing, int_from_float
    if error["type"].endswith(_WRONG_KIND) and kind in (*_KINDS, *_MAPPINGS):
        return f"must be {_KINDS.get(kind, mapping)}{null}"
    return error["msg"].removeprefix("Input ").removeprefix("Value error, ")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _bounds(hint: Any) -> dict[str, float]:
    """Return the bounds that a type is annotated with, by pydantic's names: gt, ge, lt, le."""
    if get_origin(hint) in (Union, UnionType):
        return {key: bound for part in get_args(hint) for key, bound in _bounds(part).items()}
    found: dict[str, float] = {}
    for note in get_args(hint)[1:] if get_origin(hint) is Annotated else ():
        for each in (note, *getattr(note, "metadata", ())):  # pydantic's Field keeps them in a list
            found |= {key: getattr(each, key) for key in _BOUNDS if hasattr(each, key)}
    return found


def _parts(hint: Any) -> tuple[Any, ...]:
    """Return the alternatives of a union type, without annotations."""
    if get_origin(hint) is Annotated:
        return _parts(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        return tuple(part for each in get_args(hint) for part in _parts(each))
    return (hint,)


def model_types(model: type[BaseModel]) -> dict[str, Any]:
    """Return the types of a model's fields by name, with their annotations."""
    return {name: Annotated[field.annotation, field] for name, field in model.model_fields.items()}


@cache
def dataclass_types(kind: type) -> dict[str, Any]:
    """Return the types of a dataclass's fields by name, with their annotations.

    A class that changes the default of a field of its base (`num_frames: int = 8`) need not repeat the range.
    """
    hints: dict[str, Any] = {}
    for each in reversed(kind.__mro__):
        for name, hint in (get_type_hints(each, include_extras=True) if each is not object else {}).items():
            inherited = hints.get(name)
            if get_origin(inherited) is not Annotated or get_args(inherited)[0] != hint:
                hints[name] = hint
    return {field.name: hints[field.name] for field in fields(kind)}


@cache
def _model_of(kind: type) -> type[BaseModel]:
    """Return a pydantic model with a dataclass's fields."""
    # The names are aliases: a field may be called `json` or `copy`, like the model's own methods.
    named: dict[str, Any] = {
        f"field_{number}": (hint, Field(alias=name))
        for number, (name, hint) in enumerate(dataclass_types(kind).items())
    }
    config = ConfigDict(strict=True, extra="forbid", arbitrary_types_allowed=True)
    return create_model(kind.__name__, __config__=config, **named)


def tuples_for_lists(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with tuples where a dataclass has them: YAML and JSON only have lists.

    Args:
        kind: the dataclass.
        values: of some of its fields.
    """
    types = dataclass_types(kind)
    return {
        name: _as_tuple(value)
        if any(part is tuple or get_origin(part) is tuple for part in _parts(types.get(name)))
        else value
        for name, value in values.items()
    }


def _as_tuple(value: Any) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value


def problem_with(
    kind: type,
    values: Mapping[str, Any],
    *,
    prefix: str = "",
    name: Callable[[str], str] = repr,
    unknown: Callable[[str, Collection[str]], str] = unknown_key,
) -> str | None:
    """Return what is wrong with values for the fields of a dataclass; fields without a value have their defaults.

    Types are strict: no text is read as a number, and `true` is not 1. But an integer is a number too, and a list will
    do for a tuple.

    Args:
        kind: the dataclass. Its annotations may carry ranges, such as :data:`AtLeastOne` or pydantic's `Field(...)`.
        values: by the names of fields.
        prefix: see :func:`explain`.
        name: see :func:`explain`.
        unknown: see :func:`explain`.

    Returns:
        The first problem, in one line; None if there is none.
    """
    defaults = {field.name: field.default for field in fields(kind) if field.default is not MISSING}
    defaults |= {field.name: field.default_factory() for field in fields(kind) if field.default_factory is not MISSING}
    try:
        _model_of(kind).model_validate(tuples_for_lists(kind, {**defaults, **values}))
    except ValidationError as error:
        return explain(error, {(): dataclass_types(kind)}, prefix=prefix, name=name, unknown=unknown, most=1)
    return None
