"""Moments of videos that the library holds, as requests name them: ``{"id", "start_seconds", "end_seconds"}``.

They are examples of what a name means, and results of a search that were right or wrong. The times may be those of any
hit: the segment counts that is nearest to their middle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from framecue.library.search.query import HeldMoment
from framecue.service.request_fields import LONGEST_NAME, LONGEST_TIME_SECONDS, checked_text, refuse
from framecue.validation import shown, unknown_key

__all__ = ["LARGEST_RANK", "LONGEST_SAID", "MOST_MARKS", "MOST_MOMENTS", "Examples", "Marks", "Moments"]

MOST_MOMENTS = 100
"""How many examples of a name one request may bring: more teach nothing more."""
LONGEST_SAID = 200
"""How many characters a text about an example may have."""
MOST_MARKS = 100
"""How many results one search may call right, and how many wrong."""
LARGEST_RANK = 10_500
"""The last result that any search gives."""

_KEYS = ("id", "start_seconds", "end_seconds")
_LIKE = '{"id": VIDEO_ID, "start_seconds": 2.5, "end_seconds": 5.0}'


def _moments(value: object, info: ValidationInfo) -> object:
    return tuple(_moment(each, place) for place, each in _numbered(value, info, MOST_MOMENTS, "moments"))


def _examples(value: object, info: ValidationInfo) -> object:
    return tuple(_example(each, place) for place, each in _numbered(value, info, MOST_MOMENTS, "moments"))


def _marks(value: object, info: ValidationInfo) -> object:
    return tuple(_mark(each, place) for place, each in _numbered(value, info, MOST_MARKS, "results"))


def _numbered(value: object, info: ValidationInfo, most: int, what: str) -> list[tuple[str, object]]:
    key = info.field_name or "the request"
    if not isinstance(value, (list, tuple)):
        refuse(f"{key} is {shown(value)}; it must be a list of {what}")
    if len(value) > most:
        refuse(f"{key} has {len(value)} {what}; give at most {most}")
    return [(f"{key}.{number}", each) for number, each in enumerate(value)]


def _mark(value: object, place: str) -> int | HeldMoment:
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= LARGEST_RANK:
            refuse(f"{place} is {shown(value)}; it must be a rank, from 1 to {LARGEST_RANK}, or a moment: {_LIKE}")
        return value
    moment = _moment(value, place)
    if moment.at_seconds is None:
        refuse(f"{place} has no start_seconds, and a mark is a moment: {_LIKE}; 0 is that of a picture")
    return moment


def _example(value: object, place: str) -> HeldMoment | tuple[HeldMoment, str]:
    if not isinstance(value, dict) or value.get("text") is None:
        shows = {key: each for key, each in value.items() if key != "text"} if isinstance(value, dict) else value
        return _moment(shows, place)
    text = checked_text(value["text"], f"{place}.text", LONGEST_SAID)
    return _moment({key: each for key, each in value.items() if key != "text"}, place), text


def _moment(value: object, place: str) -> HeldMoment:
    if not isinstance(value, dict):
        refuse(f"{place} is {shown(value)}; it must be a moment: {_LIKE}")
    for key in value:
        if key not in _KEYS:
            refuse(unknown_key(f"{place}.{str(key)[:LONGEST_NAME]}", _KEYS))
    video_id = checked_text(value.get("id"), f"{place}.id", LONGEST_NAME)
    if not video_id.strip():
        refuse(f"{place}.id is empty; give the video_id of a hit")
    start, end = (_seconds(value.get(key), f"{place}.{key}") for key in _KEYS[1:])
    if start is None:
        if end is not None:
            refuse(f"{place} has end_seconds and no start_seconds; give both, or the start alone")
        return HeldMoment(video_id)
    if end is None:
        return HeldMoment(video_id, start)
    if end < start:
        refuse(f"{place} ends at {end:g} s, before it starts at {start:g} s; swap them")
    return HeldMoment(video_id, (start + end) / 2)


def _seconds(value: object, place: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LONGEST_TIME_SECONDS:
        refuse(f"{place} is {shown(value)}; it must be a time in seconds, 0 or more")
    return float(value)


_TIME: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": LONGEST_TIME_SECONDS}
_SECONDS: dict[str, Any] = {"anyOf": [_TIME, {"type": "null"}]}
_MOMENT: dict[str, Any] = {
    "type": "object",
    "title": "HeldMoment",
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "description": "The `video_id` of a hit."},
        "start_seconds": {**_SECONDS, "description": "Where the moment starts; the whole video if left out."},
        "end_seconds": {**_SECONDS, "description": "Where it ends; it may be left out."},
    },
    "required": ["id"],
    "additionalProperties": False,
}
_SAID: dict[str, Any] = {
    "anyOf": [{"type": "string", "maxLength": LONGEST_SAID}, {"type": "null"}],
    "description": "What is seen in it, with the name, or the ordinary word: `Rex catches a frisbee`. It teaches much.",
}
_EXAMPLE = {**_MOMENT, "title": "Example", "properties": {**_MOMENT["properties"], "text": _SAID}}
_START = {**_TIME, "description": "Where the moment starts; 0 for a picture."}
_MARK = {
    **_MOMENT,
    "title": "MarkedMoment",
    "properties": {**_MOMENT["properties"], "start_seconds": _START},
    "required": ["id", "start_seconds"],
}
_RANK = {"type": "integer", "minimum": 1, "maximum": LARGEST_RANK}


def _listed(check: Callable[[object, ValidationInfo], object], item: dict[str, Any], most: int) -> tuple[Any, Any]:
    return BeforeValidator(check), WithJsonSchema({"type": "array", "items": item, "maxItems": most})


_as_moments, _moments_schema = _listed(_moments, _MOMENT, MOST_MOMENTS)
_as_examples, _examples_schema = _listed(_examples, _EXAMPLE, MOST_MOMENTS)
_as_marks, _marks_schema = _listed(_marks, {"anyOf": [_RANK, _MARK]}, MOST_MARKS)

Moments = Annotated[tuple[HeldMoment, ...], _as_moments, _moments_schema]
"""Moments of videos of the library."""
Examples = Annotated[tuple[HeldMoment | tuple[HeldMoment, str], ...], _as_examples, _examples_schema]
"""Moments likewise, each perhaps with a text that says what is seen in it."""
Marks = Annotated[tuple[int | HeldMoment, ...], _as_marks, _marks_schema]
"""Results of a search: by their ranks in the same search without marks, or by their moments."""
