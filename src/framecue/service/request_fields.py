"""The kinds of values in a request for a search, each with its bounds and with words of its own for what is wrong.

pydantic checks them, and the description of the API tells them: so each has a validator, which speaks to a person, and
a schema, which speaks to a program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from framecue.errors import InputError
from framecue.library.search.box import LEG_NAMES
from framecue.library.search.in_order import MOST_PARTS
from framecue.library.search.weights import LegWeights
from framecue.times import parse_time
from framecue.validation import shown, told, unknown_key

__all__ = [
    "LONGEST_NAME",
    "LONGEST_TEXT",
    "LONGEST_TIME_SECONDS",
    "MOST_TEXTS",
    "Condition",
    "Flag",
    "Following",
    "Identity",
    "LegNumbers",
    "Legs",
    "Name",
    "Path",
    "Score",
    "Seconds",
    "Share",
    "Text",
    "Texts",
    "Time",
    "checked_text",
    "refuse",
]

LONGEST_TEXT = 2_000
"""How many characters a text may have: models read some 64 words."""
MOST_TEXTS = 8
"""How many texts to find besides, or to search away from, and how many videos."""
LONGEST_PATH, LONGEST_CONDITION, LONGEST_NAME = 2_000, 2_000, 200
LONGEST_TIME_SECONDS = 1e9
LARGEST_WEIGHT = 1_000.0

Check = Callable[[object, ValidationInfo], object]


def refuse(message: str) -> NoReturn:
    """Raise what pydantic takes for a refusal, in words for a person that name the key."""
    raise told(message)


def _key_of(info: ValidationInfo) -> str:
    # No field may be called `with`.
    return (info.field_name or "the request").removesuffix("_texts")


def checked_text(value: object, key: str, longest: int) -> str:
    """Return a value that is a text of Unicode, of so many characters at most; refuse any other.

    Args:
        value: as it was given.
        key: where.
        longest: in characters.
    """
    if not isinstance(value, str):
        refuse(f"{key} is {shown(value)}; it must be a text")
    if len(value) > longest:
        refuse(f"{key} has {len(value)} characters; give at most {longest}")
    try:
        value.encode()
    except UnicodeEncodeError:
        refuse(f"{key} is not valid Unicode; give it in UTF-8")
    if "\0" in value:
        refuse(f"{key} holds a character 0, which no text has; leave it out")
    return value


def _text(longest: int) -> Check:
    def check(value: object, info: ValidationInfo) -> object:
        return value if value is None else checked_text(value, _key_of(info), longest)

    return check


def _identity(value: object, info: ValidationInfo) -> object:
    if value is not None and not checked_text(value, _key_of(info), LONGEST_NAME).strip():
        refuse(f"{_key_of(info)} is empty; give the video_id of a hit")
    return value


def _texts(most: int) -> Check:
    def listed(value: object, info: ValidationInfo) -> object:
        key = _key_of(info)
        if not isinstance(value, (str, list)):
            refuse(f"{key} is {shown(value)}; it must be a text, or a list of them")
        every = [value] if isinstance(value, str) else value
        if len(every) > most:
            refuse(f"{key} has {len(every)} texts; give at most {most}")
        return tuple(checked_text(each, key, LONGEST_TEXT) for each in every)

    return listed


def _time(value: object, info: ValidationInfo) -> object:
    key = _key_of(info)
    if isinstance(value, str):
        try:
            value = parse_time(checked_text(value, key, LONGEST_NAME))
        except InputError as error:
            refuse(f"{key}: {error}")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        refuse(f"{key} is {shown(value)}; it must be a time: seconds, or a text such as 1m30s or 2:12.5")
    if not 0 <= value <= LONGEST_TIME_SECONDS:
        refuse(f"{key} is {shown(value)}; it must be a time in seconds, 0 or more")
    return value


def _legs(value: object, info: ValidationInfo) -> object:
    every = [value] if isinstance(value, str) else value
    if not isinstance(every, list) or not all(isinstance(each, str) and each in LEG_NAMES for each in every):
        refuse(f"only is {shown(value)}; it must be one or several of {', '.join(LEG_NAMES)}")
    return tuple(every)


def _weights(value: object, info: ValidationInfo) -> object:
    if value is None:
        return None
    known = [item.name for item in fields(LegWeights)]
    if not isinstance(value, dict):
        refuse(f"weights is {shown(value)}; it must be an object such as {{said: 2}}; known: {', '.join(known)}")
    for name, weight in value.items():
        if name not in known:
            refuse(unknown_key(f"weights.{str(name)[:LONGEST_NAME]}", known))
        if isinstance(weight, (int, float)) and weight > LARGEST_WEIGHT:
            refuse(f"weights.{name} is {shown(weight)}; it must be at most {LARGEST_WEIGHT:g}")
    try:
        LegWeights(**value)
    except InputError as error:
        refuse(f"weights.{error}")
    return value


def _one_or_several(item: dict[str, Any], most: int) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [item, {"type": "array", "items": item, "maxItems": most}]})


_ANY_TEXT = {"type": "string", "maxLength": LONGEST_TEXT}
_TIME_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": LONGEST_TIME_SECONDS},
        {"type": "string", "pattern": r"^([0-9]{1,2}:)?[0-5]?[0-9]:[0-5]?[0-9](\.[0-9]{1,3})?$"},
        {"type": "null"},
    ]
}
_WEIGHTS_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {
            "type": "object",
            "properties": {
                item.name: {"type": "number", "minimum": 0, "maximum": LARGEST_WEIGHT, "default": item.default}
                for item in fields(LegWeights)
            },
            "additionalProperties": False,
        },
        {"type": "null"},
    ]
}

Text = Annotated[str, BeforeValidator(_text(LONGEST_TEXT)), Field(max_length=LONGEST_TEXT)]
Path = Annotated[str, BeforeValidator(_text(LONGEST_PATH)), Field(max_length=LONGEST_PATH)]
Condition = Annotated[str, BeforeValidator(_text(LONGEST_CONDITION)), Field(max_length=LONGEST_CONDITION)]
Name = Annotated[str, BeforeValidator(_text(LONGEST_NAME)), Field(max_length=LONGEST_NAME)]
Identity = Annotated[str, BeforeValidator(_identity), Field(min_length=1, max_length=LONGEST_NAME)]
"""The id of a video."""
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts(MOST_TEXTS)), _one_or_several(_ANY_TEXT, MOST_TEXTS)]
Following = Annotated[
    tuple[str, ...], BeforeValidator(_texts(MOST_PARTS - 1)), _one_or_several(_ANY_TEXT, MOST_PARTS - 1)
]
"""Texts, each of which comes after the one before."""
Time = Annotated[float | None, BeforeValidator(_time), WithJsonSchema(_TIME_SCHEMA)]
"""Seconds, or a text such as 2:12.5."""
Legs = Annotated[
    tuple[Literal["seen", "said", "written", "named", "captions", "meaning"], ...],
    BeforeValidator(_legs),
    _one_or_several({"type": "string", "enum": list(LEG_NAMES)}, len(LEG_NAMES)),
]
LegNumbers = Annotated[dict[str, float] | None, BeforeValidator(_weights), WithJsonSchema(_WEIGHTS_SCHEMA)]
Flag = Annotated[bool, Field(strict=True)]
Seconds = Annotated[float | None, Field(strict=True, ge=0, le=LONGEST_TIME_SECONDS)]
Score = Annotated[float | None, Field(strict=True, ge=-1, le=1)]
Share = Annotated[float | None, Field(strict=True, ge=0, le=1)]
