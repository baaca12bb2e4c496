"""What the description of the API (OpenAPI) says that FastAPI cannot find out by itself."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from framecue.service.documents import ProblemDocument
from framecue.service.http.problems import MEDIA_TYPE
from framecue.service.naming import TeachRequest
from framecue.service.requests import SearchRequest
from framecue.validation import Strict

__all__ = ["PROBLEMS", "search_body", "teach_body"]

_PROBLEM = {MEDIA_TYPE: {"schema": TypeAdapter(ProblemDocument).json_schema()}}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request cannot be answered; `detail` says what to do.", "content": _PROBLEM},
    "5XX": {"description": "The server cannot answer; `detail` says what to do.", "content": _PROBLEM},
}
"""What every address may answer."""


def search_body() -> dict[str, Any]:
    """Return what a search takes as its body: JSON, or a form with pictures and videos beside it."""
    files = {"image": "A picture to search with.", "video": "A video to search with, or its moment `at`."}
    return _body(SearchRequest, "query", "The search as JSON; it may be left out.", files)


def teach_body() -> dict[str, Any]:
    """Return what teaching a name takes as its body: JSON, or a form with pictures beside it."""
    files = {"image": "A picture of what the name means; each as often as there are pictures."}
    return _body(TeachRequest, "lesson", "The name and its moments as JSON.", files, needs=("lesson",))


def _body(
    kind: type[Strict], field: str, description: str, files: dict[str, str], *, needs: tuple[str, ...] = ()
) -> dict[str, Any]:
    schema = kind.model_json_schema()
    whole = _resolved({key: value for key, value in schema.items() if key != "$defs"}, schema.get("$defs", {}))
    file = {"type": "string", "contentMediaType": "application/octet-stream", "format": "binary"}
    properties = {
        field: {"type": "string", "contentMediaType": "application/json", "description": description},
        **{name: {**file, "description": told} for name, told in files.items()},
    }
    form: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if needs:
        form["required"] = list(needs)
    return {
        "required": True,
        "content": {"application/json": {"schema": whole}, "multipart/form-data": {"schema": form}},
    }


def _resolved(node: Any, definitions: dict[str, Any]) -> Any:
    """Return a schema in which what it refers to stands in its place: elsewhere nobody would find it."""
    if isinstance(node, list):
        return [_resolved(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _resolved(definitions[node["$ref"].rpartition("/")[2]], definitions)
    return {key: _resolved(value, definitions) for key, value in node.items()}
